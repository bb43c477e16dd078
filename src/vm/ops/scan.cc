// NextWhere: rows passed over, and aggregates stepped, on the bytes of a leaf.
#include "record/affinity.h"
#include "vm/machine.h"
#include "vm/scan_kernel.h"

namespace perlite::vm {

using record::Value;

namespace {

enum class Verdict : std::uint8_t {
  Done,    // nothing is left to do for the row
  Holds,   // its conditions hold; the rest of the body is to run
  Unsure,  // the body tells
};

// The fields of one record that a kernel reads, by slot.
struct Fields {
  std::uint32_t types[ScanKernel::kMaxFields];
  const std::byte* bodies[ScanKernel::kMaxFields];
};

// A serial type may take more than a byte here, and the header may end early.
[[gnu::noinline]] bool find_fields_slowly(const ScanKernel& kernel, const std::byte* record, std::uint32_t size,
                                          Fields* fields) noexcept {
  const auto* at = reinterpret_cast<const std::uint8_t*>(record);
  const std::uint32_t header_size = *at++;
  const std::uint8_t* const end = at - 1 + header_size;
  const std::byte* body = record + header_size;
  for (std::size_t n = 0; n < kernel.fields.size(); ++n) {
    std::uint32_t type = 0;
    std::uint32_t bytes = 0;
    for (std::uint32_t fields_left = kernel.skips[n] + 1u; fields_left != 0; --fields_left) {
      body += bytes;
      if (at >= end) return false;
      type = *at++;
      if (type < 0x80) {
        bytes = row_detail::kBodySize[type];
      } else {
        const std::uint32_t low = *at++;
        if (low >= 0x80 || at > end) return false;
        type = (type & 0x7f) << 7 | low;
        bytes = (type - 12) / 2;
      }
    }
    fields->types[n] = type;
    fields->bodies[n] = body;
    body += bytes;
  }
  return body <= record + size;
}

// Finds them all in `record`, which lies in a page, so that eight bytes behind it are readable. False where the long way
// is needed: a header of more than 127 bytes, a field that is missing, longer than 8 KB, or beyond the record.
[[gnu::always_inline]] inline bool find_fields(const ScanKernel& kernel, const std::byte* record, std::uint32_t size,
                                               Fields* fields) noexcept {
  const auto header_size = static_cast<std::uint32_t>(record[0]);
  if (header_size >= 0x80 || header_size - 1 >= size) [[unlikely]]
    return false;
  const auto* type = reinterpret_cast<const std::uint8_t*>(record + 1);
  std::uint64_t first_types;
  std::memcpy(&first_types, type, sizeof(first_types));
  if ((first_types & kernel.long_type_bits) != 0 || header_size <= kernel.field_count) {
    return find_fields_slowly(kernel, record, size, fields);
  }
  const std::byte* body = record + header_size;
  const std::size_t count = kernel.fields.size();
  for (std::size_t n = 0; n < count; ++n) {
    for (const std::uint8_t* const wanted = type + kernel.skips[n]; type != wanted; ++type) {
      body += row_detail::kBodySize[*type];
    }
    fields->types[n] = *type;
    fields->bodies[n] = body;
    body += row_detail::kBodySize[*type++];
  }
  return body <= record + size;
}

constexpr std::uint8_t kIntegerShift[] = {0, 56, 48, 40, 32, 16, 0};

// Serial types 1..6, 8, 9; eight bytes are readable at `body`.
std::int64_t decode_integer(std::uint32_t type, const std::byte* body) noexcept {
  if (type >= 8) [[unlikely]]
    return type - 8;
  return static_cast<std::int64_t>(base::load_be64(body)) >> kIntegerShift[type];
}
bool is_integer_type(std::uint32_t type) noexcept { return type < 10 && (0x37eu >> type & 1) != 0; }

// The row's value, as Column and RealAffinity would leave it. Text and blobs borrow.
void decode(std::uint32_t type, const std::byte* body, bool makes_real, TextEncoding encoding, Value* out) noexcept {
  RowReader::decode_body(type, body, encoding, out);
  if (makes_real && out->type == ValueType::Integer) out->set_real(static_cast<double>(out->integer));
}

template <class Number>
bool leaves(const ScanTerm& term, Number left, Number right) noexcept {
  const unsigned order = static_cast<unsigned>(left < right) | static_cast<unsigned>(left == right) << 1 |
                         static_cast<unsigned>(left > right) << 2;
  return (term.leaves & order) != 0;
}

// One call of NextWhere.
class KernelRun {
 public:
  KernelRun(Machine& m, const ScanKernel& kernel) noexcept : m_(m), kernel_(kernel) {
    for (std::size_t n = 0; n < kernel.terms.size(); ++n) limits_[n] = limit_of(kernel.terms[n]);
    can_step_ = !kernel.steps.empty();
    for (std::size_t n = 0; n < kernel.steps.size(); ++n) {
      // The first row of a group steps in the body, which begins the accumulators.
      Accumulator* accumulator = Accumulator::in(m.reg(kernel.steps[n].accumulator));
      contexts_[n] = accumulator == nullptr ? nullptr : &accumulator->context();
      can_step_ &= accumulator != nullptr;
    }
  }

