#include "vm/verifier.h"

#include <algorithm>

#include "vm/comparison.h"
#include "vm/disassembler.h"

namespace perlite::vm {

namespace {

bool is_comparison(Opcode opcode) noexcept { return opcode >= Opcode::Eq && opcode <= Opcode::Ge; }

std::int32_t int64_operand(const Instruction& i) noexcept {
  return i.p4_kind == P4Kind::Int64 ? static_cast<std::int32_t>(i.p4.integer) : 0;
}

}  // namespace

// Opcodes whose registers are ranges, or whose operands are read as well as written, are told here; the rest follows
// from the operand kinds of the table.
RegisterUse register_use(const Instruction& i) noexcept {
  RegisterUse use;
  const auto reads = [&](std::int32_t first, std::int32_t count) {
    if (first > 0 && count > 0) use.reads[use.read_count++] = {first, count};
  };
  const auto writes = [&](std::int32_t first, std::int32_t count) {
    if (first > 0 && count > 0) use.writes[use.write_count++] = {first, count};
  };
  switch (i.opcode) {
    case Opcode::IsNull:
      reads(i.p1, std::max(i.p3, 1));
      break;
    case Opcode::Null:
      writes(i.p2, i.p3 + 1);
      break;
    case Opcode::Copy:
      reads(i.p1, i.p3 + 1);
      writes(i.p2, i.p3 + 1);
      break;
    case Opcode::Move:
      reads(i.p1, i.p3);
      writes(i.p2, i.p3);
      break;
    case Opcode::Affinity:
    case Opcode::TypeCheck:
    case Opcode::ResultRow:
      reads(i.p1, i.p2);
      break;
    case Opcode::IfPositive:
    case Opcode::DecrementJumpZero:
    case Opcode::IfNotZero:
    case Opcode::MustBeInt:
    case Opcode::AddImmediate:
    case Opcode::RealAffinity:
    case Opcode::Cast:
      reads(i.p1, 1);
      break;
    case Opcode::MaxImmediate:
      reads(i.p1, 1);
      reads(i.p2, 1);
      break;
    case Opcode::Eq:
    case Opcode::Ne:
    case Opcode::Lt:
    case Opcode::Le:
    case Opcode::Gt:
    case Opcode::Ge:
      reads(i.p1, 1);
      reads(i.p3, 1);
      if ((i.p5 & kStore) != 0) writes(i.p2, 1);
      break;
    case Opcode::Compare:
      reads(i.p1, i.p3);
      reads(i.p2, i.p3);
      break;
    case Opcode::Function:
      reads(i.p2, i.p5);
      writes(i.p3, 1);
      break;
    case Opcode::AggregateStep:
    case Opcode::AggregateInverse:
      reads(i.p2, i.p5);
      writes(i.p1, 1);
      break;
    case Opcode::AggregateValue:
    case Opcode::AggregateFinal:
      writes(i.p1, 1);
      writes(i.p2, 1);
      break;
    case Opcode::SeekGE:
    case Opcode::SeekGT:
    case Opcode::SeekLE:
    case Opcode::SeekLT:
    case Opcode::IndexGE:
    case Opcode::IndexGT:
    case Opcode::IndexLE:
    case Opcode::IndexLT:
    case Opcode::Found:
    case Opcode::NotFound:
    case Opcode::NoConflict:
      reads(i.p3, std::max(int64_operand(i), 1));
      break;
    case Opcode::MakeRecord:
      reads(i.p1, i.p2);
      writes(i.p3, 1);
      break;
    case Opcode::PatchRecord:
      writes(i.p3, 1);
      if (i.p4_kind == P4Kind::Pointer) {
        const auto& patch = *static_cast<const RecordPatch*>(i.p4.pointer);
        reads(patch.values, static_cast<std::int32_t>(patch.field_count));
      }
      break;
    case Opcode::WriteRow:
    case Opcode::WriteKey:
      if (i.opcode == Opcode::WriteRow) reads(i.p3, 1);
      if (i.p4_kind == P4Kind::Pointer) reads(i.p2, static_cast<const RecordLayout*>(i.p4.pointer)->field_count);
      break;
    case Opcode::NewRowid:
      writes(i.p2, 1);
      reads(i.p3, 1);
      break;
    case Opcode::DeleteKey:
    case Opcode::SorterInsert:
    case Opcode::BufferInsert:
      reads(i.p2, i.p3);
      break;
    case Opcode::GroupStep:
    case Opcode::GroupCarry:
      reads(i.p3, i.p5);
      break;
    case Opcode::SourceFilter:
      reads(i.p3, 2);
      break;
    case Opcode::SourceUpdate:
      reads(i.p3, i.p2);
      break;
    case Opcode::HostCall:
      reads(i.p2, i.p5);
      writes(i.p3, 1);
      break;
    case Opcode::Halt:
      if (i.p5 != 0) reads(i.p5, 1);
      break;
    case Opcode::Return:
    case Opcode::Yield:
    case Opcode::EndCoroutine:
      break;  // written by a Gosub or InitCoroutine that may stand behind
    default: {
      const OpcodeInfo& info = opcode_info(i.opcode);
      if (info.p1 == Operand::Reg) reads(i.p1, 1);
      if (info.p2 == Operand::Reg) reads(i.p2, 1);
      if (info.p3 == Operand::Reg) reads(i.p3, 1);
      if (info.p1 == Operand::OutReg) writes(i.p1, 1);
      if (info.p2 == Operand::OutReg) writes(i.p2, 1);
      if (info.p3 == Operand::OutReg) writes(i.p3, 1);
      break;
    }
  }
  return use;
}

namespace {

class Verifier {
 public:
  explicit Verifier(const Program& program) : program_(program) {}

