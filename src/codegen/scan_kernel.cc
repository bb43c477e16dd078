#include "codegen/scan_kernel.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "codegen/row_scope.h"
#include "vm/verifier.h"

namespace perlite::codegen {

using vm::Instruction;
using vm::Opcode;
using vm::ScanKernel;
using vm::ScanStep;
using vm::ScanTerm;

namespace {

// Columns behind are not looked at: finding them takes longer than what is saved.
constexpr std::int32_t kMostFields = 100;

// A column or the rowid, read into a register by one or two instructions.
struct Operand {
  std::int32_t field;  // or ScanKernel::kRowid, kNoField
  std::int32_t reg;
  bool makes_real;
};

class BodyReader {
 public:
  BodyReader(vm::ProgramBuilder& builder, int begin, std::int32_t cursor, FunctionRef<bool(std::int32_t)> is_constant)
      : b_(builder), at_(begin), end_(builder.address()), cursor_(cursor), is_constant_(is_constant) {}

  // Answers where the body begins for a row for which all of them hold: what was read for a condition is read again
  // when the body looks at it too, as the key of a hash table may.
  int read_terms(Vector<ScanTerm>* terms) {
    int body = at_;
    bool skippable = true;
    while (terms->size() < ScanKernel::kMaxTerms) {
      const int begin = at_;
      std::int32_t reg = 0;  // that the body may look at again
      if (!read_comparisons(terms, &reg) && !read_match(terms, &reg) && !read_set(terms, &reg)) {
        at_ = begin;
        break;
      }
      skippable = skippable && b_.is_released(reg) && !is_read_again(reg);
      if (skippable) body = at_;
    }
    return body;
  }

  // The register of an OFFSET whose rows are left after nothing but reading; 0: none.
  std::int32_t read_offset() {
    const int begin = at_;
    skip_reads();
    const int at = std::exchange(at_, begin);
    if (at >= end_) return 0;
    const Instruction& i = b_.at(at);
    return i.opcode == Opcode::IfPositive && i.p3 == 1 && leaves_row(i) ? i.p1 : 0;
  }

  // A body that reads what it puts into a sorter of the first rows, and nothing else.
  bool read_bound(Vector<ScanTerm>* terms) {
    const int begin = at_;
    skip_reads();
    if (at_ + 1 != end_ || b_.at(at_).opcode != Opcode::SorterInsert) return false;
    const Instruction& insert = b_.at(at_);
    if (!keeps_first_rows(insert.p1, begin)) return false;
    for (at_ = begin; at_ < end_;) {
      Operand operand;
      if (!read_operand(&operand)) {
        ++at_;
      } else if (operand.reg == insert.p2) {
        terms->push_back({.slot = operand.field,
                          .cursor = insert.p1,
                          .kind = ScanTerm::Kind::Bound,
                          .makes_real = operand.makes_real});
        return true;
      }
    }
    return false;
  }

  // Leaves `steps` empty when the rest of the body is more than steps.
  void read_steps(Vector<ScanStep>* steps) {
    const int begin = at_;
    if (read_all_steps(steps)) return;
    steps->clear();
    at_ = begin;
  }


 private:
  // Was the sorter opened, before `address`, for no more rows than a limit?
  bool keeps_first_rows(std::int32_t sorter, int address) const {
    while (address-- > 0) {
      const Instruction& i = b_.at(address);
      if (i.opcode == Opcode::OpenSorter && i.p1 == sorter) return i.p3 != 0;
    }
    return false;
  }

  // Instructions that read columns and constants into registers, and can do nothing else that is seen.
  void skip_reads() {
    for (; at_ < end_; ++at_) {
      switch (b_.at(at_).opcode) {
        case Opcode::Column:
        case Opcode::Rowid:
        case Opcode::RealAffinity:
        case Opcode::Alias:
        case Opcode::Constant:
        case Opcode::Integer:
        case Opcode::Null:
        case Opcode::Variable:
          break;
        default:
          return;
      }
    }
  }

