// NextWhere: rows passed over, and aggregates stepped, on the bytes of a leaf.
#include <algorithm>
#include <bit>
#include <cstring>

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
bool leaves(std::uint8_t orders, Number left, Number right) noexcept {
  const unsigned order = static_cast<unsigned>(left < right) | static_cast<unsigned>(left == right) << 1 |
                         static_cast<unsigned>(left > right) << 2;
  return (orders & order) != 0;
}

// One call of NextWhere.
class KernelRun {
 public:
  KernelRun(Machine& m, const ScanKernel& kernel) noexcept : m_(m), kernel_(kernel) {
    for (std::size_t n = 0; n < kernel.terms.size(); ++n) prepare(kernel.terms[n], &limits_[n]);
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
    if (std::int64_t* left = offset(); left != nullptr) {
      if (*left <= 0) return Verdict::Holds;
      --*left;
      return Verdict::Done;
    }
    return can_step_ && step(fields, rowid) ? Verdict::Done : Verdict::Holds;
  }

  // The rows still to be passed over; null where the kernel passes over none by number.
  std::int64_t* offset() const noexcept { return kernel_.offset == 0 ? nullptr : &m_.reg(kernel_.offset).integer; }
  bool asks_nothing() const noexcept { return kernel_.terms.empty(); }

 private:
  enum class Answer : std::uint8_t { Holds, Leaves, Unknown };
  static Answer leaves_if(bool leaves) noexcept { return leaves ? Answer::Leaves : Answer::Holds; }

  // What a term compares with, where numbers compare with it as they are; of other kinds what they ask.
  struct Limit {
    bool is_integer;
    bool is_real;
    bool has_null;        // of InSet
    std::uint8_t leaves;  // as in ScanTerm
    std::int64_t integer;
    double real;
    const void* kept;
    HashTable* set;
  };

  void prepare(const ScanTerm& term, Limit* limit) const noexcept {
    *limit = Limit{};
    limit->leaves = term.leaves;
    switch (term.kind) {
      case ScanTerm::Kind::Compare:
        if (term.affinity != 'B') set_number(m_.reg(term.reg), limit);
        break;
      case ScanTerm::Kind::Matches:
        if (m_.encoding == TextEncoding::Utf8) limit->kept = term.function->kept(m_.frame->auxiliary, term.address);
        break;
      case ScanTerm::Kind::InSet: {
        const bool made = (m_.frame->once[term.once / 64] >> (term.once % 64) & 1) != 0;
        if (!made || (term.flag != 0 && record::truth(m_.reg(term.flag)) != record::Truth::True)) break;
        const CursorSlot& slot = m_.cursor(term.cursor);
        if (slot.key_count == 1 && slot.payload_count == 0) limit->set = slot.hash.get();
        limit->has_null = record::truth(m_.reg(term.reg)) == record::Truth::True;
        break;
      }
      case ScanTerm::Kind::Bound: {
        const Sorter* sorter = m_.cursor(term.cursor).sorter.get();
        Value last{};
        if (sorter == nullptr || !sorter->bound(m_.encoding, &last)) break;
        limit->leaves = sorter->is_first_key_descending() ? ScanTerm::kLess : ScanTerm::kGreater;
        set_number(last, limit);
        break;
      }
      default:
        break;
    }
  }
  static void set_number(const Value& value, Limit* limit) noexcept {
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    if (value.type == ValueType::Integer) {
      limit->is_integer = true;
      limit->integer = value.integer;
      limit->is_real = value.integer >= -kExact && value.integer <= kExact;
      limit->real = static_cast<double>(value.integer);
    } else if (value.type == ValueType::Real) {
      limit->is_real = true;
      limit->real = value.real;
    }
  }

  [[gnu::always_inline]] Answer ask(const ScanTerm& term, const Limit& limit, const Fields& fields,
                                    std::int64_t rowid) const {
    if (term.slot == ScanKernel::kRowid) {
      if (limit.is_integer) return leaves_if(leaves(limit.leaves, rowid, limit.integer));
      Value value{};
      value.set_integer(rowid);
      return ask_value(term, limit, value);
    }
    const std::uint32_t type = fields.types[term.slot];
    const std::byte* const body = fields.bodies[term.slot];
    if (is_integer_type(type)) {
      const std::int64_t integer = decode_integer(type, body);
      if (term.makes_real) {
        if (limit.is_real) return leaves_if(leaves(limit.leaves, static_cast<double>(integer), limit.real));
      } else if (limit.is_integer) {
        return leaves_if(leaves(limit.leaves, integer, limit.integer));
      }
    } else if (type == 7 && limit.is_real) {
      const auto real = std::bit_cast<double>(base::load_be64(body));
      if (real == real) return leaves_if(leaves(limit.leaves, real, limit.real));
    }
    if (limit.kept != nullptr && type > 12 && (type & 1) != 0) {
      const std::string_view text(reinterpret_cast<const char*>(body), (type - 13) / 2);
      return leaves_if(term.function->answers(limit.kept, text) == term.leaves_if_true);
    }
    Value value{};
    decode(type, body, term.makes_real, m_.encoding, &value);
    return ask_value(term, limit, value);
  }