  Status run() {
    const auto& code = program_.code;
    if (code.empty() || code.front().opcode != Opcode::Init) return fail(0, "the first instruction is not Init");
    const Instruction& last = code.back();
    const bool ends = last.opcode == Opcode::Halt || last.opcode == Opcode::Goto || last.opcode == Opcode::Return ||
                      last.opcode == Opcode::EndCoroutine;
    if (!ends) return fail(address_of(last), "the last instruction goes on behind the end");

    written_.assign(static_cast<std::size_t>(program_.register_count) + 1, false);
    opened_.assign(static_cast<std::size_t>(program_.cursor_count), false);
    for (const Instruction& i : code) {
      PL_TRY(check_operands(i));
      PL_TRY(check_p4(i));
    }
    for (const Instruction& i : code) PL_TRY(check_uses(i));
    return check_straight_line();
  }

 private:
  std::int32_t address_of(const Instruction& i) const noexcept {
    return static_cast<std::int32_t>(&i - program_.code.data());
  }
  Status fail(std::int32_t address, const char* what) const {
    if (program_.code.empty()) return Status(Code::Internal, what);
    const Instruction& i = program_.code[static_cast<std::size_t>(address)];
    return Status::format(Code::Internal, -1, "program: %s at %d %s P1=%d P2=%d P3=%d P5=%d", what, address,
                          opcode_info(i.opcode).name, i.p1, i.p2, i.p3, i.p5);
  }

  Status check_operand(const Instruction& i, Operand kind, std::int32_t value) {
    switch (kind) {
      case Operand::Unused:
      case Operand::Number:
        break;
      case Operand::Reg:
      case Operand::OutReg:
        if (value < 0 || value > program_.register_count) return fail(address_of(i), "no such register");
        break;
      case Operand::Cursor:
        if (value < 0 || value >= program_.cursor_count) return fail(address_of(i), "no such cursor");
        break;
      case Operand::Jump:
        if (is_comparison(i.opcode) && (i.p5 & kStore) != 0) {
          if (value < 1 || value > program_.register_count) return fail(address_of(i), "no such register");
        } else if (value < 0 || value >= static_cast<std::int32_t>(program_.code.size())) {
          return fail(address_of(i), "a jump out of the program");
        }
        break;
      case Operand::Database:
        if (value < 0 || value >= static_cast<std::int32_t>(program_.databases.size())) {
          return fail(address_of(i), "no such database");
        }
        break;
      case Operand::Tree:
        if (value < 0 || value >= static_cast<std::int32_t>(program_.trees.size())) {
          return fail(address_of(i), "no such tree");
        }
        break;
      case Operand::Count:
        if (value < 0) return fail(address_of(i), "a negative count");
        break;
    }
    return {};
  }

