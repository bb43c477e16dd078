// vm/program.h: what a statement runs.
//
// A Program is immutable and reference-counted; a statement is a program, its bindings and a frame. A program names
// trees by their place in the shape (TreeName) and lists what it needs from a connection as imports in numbered slots;
// the statement resolves both when it starts (vm/frame.h), so one program serves many connections and files.
//
//   Ownership  the program owns its arena: constants, strings, key descriptions, subprograms.
//   Threads    const after build; the reference count is atomic.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/arena_containers.h"
#include "base/ids.h"
#include "catalog/shape.h"
#include "record/collation.h"
#include "record/record.h"
#include "record/value.h"
#include "vm/function.h"

namespace perlite::vm {

class Source;

enum class Opcode : std::uint8_t {
#define OP(name, ...) name,
#include "vm/opcodes.def"
#undef OP
  kCount
};

// What P4 holds.
enum class P4Kind : std::uint8_t {
  None,
  Int64,
  Real,
  Text,
  Blob,
  Key,
  Function,
  Collation,
  Affinities,
  Subprogram,
  Table,
  Index,
  Value,
  Jumps,
  Pointer
};

// A function as called at one place: which, with which collation (for min, max, nullif, LIKE...).
struct FunctionCall {
  const FunctionDef* function;  // resolved definition; user functions are imports of the connection
  const record::Collation* collation;
  std::int32_t argument_count;
  // Not null: called for the schema, where what changes with time is refused: "an index", "a CHECK constraint",
  // "a generated column".
  const char* schema_use = nullptr;
  bool moving_frame = false;  // of an aggregate: AggregateInverse may follow
};

struct Program;

// What WriteRow and WriteKey make a record of (P4 Pointer).
struct RecordLayout {
  const char* affinities;       // one letter a field (vm/comparison.h)
  const catalog::Table* table;  // for the row door; null where it hears nothing: entries of indexes, new tables
  std::int32_t field_count;
  bool ones;  // serial types 8 and 9 exist: schema format 4
};

// What PatchRecord makes (P4 Pointer).
struct RecordPatch {
  static constexpr std::size_t kMaxChanged = 8;

  std::int32_t values;  // first of as many registers as the record has fields; those of changed fields are read
  std::uint32_t field_count;
  std::span<const std::uint16_t> changed;  // ascending, kMaxChanged at most
  const char* affinities;                  // one letter a field (vm/comparison.h)
  bool ones;                               // as in RecordLayout
};

union P4 {
  std::int64_t integer;
  double real;
  const record::Value* value;  // Text, Blob, Value: constants of the program, in the database's encoding
  const record::KeyInfo* key;
  const FunctionCall* function;
  const record::Collation* collation;
  const char* affinities;  // one letter a register, NUL-terminated (record/affinity.h)
  const Program* subprogram;
  const catalog::Table* table;
  const catalog::Index* index;
  const std::int32_t* jumps;
  const void* pointer;
};

struct Instruction {
  Opcode opcode;
  P4Kind p4_kind = P4Kind::None;
  std::uint16_t p5 = 0;
  std::int32_t p1 = 0;
  std::int32_t p2 = 0;
  std::int32_t p3 = 0;
  P4 p4 = {.integer = 0};
};
static_assert(sizeof(Instruction) == 24);

// A tree named by its place: database slot of the program and entry of that database's shape.
struct TreeName {
  std::int32_t database;  // index into Program::databases
  catalog::EntryId entry;
  bool is_index;                // key tree (indexes, WITHOUT ROWID tables)
  const record::KeyInfo* key;   // for key trees
  const catalog::Table* table;  // the table it belongs to
  const catalog::Index* index;  // null for the table's own tree
};

// A database the program uses: its number on the connection (0 main, 1 temp, 2... attached) and what it was compiled
// for.
struct DatabaseUse {
  std::int32_t number;
  const catalog::Shape* shape;
  std::uint32_t schema_cookie;
  bool writes;
};

// A row source as an opcode names it (P4 Pointer of OpenSource and SourceUpdate). Programs with one stay with their
// connection, which keeps the Source alive while they are current.
struct SourceName {
  Source* source;
  const catalog::Table* table;  // the stored virtual table; null for table functions
  std::int32_t database;        // number on the connection
};

struct ResultColumn {
  std::string_view name;
  std::string_view declared_type;  // data() null: none
  std::string_view database_name;  // origin; data() null: not a plain column
  std::string_view table_name;
  std::string_view column_name;
};

// A line of EXPLAIN QUERY PLAN: `address` is where in the program the step begins.
struct PlanLine {
  std::int32_t id;
  std::int32_t parent;
  std::string_view detail;
};

struct Program : Allocated {
  template <class T>
  using List = arena_containers::Vector<T>;  // in the program's arena