  bool read_all_steps(Vector<ScanStep>* steps) {
    while (at_ < end_) {
      Operand operand{ScanKernel::kNoField, 0, false};
      const bool has_operand = read_operand(&operand);
      if (at_ >= end_ || steps->size() == ScanKernel::kMaxSteps) return false;
      const Instruction& i = b_.at(at_);
      if (i.opcode != Opcode::AggregateStep || i.p5 != (has_operand ? 1 : 0)) return false;
      if (has_operand && i.p2 != operand.reg) return false;
      const vm::FunctionDef* function = i.p4.function->function;
      if (function->step_integer == nullptr || i.p4.function->moving_frame) return false;
      steps->push_back({operand.field, i.p1, function, operand.makes_real});
      ++at_;
    }
    return !steps->empty();
  }

  bool read_comparisons(Vector<ScanTerm>* terms, std::int32_t* reg) {
    Operand operand;
    if (!read_operand(&operand)) return false;
    const std::size_t known = terms->size();
    ScanTerm term;
    while (terms->size() < ScanKernel::kMaxTerms && read_term(operand, &term)) terms->push_back(term);
    *reg = operand.reg;
    return terms->size() != known;
  }

  // LIKE or GLOB of a column and constants.
  bool read_match(Vector<ScanTerm>* terms, std::int32_t* reg) {
    Operand text{ScanKernel::kNoField, 0, false};
    for (; at_ < end_; ++at_) {
      const Opcode opcode = b_.at(at_).opcode;
      if (opcode == Opcode::Constant || opcode == Opcode::Alias || opcode == Opcode::Variable) continue;
      if (opcode != Opcode::Column || text.reg != 0 || !read_operand(&text)) break;
      --at_;
    }
    if (at_ + 1 >= end_ || text.reg == 0 || text.makes_real) return false;
    const Instruction& call = b_.at(at_);
    const Instruction& jump = b_.at(at_ + 1);
    if (call.opcode != Opcode::Function || call.p4.function->function->kept == nullptr) return false;
    const unsigned others = ((1u << call.p5) - 1) & ~2u;  // arguments beside the second
    if (text.reg != call.p2 + 1 || (static_cast<unsigned>(call.p1) & others) != others) return false;
    if ((jump.opcode != Opcode::If && jump.opcode != Opcode::IfNot) || jump.p1 != call.p3) return false;
    if (jump.p3 == 0 || !leaves_row(jump)) return false;
    terms->push_back({.slot = text.field,
                      .function = call.p4.function->function,
                      .address = at_,
                      .kind = ScanTerm::Kind::Matches,
                      .leaves_if_true = jump.opcode == Opcode::If});
    *reg = jump.p1;
    at_ += 2;
    return !is_read_again(text.reg);
  }

  // Membership in a set that is made once, as expr_membership.cc writes it for a condition.
  bool read_set(Vector<ScanTerm>* terms, std::int32_t* reg) {
    ScanTerm term{.slot = 0, .kind = ScanTerm::Kind::InSet};
    if (at_ >= end_ || b_.at(at_).opcode != Opcode::Once) return false;
    term.once = b_.at(at_).p1;
    at_ = b_.address_of(b_.at(at_).p2);
    if (at_ < 0 || at_ >= end_) return false;
    int if_empty = -1;
    if (b_.at(at_).opcode == Opcode::IfNot) {
      term.flag = b_.at(at_).p1;
      if_empty = b_.address_of(b_.at(at_).p2);
      ++at_;
    }
    Operand operand;
    if (!read_operand(&operand) || at_ >= end_) return false;
    const Instruction& is_null = b_.at(at_);
    if (is_null.opcode != Opcode::IsNull || is_null.p1 != operand.reg || is_null.p3 > 1 || !leaves_row(is_null)) {
      return false;
    }
    ++at_;
    if (at_ < end_ && b_.at(at_).opcode == Opcode::Affinity) {
      if (b_.at(at_).p1 != operand.reg || b_.at(at_).p2 != 1) return false;
      term.affinity = b_.at(at_).p4.affinities[0];
      ++at_;
    }
    if (at_ + 3 >= end_) return false;
    const Instruction& probe = b_.at(at_);
    const Instruction& if_found = b_.at(at_ + 1);
    const Instruction& if_null = b_.at(at_ + 2);
    const Instruction& if_missing = b_.at(at_ + 3);
    if (probe.opcode != Opcode::HashProbe || probe.p3 != operand.reg || b_.address_of(probe.p2) != at_ + 2) return false;
    if (if_found.opcode != Opcode::Goto || if_missing.opcode != Opcode::Goto) return false;
    if (if_null.opcode != Opcode::If || if_null.p3 != 0 || !leaves_row(if_null)) return false;
    at_ += 4;
    term.leaves_if_true = leaves_row(if_found);
    if (leaves_row(if_missing) == term.leaves_if_true) return false;
    const int holds = b_.address_of(term.leaves_if_true ? if_missing.p2 : if_found.p2);
    if (holds != at_ || (term.flag != 0 && if_empty != at_ && if_empty != end_)) return false;
    term.slot = operand.field;
    term.makes_real = operand.makes_real;
    term.reg = if_null.p1;
    term.cursor = probe.p1;
    terms->push_back(term);
    *reg = operand.reg;
    return true;
  }