  Verdict decide(const std::byte* record, std::uint32_t size, std::int64_t rowid) const {
    Fields fields;
    if (!find_fields(kernel_, record, size, &fields)) [[unlikely]]
      return Verdict::Unsure;
    const Limit* limit = limits_;
    for (const ScanTerm& term : kernel_.terms) {
      const Answer answer = ask(term, *limit++, fields, rowid);
      if (answer == Answer::Leaves) return Verdict::Done;
      if (answer == Answer::Unknown) [[unlikely]]
        return Verdict::Unsure;
    }
    return can_step_ && step(fields, rowid) ? Verdict::Done : Verdict::Holds;
  }

 private:
  enum class Answer : std::uint8_t { Holds, Leaves, Unknown };
  static Answer leaves_if(bool leaves) noexcept { return leaves ? Answer::Leaves : Answer::Holds; }

  // What a term compares with, where numbers compare with it as they are.
  struct Limit {
    bool is_integer = false;
    bool is_real = false;
    std::int64_t integer = 0;
    double real = 0;
  };
  Limit limit_of(const ScanTerm& term) const noexcept {
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    Limit limit;
    if (term.kind != ScanTerm::Kind::Compare || term.affinity == 'B') return limit;
    const Value& value = m_.reg(term.reg);
    if (value.type == ValueType::Integer) {
      limit.is_integer = true;
      limit.integer = value.integer;
      limit.is_real = value.integer >= -kExact && value.integer <= kExact;
      limit.real = static_cast<double>(value.integer);
    } else if (value.type == ValueType::Real) {
      limit.is_real = true;
      limit.real = value.real;
    }
    return limit;
  }

  [[gnu::always_inline]] Answer ask(const ScanTerm& term, const Limit& limit, const Fields& fields,
                                    std::int64_t rowid) const {
    if (term.slot == ScanKernel::kRowid) {
      if (limit.is_integer) return leaves_if(leaves(term, rowid, limit.integer));
      Value value{};
      value.set_integer(rowid);
      return compare(term, value);
    }
    const std::uint32_t type = fields.types[term.slot];
    const std::byte* const body = fields.bodies[term.slot];
    if (is_integer_type(type)) {
      const std::int64_t integer = decode_integer(type, body);
      if (term.makes_real) {
        if (limit.is_real) return leaves_if(leaves(term, static_cast<double>(integer), limit.real));
      } else if (limit.is_integer) {
        return leaves_if(leaves(term, integer, limit.integer));
      }
    } else if (type == 7 && limit.is_real) {
      const auto real = std::bit_cast<double>(base::load_be64(body));
      if (real == real) return leaves_if(leaves(term, real, limit.real));
    }
    Value value{};
    decode(type, body, term.makes_real, m_.encoding, &value);
    return compare(term, value);
  }

  // As the comparison opcodes do.
  [[gnu::noinline]] Answer compare(const ScanTerm& term, const Value& left) const {
    if (term.kind != ScanTerm::Kind::Compare) {
      return leaves_if(left.is_null() != (term.kind == ScanTerm::Kind::IsNull));
    }
    const Value& right = m_.reg(term.reg);
    if (left.is_null() || right.is_null()) {
      if (!term.nulls_equal) return Answer::Leaves;
      const int order = left.is_null() ? (right.is_null() ? 0 : -1) : 1;
      return leaves_if(leaves(term, order, 0));
    }
    const bool plain = left.is_numeric() && right.is_numeric()
                           ? term.affinity != 'B'
                           : has_affinity(left, term.affinity) && has_affinity(right, term.affinity);
    if (!plain || right.has(Value::kZeroBlob)) return Answer::Unknown;
    const record::Collation& collation = term.collation == nullptr ? record::binary_collation() : *term.collation;
    return leaves_if(leaves(term, record::compare_values(left, right, collation), 0));
  }