  [[gnu::noinline]] Answer ask_value(const ScanTerm& term, const Limit& limit, const Value& value) const {
    switch (term.kind) {
      case ScanTerm::Kind::Compare:
        return compare(term, value, m_.reg(term.reg));
      case ScanTerm::Kind::IsNull:
        return leaves_if(!value.is_null());
      case ScanTerm::Kind::NotNull:
        return leaves_if(value.is_null());
      case ScanTerm::Kind::Matches:
        return limit.kept != nullptr && value.is_null() ? Answer::Leaves : Answer::Unknown;
      case ScanTerm::Kind::InSet:
        return ask_set(term, limit, value);
      case ScanTerm::Kind::Bound:
        return Answer::Holds;  // the sorter tells
    }
    return Answer::Unknown;
  }

  static Answer ask_set(const ScanTerm& term, const Limit& limit, const Value& value) {
    if (limit.set == nullptr) return Answer::Unknown;
    if (value.is_null()) return Answer::Leaves;
    bool found = false;
    if (!has_affinity(value, term.affinity) || !limit.set->probe({&value, 1}, &found).ok()) return Answer::Unknown;
    return leaves_if(found ? term.leaves_if_true : limit.has_null || !term.leaves_if_true);
  }

  // As the comparison opcodes do.
  static Answer compare(const ScanTerm& term, const Value& left, const Value& right) {
    if (left.is_null() || right.is_null()) {
      if (!term.nulls_equal) return Answer::Leaves;
      const int order = left.is_null() ? (right.is_null() ? 0 : -1) : 1;
      return leaves_if(leaves(term.leaves, order, 0));
    }
    const bool plain = left.is_numeric() && right.is_numeric()
                           ? term.affinity != 'B'
                           : has_affinity(left, term.affinity) && has_affinity(right, term.affinity);
    if (!plain || right.has(Value::kZeroBlob)) return Answer::Unknown;
    const record::Collation& collation = term.collation == nullptr ? record::binary_collation() : *term.collation;
    return leaves_if(leaves(term.leaves, record::compare_values(left, right, collation), 0));
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
      if (!read_argument(steps[n], fields, rowid, &arguments[n]) &&
          !is_ignored(steps[n], *contexts_[n], fields, &arguments[n])) {
        return false;
      }
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
  // Of a text or blob that changes nothing a NULL is made.
  bool is_ignored(const ScanStep& step, const FunctionContext& context, const Fields& fields, Argument* out) const {
    if (step.function->ignores == nullptr) return false;
    Value value{};
    decode(fields.types[step.slot], fields.bodies[step.slot], false, m_.encoding, &value);
    out->type = ValueType::Null;
    return step.function->ignores(context, value);
  }

  Machine& m_;
  const ScanKernel& kernel_;
  Limit limits_[ScanKernel::kMaxTerms];
  FunctionContext* contexts_[ScanKernel::kMaxSteps];
  bool can_step_;
};

// Passes over *left entries whatever they are, leaf by leaf; the cursor then stands on the last of them, or on nothing
// where there are not as many.
Status pass_over(btree::Cursor& tree, Budget& budget, std::int64_t* left, std::int64_t* rows) {
  while (*left > 0) {
    std::int64_t count = std::min<std::int64_t>(*left - 1, tree.entries_left_on_leaf());
    if (count > 0 && !tree.stand_near(tree.index() + static_cast<std::uint32_t>(count))) count = 0;
    PL_TRY(budget.charge(static_cast<std::int32_t>(count) + 1));
    *left -= count;
    *rows += count;
    PL_TRY(tree.next());
    if (!tree.valid()) return {};
    --*left;
    ++*rows;
  }
  return {};
}

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
  if (run.offset() != nullptr && run.asks_nothing()) {
    const bool any = *run.offset() > 0;
    PL_TRY(pass_over(tree, budget, run.offset(), rows));
    if (any && !tree.valid()) return {};
  }
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
        if (!tree.stand_near(index)) return Status(Code::Internal, "scan: an entry is gone");
        return go_on_at(verdict);
      }
      PL_TRY(budget.charge());
    }
    if (index != tree.index() && !tree.stand_near(index)) return Status(Code::Internal, "scan: an entry is gone");
  }
}

}  // namespace perlite::vm