  Status check_operands(const Instruction& i) {
    const OpcodeInfo& info = opcode_info(i.opcode);
    PL_TRY(check_operand(i, info.p1, i.p1));
    PL_TRY(check_operand(i, info.p2, i.p2));
    PL_TRY(check_operand(i, info.p3, i.p3));
    if (i.opcode == Opcode::Once && (i.p1 < 0 || i.p1 >= program_.once_count)) {
      return fail(address_of(i), "no such Once");
    }
    if (i.opcode == Opcode::Variable && (i.p1 < 1 || i.p1 > program_.parameter_count)) {
      return fail(address_of(i), "no such parameter");
    }
    if (i.opcode == Opcode::JumpTable) {
      for (std::int32_t n = 0; n < i.p2; ++n) PL_TRY(check_operand(i, Operand::Jump, i.p4.jumps[n]));
    }
    const RegisterUse use = register_use(i);
    for (int n = 0; n < use.read_count; ++n) PL_TRY(check_range(i, use.reads[n]));
    for (int n = 0; n < use.write_count; ++n) {
      PL_TRY(check_range(i, use.writes[n]));
      mark(use.writes[n]);
    }
    // Gosub, InitCoroutine and the like read and write.
    switch (i.opcode) {
      case Opcode::OpenRead:
      case Opcode::OpenWrite:
      case Opcode::OpenRoot:
      case Opcode::OpenEphemeral:
      case Opcode::OpenPseudo:
      case Opcode::OpenSorter:
      case Opcode::OpenHash:
      case Opcode::OpenBuffer:
      case Opcode::OpenDup:
      case Opcode::OpenSource:
        opened_[static_cast<std::size_t>(i.p1)] = true;
        break;
      case Opcode::NullRow:
        // A table that a WHERE clause proves empty may never be opened.
        break;
      default:
        break;
    }
    return {};
  }

  Status check_range(const Instruction& i, RegisterRange range) {
    if (range.first < 1 || range.count > program_.register_count - range.first + 1) {
      return fail(address_of(i), "registers beyond the last");
    }
    return {};
  }
  void mark(RegisterRange range) {
    for (std::int32_t n = 0; n < range.count; ++n) written_[static_cast<std::size_t>(range.first + n)] = true;
  }