  Program() : arena(first_chunk_, kNextChunkBytes) {}

 private:
  static constexpr std::size_t kFirstChunkBytes = 3072;  // a statement of ordinary size in one allocation
  static constexpr std::size_t kNextChunkBytes = 4096;
  alignas(std::max_align_t) std::byte first_chunk_[kFirstChunkBytes];

 public:
  Arena arena;
  List<Instruction> code{base::ArenaAllocator<Instruction>(arena)};
  List<TreeName> trees{base::ArenaAllocator<TreeName>(arena)};
  List<DatabaseUse> databases{base::ArenaAllocator<DatabaseUse>(arena)};
  List<ResultColumn> columns{base::ArenaAllocator<ResultColumn>(arena)};
  List<PlanLine> plan{base::ArenaAllocator<PlanLine>(arena)};
  List<std::string_view> parameter_names{base::ArenaAllocator<std::string_view>(arena)};  // by number - 1; data() null: nameless
  std::int32_t parameter_count = 0;          // highest number used
  std::int32_t register_count = 0;           // registers are 1..register_count
  std::int32_t cursor_count = 0;             // cursors are 0..cursor_count-1
  std::int32_t once_count = 0;               // places of Once, numbered by their P1
  TextEncoding encoding = TextEncoding::Utf8;
  bool read_only = true;               // sqlite3_stmt_readonly
  bool changes_counted = false;        // INSERT, UPDATE, DELETE: sets changes()
  bool may_abort = false;              // needs a statement savepoint: several rows, or constraint checks after a change
  std::int32_t explain = 0;            // 0, 1 EXPLAIN, 2 EXPLAIN QUERY PLAN
  const char* trigger_name = nullptr;  // subprograms: what they are
  List<Program*> subprograms{base::ArenaAllocator<Program*>(arena)};        // owned

  ~Program();
  bool is_shared() const noexcept { return references_.load(std::memory_order_acquire) != 1; }
  void retain() const noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const noexcept;

 private:
  mutable std::atomic<std::int32_t> references_{1};
};

// A counted reference to a Program.
class ProgramRef {
 public:
  ProgramRef() noexcept = default;
  // Takes over one reference.
  static ProgramRef adopt(const Program* program) noexcept {
    ProgramRef reference;
    reference.program_ = program;
    return reference;
  }
  explicit ProgramRef(const Program& program) noexcept : program_(&program) { program.retain(); }
  ProgramRef(const ProgramRef& other) noexcept : program_(other.program_) {
    if (program_ != nullptr) program_->retain();
  }
  ProgramRef(ProgramRef&& other) noexcept : program_(std::exchange(other.program_, nullptr)) {}
  ProgramRef& operator=(ProgramRef other) noexcept {
    std::swap(program_, other.program_);
    return *this;
  }
  ~ProgramRef() {
    if (program_ != nullptr) program_->release();
  }
  // Forgets the program without giving the reference back.
  void give_up() noexcept { program_ = nullptr; }
  const Program* get() const noexcept { return program_; }
  const Program* operator->() const noexcept { return program_; }
  const Program& operator*() const noexcept { return *program_; }
  explicit operator bool() const noexcept { return program_ != nullptr; }

 private:
  const Program* program_ = nullptr;
};

// The memory of a program that is gone, for the next one to be made in.
class SpareProgram {
 public:
  SpareProgram() = default;
  SpareProgram(const SpareProgram&) = delete;
  SpareProgram& operator=(const SpareProgram&) = delete;
  ~SpareProgram() { release(); }

  // Gives up the reference; keeps the memory when it was the last one and none is kept.
  void keep(ProgramRef program) noexcept;
  // A new program, in the memory kept if there is some.
  UniquePtr<Program> make();
  void release() noexcept { base::Allocator::release(std::exchange(memory_, nullptr)); }

 private:
  void* memory_ = nullptr;
};

// Names, operands and effects of the opcodes, all from vm/opcodes.def.
enum OpcodeEffect : std::uint32_t {
  kJumps = 1u << 0,        // may go to an address
  kMovesCursor = 1u << 1,  // what registers borrowed from the cursor ends
  kWrites = 1u << 2,       // changes a tree: what registers borrowed from cursors on it ends
  kRow = 1u << 3,          // a row goes out
  kEnds = 1u << 4,         // the program ends, or its caller goes on
  kCalls = 1u << 5,        // code of the host may run
};
enum class Operand : std::uint8_t { Unused, Number, Reg, OutReg, Cursor, Jump, Database, Tree, Count };
struct OpcodeInfo {
  const char* name;
  Operand p1, p2, p3;
  std::uint32_t effects;
  const char* synopsis;
  const char* meaning;
};
const OpcodeInfo& opcode_info(Opcode opcode) noexcept;

}  // namespace perlite::vm
