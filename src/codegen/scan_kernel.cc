#include "codegen/scan_kernel.h"

#include <algorithm>
#include <cstring>

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
    for (bool skippable = true;;) {
      Operand operand;
      const int begin = at_;
      if (!read_operand(&operand)) return body;
      const std::size_t known = terms->size();
      ScanTerm term;
      while (terms->size() < ScanKernel::kMaxTerms && read_term(operand, &term)) terms->push_back(term);
      if (terms->size() == known) {
        at_ = begin;
        return body;
      }
      skippable = skippable && b_.is_released(operand.reg) && !is_read_again(operand.reg);
      if (skippable) body = at_;
    }
  }

  // False when the rest of the body is more than steps.
  bool read_steps(Vector<ScanStep>* steps) {
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

 private:
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
  if (!reader.read_steps(&steps)) steps.clear();
  if (terms.empty() && steps.empty()) return nullptr;
  SlotTable slots;
  for (const ScanTerm& term : terms) slots.add(term.slot);
  for (const ScanStep& step : steps) slots.add(step.slot);
  Arena& arena = builder.arena();
  ScanKernel kernel{};
  if (!slots.finish(arena, &kernel)) return nullptr;
  for (ScanTerm& term : terms) slots.place(&term.slot);
  for (ScanStep& step : steps) slots.place(&step.slot);
  kernel.terms = arena.copy_array(terms);
  kernel.steps = arena.copy_array(steps);
  return arena.make<ScanKernel>(kernel);
}

}  // namespace perlite::codegen
