#include "vm/program_builder.h"

#include <algorithm>

#include "vm/verifier.h"

namespace perlite::vm {

namespace {
// The operands of each opcode that are jumps, a bit each.
constexpr std::uint8_t kJumpOperands[] = {
#define OP(name, p1, p2, p3, effects, synopsis, meaning)                                            \
  static_cast<std::uint8_t>((Operand::p1 == Operand::Jump ? 1 : 0) | (Operand::p2 == Operand::Jump ? 2 : 0) | \
                            (Operand::p3 == Operand::Jump ? 4 : 0)),
#include "vm/opcodes.def"
#undef OP
};

// Far above what any statement within the limits needs, and far below where int32 arithmetic on operands ends.
constexpr std::size_t kMaxInstructions = 250000000;
}  // namespace

ProgramBuilder::ProgramBuilder(TextEncoding encoding, UniquePtr<Program> program) : program_(std::move(program)) {
  program_->encoding = encoding;
  // What a statement of ordinary size needs.
  code_.reserve(64);
  label_addresses_.reserve(32);
}

ProgramBuilder::~ProgramBuilder() = default;

ProgramBuilder::Emitted ProgramBuilder::emit_integer(std::int64_t value, std::int32_t reg) {
  if (value == static_cast<std::int32_t>(value)) {
    return emit(Opcode::Integer, static_cast<std::int32_t>(value), reg);
  }
  return emit(Opcode::Int64, 0, reg).p4(value);
}

ProgramBuilder::Emitted ProgramBuilder::emit_load(const record::Value& value, std::int32_t reg) {
  switch (value.type) {
    case ValueType::Null:
      return emit(Opcode::Null, 0, reg);
    case ValueType::Integer:
      return emit_integer(value.integer, reg);
    case ValueType::Real:
      return emit(Opcode::Real, 0, reg).p4(value.real);
    default:
      return emit(Opcode::Constant, 0, reg).p4(this->value(value));
  }
}

std::int32_t ProgramBuilder::temporary() { return temporaries(1); }

std::int32_t ProgramBuilder::temporaries(std::int32_t count) {
  // The last released first: it is most likely still in the cache.
  for (std::size_t i = free_.size(); i-- > 0;) {
    FreeRange& range = free_[i];
    if (range.count < count) continue;
    const std::int32_t first = range.first;
    range.first += count;
    range.count -= count;
    if (range.count == 0) free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i));
    return first;
  }
  return new_registers(count);
}

void ProgramBuilder::release(std::int32_t first, std::int32_t count) {
  if (count <= 0) return;
  for (FreeRange& range : free_) {
    PL_ASSERT(first + count <= range.first || range.first + range.count <= first);  // released twice
    if (range.first + range.count == first) {
      range.count += count;
      return;
    }
    if (first + count == range.first) {
      range.first = first;
      range.count += count;
      return;
    }
  }
  free_.push_back({first, count});
}

const record::Value* ProgramBuilder::intern(std::string_view bytes, record::ValueType type) {
  auto& known = type == ValueType::Text ? texts_ : blobs_;
  if (const auto found = known.find(bytes); found != known.end()) return found->second;

  // Two NULs end text of any encoding; aligned for UTF-16 readers.
  auto* copy = static_cast<char*>(program_->arena.allocate(bytes.size() + 2, 8));
  if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
  copy[bytes.size()] = copy[bytes.size() + 1] = '\0';
  auto* value = program_->arena.make<record::Value>();
  const std::string_view kept(copy, bytes.size());
  if (type == ValueType::Text) {
    value->set_text_borrowed(kept, encoding(), record::Value::kStatic | record::Value::kTerminated);
  } else {
    value->set_blob_borrowed(kept, record::Value::kStatic);
  }
  known.emplace(kept, value);
  return value;
}

const record::Value* ProgramBuilder::text(std::string_view utf8) {
  if (encoding() == TextEncoding::Utf8) return encoded_text(utf8);
  OwnedValue converted;
  converted->set_text_copy(utf8, TextEncoding::Utf8);
  converted->convert_to_text(encoding());
  return encoded_text(converted->bytes());
}

const record::Value* ProgramBuilder::encoded_text(std::string_view bytes) { return intern(bytes, ValueType::Text); }

const record::Value* ProgramBuilder::blob(std::string_view bytes) { return intern(bytes, ValueType::Blob); }

const record::Value* ProgramBuilder::value(const record::Value& value) {
  if (value.type == ValueType::Text) {
    if (value.encoding == encoding()) return encoded_text(value.bytes());
    OwnedValue converted(value);
    converted->convert_to_text(encoding());
    return encoded_text(converted->bytes());
  }
  if (value.type == ValueType::Blob) {
    if (!value.has(record::Value::kZeroBlob)) return blob(value.bytes());
    OwnedValue zeros(value);
    zeros->materialize();
    return blob(zeros->bytes());
  }
  auto* copy = program_->arena.make<record::Value>();
  if (value.type == ValueType::Integer) copy->set_integer(value.integer);
  if (value.type == ValueType::Real) copy->set_real(value.real);
  return copy;
}

