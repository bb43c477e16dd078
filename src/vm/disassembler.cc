#include "vm/disassembler.h"

#include <cstdarg>
#include <cstdio>

#include "vm/module.h"
#include "vm/scan_kernel.h"

namespace perlite::vm {

namespace {

void append_format(String& out, const char* format, ...) __attribute__((format(printf, 2, 3)));
void append_format(String& out, const char* format, ...) {
  char buffer[256];
  va_list arguments;
  va_start(arguments, format);
  const int size = std::vsnprintf(buffer, sizeof(buffer), format, arguments);
  va_end(arguments);
  if (size > 0) out.append(buffer, std::min(static_cast<std::size_t>(size), sizeof(buffer) - 1));
}

String value_text(const record::Value& value) {
  if (value.is_null()) return "NULL";
  record::TextScratch scratch;
  if (value.type != ValueType::Blob) return String(scratch.text(value));
  return "(blob)";
}

String key_text(const record::KeyInfo& key) {
  String out;
  append_format(out, "k(%d", static_cast<int>(key.fields.size()));
  for (std::size_t i = 0; i < key.fields.size(); ++i) {
    out += ',';
    if (key.fields[i].descending) out += '-';
    if (key.fields[i].big_nulls) out += "N.";
    const record::Collation& collation = key.collation(i);
    out += collation.is_binary() ? "B" : collation.name;
  }
  out += ')';
  return out;
}

void append_field(String& out, const ScanKernel& kernel, std::int32_t slot) {
  if (slot == ScanKernel::kRowid) out += "rowid";
  if (slot >= 0) append_format(out, "f%d", kernel.fields[static_cast<std::size_t>(slot)]);
}

String kernel_text(const ScanKernel& kernel) {
  static constexpr const char* kHolds[] = {"any", ">=", "<>", ">", "<=", "=", "<", "none"};
  String out;
  for (const ScanTerm& term : kernel.terms) {
    if (!out.empty()) out += ' ';
    append_field(out, kernel, term.slot);
    switch (term.kind) {
      case ScanTerm::Kind::Compare:
        append_format(out, "%sr%d", kHolds[term.leaves], term.reg);
        break;
      case ScanTerm::Kind::IsNull:
        out += " is null";
        break;
      case ScanTerm::Kind::NotNull:
        out += " not null";
        break;
      case ScanTerm::Kind::Matches:
        append_format(out, "%s %s", term.leaves_if_true ? " not" : "", term.function->name);
        break;
      case ScanTerm::Kind::InSet:
        append_format(out, "%s in c%d", term.leaves_if_true ? " not" : "", term.cursor);
        break;
      case ScanTerm::Kind::Bound:
        append_format(out, " for c%d", term.cursor);
        break;
    }
  }
  if (kernel.offset != 0) append_format(out, " offset r%d", kernel.offset);
  for (const ScanStep& step : kernel.steps) {
    if (!out.empty()) out += ' ';
    append_format(out, "%s(", step.function->name);
    append_field(out, kernel, step.slot);
    out += ')';
  }
  return out;
}

String p4_text(const Instruction& i) {
  String out;
  switch (i.p4_kind) {
    case P4Kind::None:
      break;
    case P4Kind::Int64:
      append_format(out, "%lld", static_cast<long long>(i.p4.integer));
      break;
    case P4Kind::Real: {
      record::Value value{};
      value.set_real(i.p4.real);
      out = value_text(value);
      break;
    }
    case P4Kind::Text:
    case P4Kind::Blob:
    case P4Kind::Value:
      out = value_text(*i.p4.value);
      break;
    case P4Kind::Key:
      out = key_text(*i.p4.key);
      break;
    case P4Kind::Function:
      append_format(out, "%s(%d)", i.p4.function->function->name, i.p4.function->argument_count);
      break;
    case P4Kind::Collation:
      out = i.p4.collation->name;
      break;
    case P4Kind::Affinities:
      out = i.p4.affinities;
      break;
    case P4Kind::Subprogram:
      out = i.p4.subprogram->trigger_name != nullptr ? i.p4.subprogram->trigger_name : "program";
      break;
    case P4Kind::Table:
      out = i.p4.table->name;
      break;
    case P4Kind::Index:
      out = i.p4.index->name;
      break;
    case P4Kind::Jumps:
      if (i.opcode == Opcode::JumpTable) {
        for (std::int32_t n = 0; n < i.p2; ++n) append_format(out, n == 0 ? "[%d" : ",%d", i.p4.jumps[n]);
      } else {
        out += '[';
        for (std::int32_t n = 1; n <= i.p4.jumps[0]; ++n) append_format(out, n == 1 ? "%d" : ",%d", i.p4.jumps[n]);
      }
      out += ']';
      break;
    case P4Kind::Pointer: {
      if (i.opcode == Opcode::OpenSource || i.opcode == Opcode::SourceUpdate) {
        const auto* source = static_cast<const SourceName*>(i.p4.pointer);
        if (source->table != nullptr) out = source->table->name;
      } else if (i.opcode == Opcode::NextWhere) {
        out = kernel_text(*static_cast<const ScanKernel*>(i.p4.pointer));
      } else if (i.opcode == Opcode::PatchRecord) {
        const auto& patch = *static_cast<const RecordPatch*>(i.p4.pointer);
        for (const std::uint16_t field : patch.changed) {
          append_format(out, "%sf%d=r%d", out.empty() ? "" : " ", field, patch.values + field);
        }
      } else if (i.opcode == Opcode::WriteRow || i.opcode == Opcode::WriteKey) {
        out = static_cast<const RecordLayout*>(i.p4.pointer)->affinities;
      }
      break;
    }
  }
  return out;
}

// The synopsis with P1..P5 replaced by the operands.
String comment_of(const Instruction& i, const String& p4) {
  String out;
  for (const char* at = opcode_info(i.opcode).synopsis; *at != '\0'; ++at) {
    if (*at != 'P' || at[1] < '1' || at[1] > '5') {
      out += *at;
      continue;
    }
    ++at;
    switch (*at) {
      case '1':
        append_format(out, "%d", i.p1);
        break;
      case '2':
        append_format(out, "%d", i.p2);
        break;
      case '3':
        append_format(out, "%d", i.p3);
        break;
      case '4':
        out += p4;
        break;
      default:
        append_format(out, "%d", i.p5);
        break;
    }
  }
  return out;
}

const Instruction* find(const Program& program, std::int32_t* number) noexcept {
  const auto count = static_cast<std::int32_t>(program.code.size());
  if (*number < count) return &program.code[static_cast<std::size_t>(*number)];
  *number -= count;
  for (const Program* subprogram : program.subprograms) {
    if (const Instruction* found = find(*subprogram, number); found != nullptr) return found;
  }
  return nullptr;
}

}  // namespace

std::int32_t disassembled_count(const Program& program) noexcept {
  auto count = static_cast<std::int32_t>(program.code.size());
  for (const Program* subprogram : program.subprograms) count += disassembled_count(*subprogram);
  return count;
}

DisassembledLine disassemble(const Program& program, std::int32_t number) {
  std::int32_t address = number;
  const Instruction* i = find(program, &address);
  PL_ASSERT(i != nullptr);
  String p4 = p4_text(*i);
  String comment = comment_of(*i, p4);
  return {address, opcode_info(i->opcode).name, i->p1, i->p2, i->p3, std::move(p4), i->p5, std::move(comment)};
}

String dump(const Program& program) {
  String out;
  const std::int32_t count = disassembled_count(program);
  for (std::int32_t n = 0; n < count; ++n) {
    const DisassembledLine line = disassemble(program, n);
    append_format(out, "%-4d %-18s %-5d %-5d %-5d ", line.address, line.opcode, line.p1, line.p2, line.p3);
    out += line.p4;
    append_format(out, " %02x ", line.p5);
    out += line.comment;
    out += '\n';
  }
  return out;
}

}  // namespace perlite::vm