  Status check_p4(const Instruction& i) {
    const auto want = [&](std::initializer_list<P4Kind> kinds) -> Status {
      if (std::find(kinds.begin(), kinds.end(), i.p4_kind) != kinds.end()) return {};
      return fail(address_of(i), "P4 is of the wrong kind");
    };
    switch (i.opcode) {
      case Opcode::Int64:
        return want({P4Kind::Int64});
      case Opcode::Real:
        return want({P4Kind::Real});
      case Opcode::Constant:
        return want({P4Kind::Value});
      case Opcode::Halt:
      case Opcode::Savepoint:
      case Opcode::Explain:
      case Opcode::Column:
      case Opcode::SourceFilter:
        return want({P4Kind::None, P4Kind::Value, P4Kind::Text});
      case Opcode::Affinity:
        return want({P4Kind::Affinities});
      case Opcode::MakeRecord:
        return want({P4Kind::None, P4Kind::Affinities});
      case Opcode::TypeCheck:
        return want({P4Kind::Table});
      case Opcode::Eq:
      case Opcode::Ne:
      case Opcode::Lt:
      case Opcode::Le:
      case Opcode::Gt:
      case Opcode::Ge:
        return want({P4Kind::None, P4Kind::Collation});
      case Opcode::Compare:
        return want({P4Kind::None, P4Kind::Key});
      case Opcode::Function:
      case Opcode::AggregateStep:
      case Opcode::AggregateInverse:
      case Opcode::AggregateValue:
      case Opcode::AggregateFinal:
      case Opcode::GroupStep:
        return want({P4Kind::Function});
      case Opcode::GroupFinal:
        return want({P4Kind::None, P4Kind::Function});
      case Opcode::OpenSorter:
      case Opcode::OpenHash:
        return want({P4Kind::Key});
      case Opcode::OpenEphemeral:
      case Opcode::OpenRoot:
        return want({P4Kind::None, P4Kind::Key});
      case Opcode::SeekGE:
      case Opcode::SeekGT:
      case Opcode::SeekLE:
      case Opcode::SeekLT:
      case Opcode::IndexGE:
      case Opcode::IndexGT:
      case Opcode::IndexLE:
      case Opcode::IndexLT:
      case Opcode::Found:
      case Opcode::NotFound:
      case Opcode::NoConflict:
        return want({P4Kind::None, P4Kind::Int64});
      case Opcode::InsertRow:
      case Opcode::DeleteRow:
      case Opcode::InsertKey:
      case Opcode::DeleteKey:
        return want({P4Kind::None, P4Kind::Table});
      case Opcode::JumpTable:
        return want({P4Kind::Jumps});
      case Opcode::DeferredSeek:
        return want({P4Kind::None, P4Kind::Jumps});
      case Opcode::Subprogram:
        return want({P4Kind::Subprogram});
      case Opcode::NextWhere:
      case Opcode::WriteRow:
      case Opcode::WriteKey:
      case Opcode::PatchRecord:
      case Opcode::OpenSource:
      case Opcode::SourceUpdate:
        return want({P4Kind::Pointer});
      default:
        return {};
    }
  }

  Status check_uses(const Instruction& i) {
    const RegisterUse use = register_use(i);
    for (int n = 0; n < use.read_count; ++n) {
      for (std::int32_t r = use.reads[n].first; r < use.reads[n].first + use.reads[n].count; ++r) {
        if (!written_[static_cast<std::size_t>(r)])
          return fail(address_of(i), "a register that nothing writes is read");
      }
    }
    const OpcodeInfo& info = opcode_info(i.opcode);
    const auto open = [&](Operand kind, std::int32_t cursor) {
      return kind != Operand::Cursor || opened_[static_cast<std::size_t>(cursor)];
    };
    const bool may_be_closed = i.opcode == Opcode::Close || i.opcode == Opcode::NullRow;
    if (!may_be_closed && (!open(info.p1, i.p1) || !open(info.p2, i.p2))) {
      return fail(address_of(i), "a cursor that nothing opens is used");
    }
    return {};
  }

  // From the first instruction to the first jump that looks at data, each read follows its write.
  Status check_straight_line() {
    std::fill(written_.begin(), written_.end(), false);
    std::size_t at = 0;
    for (std::size_t count = 0; count < program_.code.size(); ++count) {
      const Instruction& i = program_.code[at];
      const RegisterUse use = register_use(i);
      for (int n = 0; n < use.read_count; ++n) {
        for (std::int32_t r = use.reads[n].first; r < use.reads[n].first + use.reads[n].count; ++r) {
          if (!written_[static_cast<std::size_t>(r)])
            return fail(address_of(i), "a register is read before it is written");
        }
      }
      for (int n = 0; n < use.write_count; ++n) mark(use.writes[n]);
      if (i.opcode == Opcode::Goto || (i.opcode == Opcode::Init && i.p2 != 0)) {
        at = static_cast<std::size_t>(i.p2);
      } else if ((opcode_info(i.opcode).effects & (kJumps | kEnds)) != 0 && i.opcode != Opcode::Init) {
        break;
      } else {
        ++at;
      }
    }
    return {};
  }

  const Program& program_;
  Vector<bool> written_;
  Vector<bool> opened_;
};

}  // namespace

Status verify(const Program& program) { return Verifier(program).run(); }

}  // namespace perlite::vm