const record::KeyInfo* ProgramBuilder::key(std::span<const record::KeyField> fields) {
  return key_over(program_->arena.copy_array(fields));
}

const record::KeyInfo* ProgramBuilder::key_over(std::span<const record::KeyField> fields) {
  return program_->arena.make<record::KeyInfo>(fields, encoding());
}

const char* ProgramBuilder::affinities(std::string_view letters) { return program_->arena.copy_text(letters).data(); }

const RecordLayout* ProgramBuilder::layout(const RecordLayout& layout) {
  return program_->arena.make<RecordLayout>(layout);
}

const RecordPatch* ProgramBuilder::patch(const RecordPatch& patch) {
  auto* made = program_->arena.make<RecordPatch>(patch);
  made->changed = program_->arena.copy_array(patch.changed);
  return made;
}

const FunctionCall* ProgramBuilder::call(const FunctionDef& function, const record::Collation* collation,
                                         std::int32_t argument_count, const char* schema_use) {
  return program_->arena.make<FunctionCall>(&function, collation != nullptr ? collation : &record::binary_collation(),
                                            argument_count, schema_use);
}

const std::int32_t* ProgramBuilder::jump_table(std::span<const Label> targets) {
  auto table = program_->arena.make_array<std::int32_t>(targets.size());
  std::copy(targets.begin(), targets.end(), table.begin());
  jump_tables_.push_back(table);
  return table.data();
}

const std::int32_t* ProgramBuilder::numbers(std::span<const std::int32_t> values) {
  return program_->arena.copy_array(values).data();
}

std::int32_t ProgramBuilder::database(std::int32_t number, const catalog::Shape* shape, std::uint32_t schema_cookie,
                                      bool writes) {
  auto& databases = program_->databases;
  for (std::size_t i = 0; i < databases.size(); ++i) {
    if (databases[i].number != number) continue;
    databases[i].writes |= writes;
    return static_cast<std::int32_t>(i);
  }
  databases.push_back({number, shape, schema_cookie, writes});
  return static_cast<std::int32_t>(databases.size()) - 1;
}

std::int32_t ProgramBuilder::add_tree(const TreeName& tree) {
  auto& trees = program_->trees;
  for (std::size_t i = 0; i < trees.size(); ++i) {
    if (trees[i].database == tree.database && trees[i].entry == tree.entry && trees[i].index == tree.index &&
        trees[i].is_index == tree.is_index) {
      return static_cast<std::int32_t>(i);
    }
  }
  trees.push_back(tree);
  return static_cast<std::int32_t>(trees.size()) - 1;
}

const SourceName* ProgramBuilder::source(const SourceName& source) {
  return program_->arena.make<SourceName>(source.source, source.table, source.database);
}

const Program* ProgramBuilder::add_subprogram(ProgramRef subprogram) {
  program_->subprograms.push_back(nullptr);
  subprogram->retain();
  program_->subprograms.back() = const_cast<Program*>(subprogram.get());
  return subprogram.get();
}

std::int32_t ProgramBuilder::plan_line(std::int32_t parent, std::string_view detail) {
  const std::string_view kept = name(detail);
  const std::int32_t id = emit(Opcode::Explain, 0, parent).p4(text(detail)).address();
  // Address 0 is Init, so that an address is never the 0 which stands for "no parent".
  PL_ASSERT(id != 0);
  at(id).p1 = id;
  program_->plan.push_back({id, parent, kept});
  return id;
}

void ProgramBuilder::change_plan_line(std::int32_t id, std::string_view detail) {
  for (PlanLine& line : program_->plan) {
    if (line.id == id) line.detail = name(detail);
  }
  edit(id).p4(text(detail));
}

bool ProgramBuilder::is_released(std::int32_t reg) const noexcept {
  for (const FreeRange& range : free_) {
    if (range.first <= reg && reg < range.first + range.count) return true;
  }
  return false;
}

Result<ProgramRef> ProgramBuilder::finish() {
  if (code_.size() > kMaxInstructions) return Code::TooBig;
  bool unbound = false;
  const auto resolve = [&](std::int32_t& operand) {
    if (operand >= 0) return;
    const std::int32_t address = label_addresses_[static_cast<std::size_t>(-1 - operand)];
    unbound |= address < 0;
    operand = address;
  };
  for (Instruction& instruction : code_) {
    if ((instruction.p1 | instruction.p2 | instruction.p3) >= 0) continue;
    const unsigned jumps = kJumpOperands[static_cast<std::size_t>(instruction.opcode)];
    if ((jumps & 1) != 0) resolve(instruction.p1);
    if ((jumps & 2) != 0) resolve(instruction.p2);
    if ((jumps & 4) != 0) resolve(instruction.p3);
  }
  for (std::span<std::int32_t> table : jump_tables_) {
    for (std::int32_t& target : table) resolve(target);
  }
  if (unbound) return Status(Code::Internal, "program: a label was used and never bound");
  program_->code.assign(code_.begin(), code_.end());
#ifdef PERLITE_DEBUG
  PL_TRY(verify(*program_));
#endif
  return ProgramRef::adopt(program_.release());
}

}  // namespace perlite::vm