  // Arguments are not cleared before they are set: eight of them would take longer than the row.
  struct Argument {
    union {
      std::int64_t integer;
      double real;
    };
    ValueType type;  // Null, Integer or Real
  };

  // Steps all aggregates, or none.
  [[gnu::always_inline]] bool step(const Fields& fields, std::int64_t rowid) const {
    const ScanStep* const steps = kernel_.steps.data();
    const std::size_t count = kernel_.steps.size();
    Argument arguments[ScanKernel::kMaxSteps];
    for (std::size_t n = 0; n < count; ++n) {
      if (!read_argument(steps[n], fields, rowid, &arguments[n])) [[unlikely]]
        return false;
    }
    for (std::size_t n = 0; n < count; ++n) {
      if (arguments[n].type == ValueType::Integer) {
        steps[n].function->step_integer(*contexts_[n], arguments[n].integer);
      } else if (arguments[n].type == ValueType::Real) {
        steps[n].function->step_real(*contexts_[n], arguments[n].real);
      }
    }
    return true;
  }
  // False for what the body must look at.
  [[gnu::always_inline]] bool read_argument(const ScanStep& step, const Fields& fields, std::int64_t rowid,
                                            Argument* out) const {
    out->type = ValueType::Integer;
    if (step.slot < 0) {
      out->integer = rowid;
      return true;
    }
    const std::uint32_t type = fields.types[step.slot];
    if (is_integer_type(type)) {
      out->integer = decode_integer(type, fields.bodies[step.slot]);
      if (!step.makes_real) return true;
      out->real = static_cast<double>(out->integer);
      out->type = ValueType::Real;
      return true;
    }
    if (type == 7) {
      out->real = std::bit_cast<double>(base::load_be64(fields.bodies[step.slot]));
      out->type = out->real == out->real ? ValueType::Real : ValueType::Null;
      return true;
    }
    if (type < 12) {
      out->type = ValueType::Null;
      return true;
    }
    return step.function->has(kTypeof);
  }

  Machine& m_;
  const ScanKernel& kernel_;
  Limit limits_[ScanKernel::kMaxTerms];
  FunctionContext* contexts_[ScanKernel::kMaxSteps];
  bool can_step_;
};

}  // namespace

Status Machine::next_where(const Instruction& i, const Instruction** target, std::int64_t* rows) {
  KernelRun run(*this, *static_cast<const ScanKernel*>(i.p4.pointer));
  CursorSlot& slot = cursor(i.p1);
  note_move(slot);
  slot.leave_row();
  btree::Cursor& tree = slot.tree;
  const auto go_on_at = [&](Verdict verdict) {
    *target = frame->code + (verdict == Verdict::Holds ? i.p3 : i.p2);
    return budget.charge();
  };
  for (;;) {
    PL_TRY(tree.next());
    if (!tree.valid()) return {};
    ++*rows;
    Verdict verdict = Verdict::Unsure;
    if (!tree.has_overflow()) {
      verdict = run.decide(tree.local_payload().data(), tree.payload_size(), tree.rowid());
    }
    if (verdict != Verdict::Done) return go_on_at(verdict);
    PL_TRY(budget.charge());

    // The entries behind it on its leaf. The cursor follows when one is to be stood on, or at the end.
    const std::byte* const page = tree.near_page();
    const std::uint32_t last = tree.last_near();
    std::uint32_t index = tree.index();
    btree::Cursor::NearEntry entry{};
    while (index < last && tree.peek(page, index + 1, &entry)) {
      ++index;
      ++*rows;
      verdict = run.decide(entry.payload, entry.size, entry.rowid);
      if (verdict != Verdict::Done) {
        tree.stand_near(index);
        return go_on_at(verdict);
      }
      PL_TRY(budget.charge());
    }
    if (index != tree.index()) tree.stand_near(index);
  }
}

}  // namespace perlite::vm