  // Does the body from here on read r[reg] before it writes it?
  bool is_read_again(std::int32_t reg) const {
    const auto has = [&](const vm::RegisterRange& range) {
      return range.first <= reg && reg < range.first + range.count;
    };
    for (int address = at_; address < end_; ++address) {
      const vm::RegisterUse use = vm::register_use(b_.at(address));
      if (std::any_of(use.reads, use.reads + use.read_count, has)) return true;
      if (std::any_of(use.writes, use.writes + use.write_count, has)) return false;
    }
    return false;
  }

  bool read_operand(Operand* operand) {
    if (at_ >= end_) return false;
    const Instruction& i = b_.at(at_);
    if (i.p1 != cursor_) return false;
    if (i.opcode == Opcode::Column && i.p5 == 0 && i.p2 < kMostFields) {
      *operand = {i.p2, i.p3, false};
    } else if (i.opcode == Opcode::Rowid) {
      *operand = {ScanKernel::kRowid, i.p2, false};
    } else {
      return false;
    }
    ++at_;
    if (at_ < end_ && b_.at(at_).opcode == Opcode::RealAffinity && b_.at(at_).p1 == operand->reg) {
      operand->makes_real = true;
      ++at_;
    }
    return true;
  }

  bool leaves_row(const Instruction& i) const { return i.p2 < 0 && b_.address_of(i.p2) == end_; }

  bool read_term(const Operand& operand, ScanTerm* term) {
    if (at_ >= end_) return false;
    const Instruction& i = b_.at(at_);
    *term = ScanTerm{.slot = operand.field, .makes_real = operand.makes_real};
    if (i.opcode == Opcode::IsNull || i.opcode == Opcode::NotNull) {
      if (i.p1 != operand.reg || i.p3 > 1 || !leaves_row(i)) return false;
      term->kind = i.opcode == Opcode::IsNull ? ScanTerm::Kind::NotNull : ScanTerm::Kind::IsNull;
      ++at_;
      return true;
    }
    if (!orders_that_jump(i.opcode, &term->leaves) || (i.p5 & vm::kStore) != 0 || !leaves_row(i)) return false;
    if ((i.p5 & (vm::kJumpIfNull | vm::kNullEqual)) == 0) return false;
    if (i.p1 == operand.reg && is_constant_(i.p3)) {
      term->reg = i.p3;
    } else if (i.p3 == operand.reg && is_constant_(i.p1)) {
      term->reg = i.p1;
      term->leaves = turned_around(term->leaves);
    } else {
      return false;
    }
    if (i.p4_kind == vm::P4Kind::Collation) {
      if (i.p4.collation->kind == record::CollationKind::User) return false;
      term->collation = i.p4.collation;
    }
    const auto letter = static_cast<char>(i.p5 & vm::kAffinityMask);
    term->affinity = letter > 'C' ? 'C' : letter;
    term->nulls_equal = (i.p5 & vm::kNullEqual) != 0;
    ++at_;
    return true;
  }

