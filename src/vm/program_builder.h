// vm/program_builder.h: how codegen writes a Program.
//
// One builder makes one program; subprograms have builders of their own, and their finished programs are handed over.
// Jumps go to labels, which may be bound before or after they are used; finish() puts addresses in their place.
//
//   ProgramBuilder b(TextEncoding::Utf8);
//   Label body = b.new_label();
//   b.emit(Opcode::Init, 0, body);
//   b.bind(body);
//   const int r = b.new_register();
//   b.emit(Opcode::Constant, 0, r).p4(b.text("hello"));
//   b.emit(Opcode::ResultRow, r, 1);
//   b.emit(Opcode::Halt);
//   PL_ASSIGN(ProgramRef program, b.finish());
//
// All functions may throw std::bad_alloc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/containers.h"
#include "base/status.h"
#include "vm/comparison.h"
#include "vm/program.h"
#include "vm/row_flags.h"

namespace perlite::vm {

// An address that need not be known yet. Converts to an operand; only operands that the opcode table calls Jump, and
// the addresses of a jump table, may be labels.
class Label {
 public:
  Label() noexcept = default;  // no label: an operand of 0, which jumps nowhere
  operator std::int32_t() const noexcept { return operand_; }
  bool exists() const noexcept { return operand_ != 0; }

 private:
  friend class ProgramBuilder;
  explicit Label(std::int32_t operand) noexcept : operand_(operand) {}
  std::int32_t operand_ = 0;  // -1 - number
};

class ProgramBuilder {
 public:
  explicit ProgramBuilder(TextEncoding encoding) : ProgramBuilder(encoding, make_unique<Program>()) {}
  // Writes `program`, which is new.
  ProgramBuilder(TextEncoding encoding, UniquePtr<Program> program);
  ProgramBuilder(const ProgramBuilder&) = delete;
  ProgramBuilder& operator=(const ProgramBuilder&) = delete;
  ~ProgramBuilder();

  // What is not code is written to the program directly: columns, parameter_names, parameter_count, read_only, ...
  Program& program() noexcept { return *program_; }
  Arena& arena() noexcept { return program_->arena; }
  TextEncoding encoding() const noexcept { return program_->encoding; }

  // ---- code ----

  // The instruction just emitted, to be completed: emit(Opcode::Column, c, 0, r).p4(value).p5(1).
  class Emitted {
   public:
    Emitted& p4(std::int64_t integer) { return set(P4Kind::Int64, {.integer = integer}); }
    Emitted& p4(int integer) { return p4(static_cast<std::int64_t>(integer)); }
    Emitted& p4(double real) { return set(P4Kind::Real, {.real = real}); }
    Emitted& p4(const record::Value* value) { return set(P4Kind::Value, {.value = value}); }
    Emitted& p4(const record::KeyInfo* key) { return set(P4Kind::Key, {.key = key}); }
    Emitted& p4(const FunctionCall* function) { return set(P4Kind::Function, {.function = function}); }
    Emitted& p4(const record::Collation* collation) { return set(P4Kind::Collation, {.collation = collation}); }
    Emitted& p4(const catalog::Table* table) { return set(P4Kind::Table, {.table = table}); }
    Emitted& p4(const catalog::Index* index) { return set(P4Kind::Index, {.index = index}); }
    Emitted& p4(const Program* subprogram) { return set(P4Kind::Subprogram, {.subprogram = subprogram}); }
    Emitted& p4(const SourceName* source) { return set(P4Kind::Pointer, {.pointer = source}); }
    Emitted& p4(std::nullptr_t) { return set(P4Kind::None, {.integer = 0}); }
    Emitted& p4_affinities(const char* letters) { return set(P4Kind::Affinities, {.affinities = letters}); }
    Emitted& p4_jumps(const std::int32_t* jumps) { return set(P4Kind::Jumps, {.jumps = jumps}); }
    Emitted& p4_pointer(const void* pointer) { return set(P4Kind::Pointer, {.pointer = pointer}); }
    Emitted& p5(unsigned flags) {
      builder_.code_[static_cast<std::size_t>(address_)].p5 = static_cast<std::uint16_t>(flags);
      return *this;
    }
    int address() const noexcept { return address_; }

   private:
    friend class ProgramBuilder;
    Emitted(ProgramBuilder& builder, int address) noexcept : builder_(builder), address_(address) {}
    Emitted& set(P4Kind kind, P4 value) {
      Instruction& instruction = builder_.code_[static_cast<std::size_t>(address_)];
      instruction.p4_kind = kind;
      instruction.p4 = value;
      return *this;
    }
    ProgramBuilder& builder_;
    int address_;
  };

  Emitted emit(Opcode opcode, std::int32_t p1 = 0, std::int32_t p2 = 0, std::int32_t p3 = 0) {
    if (opcode == Opcode::Once) p1 = program_->once_count++;
    Instruction& instruction = code_.emplace_back();
    instruction.opcode = opcode;
    instruction.p1 = p1;
    instruction.p2 = p2;
    instruction.p3 = p3;
    return Emitted(*this, address() - 1);
  }
  void emit(const Instruction& instruction) { code_.push_back(instruction); }
  int address() const noexcept { return static_cast<int>(code_.size()); }  // of the next instruction
  // An instruction already emitted, to be changed afterwards.
  Instruction& at(int address) noexcept { return code_[static_cast<std::size_t>(address)]; }
  Emitted edit(int address) noexcept { return Emitted(*this, address); }

  Label new_label() {
    label_addresses_.push_back(-1);
    return Label(-static_cast<std::int32_t>(label_addresses_.size()));
  }
  void bind(Label label) {  // to the next instruction
    PL_ASSERT(label.exists() && !is_bound(label));
    label_addresses_[static_cast<std::size_t>(-1 - label.operand_)] = address();
  }
  Label here() {  // a new label, bound to the next instruction
    label_addresses_.push_back(address());
    return Label(-static_cast<std::int32_t>(label_addresses_.size()));
  }
  bool is_bound(Label label) const noexcept { return address_of(label) >= 0; }
  // Of a label, or an address itself; -1: not bound yet.
  int address_of(std::int32_t jump_operand) const noexcept {
    return jump_operand >= 0 ? jump_operand : label_addresses_[static_cast<std::size_t>(-1 - jump_operand)];
  }

  // The instruction that loads a value: Null, Integer, Int64, Real or Constant.
  Emitted emit_load(const record::Value& value, std::int32_t reg);
  Emitted emit_integer(std::int64_t value, std::int32_t reg);

  // ---- registers and cursors ----

  std::int32_t new_register() { return new_registers(1); }
  std::int32_t new_registers(std::int32_t count) {  // the first of `count` neighbours, never given out again
    PL_ASSERT(count >= 0);
    return std::exchange(program_->register_count, program_->register_count + count) + 1;
  }
  // Registers that may be given out again after release; what was in them stays until then.
  std::int32_t temporary();
  std::int32_t temporaries(std::int32_t count);
  void release(std::int32_t reg) { release(reg, 1); }
  void release(std::int32_t first, std::int32_t count);
  // Is it free to be given out again, so that nobody reads what is in it?
  bool is_released(std::int32_t reg) const noexcept;
  // Forgets what was released, so that temporaries taken before a point are not given out behind it (coroutines,
  // loop bodies that keep values).
  void forget_released() noexcept { free_.clear(); }
  std::int32_t new_cursor() { return program_->cursor_count++; }

  // ---- constants: live as long as the program ----

  const record::Value* text(std::string_view utf8);           // converted to the database's encoding, NUL-terminated
  const record::Value* encoded_text(std::string_view bytes);  // bytes already in the database's encoding
  const record::Value* blob(std::string_view bytes);
  const record::Value* value(const record::Value& value);  // any value; text in the database's encoding
  std::string_view name(std::string_view text) { return program_->arena.copy_text(text); }
  const record::KeyInfo* key(std::span<const record::KeyField> fields);
  const record::KeyInfo* key_over(std::span<const record::KeyField> fields);  // that a shape keeps
  // `letters` is copied: one of record/affinity.h a register (affinity_letter()).
  const char* affinities(std::string_view letters);
  const RecordLayout* layout(const RecordLayout& layout);
  const RecordPatch* patch(const RecordPatch& patch);  // with a copy of `changed`
  const FunctionCall* call(const FunctionDef& function, const record::Collation* collation, std::int32_t argument_count,
                           const char* schema_use = nullptr);
  // Addresses (labels allowed) for JumpTable, or numbers for DeferredSeek, whose own format is told there.
  const std::int32_t* jump_table(std::span<const Label> targets);
  const std::int32_t* numbers(std::span<const std::int32_t> values);

  // ---- what the program names ----

  // The slot of a database, made on first use. `writes` once true stays.
  std::int32_t database(std::int32_t number, const catalog::Shape* shape, std::uint32_t schema_cookie, bool writes);
  // The slot of a tree for OpenRead, OpenWrite, ClearTree; an equal one is found again.
  std::int32_t add_tree(const TreeName& tree);
  const SourceName* source(const SourceName& source);
  // Takes over the reference; the program keeps it. Answers what Subprogram wants as P4.
  const Program* add_subprogram(ProgramRef subprogram);

  // ---- EXPLAIN QUERY PLAN ----

  // A line below `parent` (0: the top), by an Explain instruction at this place. Answers its id.
  std::int32_t plan_line(std::int32_t parent, std::string_view detail);
  void change_plan_line(std::int32_t id, std::string_view detail);

  // Resolves the labels and gives the program out; the builder is empty then.
  // Errors: TooBig past the limits of a program. In debug builds the verifier looks at it first; what it finds is an
  // error of codegen: Internal, with a text.
  Result<ProgramRef> finish();

 private:
  struct FreeRange {
    std::int32_t first;
    std::int32_t count;
  };
  const record::Value* intern(std::string_view bytes, record::ValueType type);

  template <class T>
  using List = arena_containers::Vector<T>;
  using Constants = arena_containers::HashMap<std::string_view, const record::Value*>;

  UniquePtr<Program> program_;
  List<Instruction> code_;              // the program's, once it is finished
  List<std::int32_t> label_addresses_;  // -1: not bound
  List<FreeRange> free_;
  List<std::span<std::int32_t>> jump_tables_;
  Constants texts_;
  Constants blobs_;
};

}  // namespace perlite::vm