  static std::uint8_t turned_around(unsigned orders) {
    unsigned turned = orders & ScanTerm::kEqual;
    if ((orders & ScanTerm::kLess) != 0) turned |= ScanTerm::kGreater;
    if ((orders & ScanTerm::kGreater) != 0) turned |= ScanTerm::kLess;
    return static_cast<std::uint8_t>(turned);
  }
  static bool orders_that_jump(Opcode opcode, std::uint8_t* orders) {
    switch (opcode) {
      case Opcode::Eq: *orders = ScanTerm::kEqual; return true;
      case Opcode::Ne: *orders = ScanTerm::kLess | ScanTerm::kGreater; return true;
      case Opcode::Lt: *orders = ScanTerm::kLess; return true;
      case Opcode::Le: *orders = ScanTerm::kLess | ScanTerm::kEqual; return true;
      case Opcode::Gt: *orders = ScanTerm::kGreater; return true;
      case Opcode::Ge: *orders = ScanTerm::kGreater | ScanTerm::kEqual; return true;
      default: return false;
    }
  }

  vm::ProgramBuilder& b_;
  int at_;
  const int end_;
  const std::int32_t cursor_;
  FunctionRef<bool(std::int32_t)> is_constant_;
};

// Puts slots in the place of field numbers. False when there are too many.
class SlotTable {
 public:
  void add(std::int32_t field) {
    if (field >= 0) fields_.push_back(static_cast<std::uint16_t>(field));
  }
  bool finish(Arena& arena, ScanKernel* kernel) {
    std::sort(fields_.begin(), fields_.end());
    fields_.erase(std::unique(fields_.begin(), fields_.end()), fields_.end());
    if (fields_.size() > ScanKernel::kMaxFields) return false;
    auto skips = arena.make_array<std::uint16_t>(fields_.size());
    for (std::size_t n = 0; n < fields_.size(); ++n) {
      skips[n] = static_cast<std::uint16_t>(n == 0 ? fields_[0] : fields_[n] - fields_[n - 1] - 1);
    }
    kernel->fields = arena.copy_array(fields_);
    kernel->skips = skips.data();
    set_short_header(kernel);
    return true;
  }
  void place(std::int32_t* slot) const {
    if (*slot < 0) return;
    const auto found = std::find(fields_.begin(), fields_.end(), *slot);
    *slot = static_cast<std::int32_t>(found - fields_.begin());
  }

 private:
  void set_short_header(ScanKernel* kernel) const {
    const std::size_t count = fields_.empty() ? 0 : fields_.back() + 1u;
    std::uint8_t bits[sizeof(kernel->long_type_bits)] = {};
    kernel->field_count = UINT32_MAX;
    if (count > sizeof(bits)) return;
    kernel->field_count = static_cast<std::uint32_t>(count);
    std::fill_n(bits, count, std::uint8_t{0x80});
    std::memcpy(&kernel->long_type_bits, bits, sizeof(bits));
  }

  Vector<std::uint16_t> fields_;
};

}  // namespace

const ScanKernel* make_scan_kernel(vm::ProgramBuilder& builder, int begin, std::int32_t cursor,
                                   FunctionRef<bool(std::int32_t)> is_constant, int* body) {
  BodyReader reader(builder, begin, cursor, is_constant);
  Vector<ScanTerm> terms;
  Vector<ScanStep> steps;
  *body = reader.read_terms(&terms);
  const std::int32_t offset = reader.read_offset();
  if (offset == 0) reader.read_steps(&steps);
  if (offset == 0 && steps.empty() && terms.size() < ScanKernel::kMaxTerms) reader.read_bound(&terms);
  if (terms.empty() && steps.empty() && offset == 0) return nullptr;
  SlotTable slots;
  for (const ScanTerm& term : terms) slots.add(term.slot);
  for (const ScanStep& step : steps) slots.add(step.slot);
  Arena& arena = builder.arena();
  ScanKernel kernel{};
  if (!slots.finish(arena, &kernel)) return nullptr;
  for (ScanTerm& term : terms) slots.place(&term.slot);
  for (ScanStep& step : steps) slots.place(&step.slot);
  kernel.offset = offset;
  kernel.terms = arena.copy_array(terms);
  kernel.steps = arena.copy_array(steps);
  return arena.make<ScanKernel>(kernel);
}

}  // namespace perlite::codegen
