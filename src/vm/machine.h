// vm/machine.h: the inside of an Execution: frames, cursors, and what the handlers of opcodes share.
//
// The dispatch loop and the handlers of the innermost loops are in interpreter.cc; the other handlers stand by family
// in vm/ops and are called by name. Handlers borrow the frame's registers; a handler that writes a register releases
// what it held.
//
// Invariants
//   M1  A register that borrows from a cursor is not read after that cursor moved (codegen keeps this; debug builds
//       spoil such registers).
//   M2  Between a ResultRow and the next step nothing in the frame changes.
//   M3  Frames of subprograms are kept for the next call; their registers are NULL and their cursors closed meanwhile.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "base/allocator.h"
#include "base/budget.h"
#include "base/containers.h"
#include "base/status.h"
#include "btree/cursor.h"
#include "record/record_probe.h"
#include "vm/accumulator.h"
#include "vm/execution.h"
#include "vm/group_table.h"
#include "vm/hash_table.h"
#include "vm/host.h"
#include "vm/module.h"
#include "vm/program.h"
#include "vm/record_writer.h"
#include "vm/row_buffer.h"
#include "vm/row_reader.h"
#include "vm/row_writer.h"
#include "vm/sorter.h"
#include "vm/temporary_space.h"

namespace perlite::vm {

inline constexpr int kLimitLength = 0;  // public ids of sqlite3_limit
inline constexpr int kLimitTriggerDepth = 10;

struct CursorSlot {
  enum class Kind : std::uint8_t { Closed, Tree, Pseudo, Sorter, Hash, Groups, Buffer, Source };

  CursorSlot() noexcept : order(kNoKey) {}
  CursorSlot(const CursorSlot&) = delete;
  CursorSlot& operator=(const CursorSlot&) = delete;
  ~CursorSlot() { close(); }

  void close() noexcept;
  // What was read of the row at hand does not hold any more.
  void forget_row() noexcept { row_stamp = 0; }
  bool row_is_read() const noexcept { return row_stamp == (kRowRead | tree.epoch()); }
  void set_row_read() noexcept { row_stamp = kRowRead | tree.epoch(); }
  // Makes `row` stand for the entry; tree.valid() holds.
  void read_row() noexcept {
    const auto local = tree.local_payload();
    row.reset(local.data(), static_cast<std::uint32_t>(local.size()), tree.payload_size());
    set_row_read();
  }
  // True where nothing but read_row() is needed before fields are read.
  bool is_plainly_on_row() const noexcept { return kind == Kind::Tree && !null_row && !deferred && tree.valid(); }
  // For every move to another row.
  void leave_row() noexcept {
    null_row = false;
    deferred = false;
    row_stamp = 0;
  }

  static constexpr std::uint64_t kRowRead = std::uint64_t{1} << 32;
  static const record::KeyInfo kNoKey;

  std::uint64_t row_stamp = 0;  // kRowRead and the tree's epoch when `row` stands for the entry
  RowReader row;
  Kind kind = Kind::Closed;
  bool null_row = false;
  bool deferred = false;  // the seek for deferred_rowid is not made yet
  bool is_key_tree = false;
  bool is_ephemeral = false;
  std::int32_t database = 0;  // number on the connection
  std::int32_t pseudo_register = 0;
  std::int32_t key_count = 0;  // of a hash table
  std::int32_t payload_count = 0;
  std::int64_t sequence = 0;
  std::int64_t deferred_rowid = 0;
  CursorSlot* deferred_index = nullptr;
  const std::int32_t* deferred_map = nullptr;
  const record::KeyInfo* key = nullptr;
  btree::Cursor tree;
  record::RecordOrder order;
  PackedReader packed;
  UniquePtr<Sorter> sorter;
  UniquePtr<HashTable> hash;
  UniquePtr<GroupTable> groups;
  UniquePtr<RowBuffer> own_rows;
  RowBuffer* rows = nullptr;  // own_rows, or those of another cursor
  RowBuffer::Reader rows_reader;
  UniquePtr<SourceCursor> source;
  PendingRow pending;
  Vector<std::byte> header;   // of a record whose header goes beyond its page
  Vector<std::byte> scratch;  // of a record with overflow pages, when all of it is wanted
#ifdef PERLITE_DEBUG
  struct Lent {
    record::Value* reg;
    const char* data;
  };
  Vector<Lent> lent;  // registers that borrow from this cursor
#endif
};

struct Frame {
  const Program* program;
  const Instruction* code;
  record::Value* registers;  // from 1
  CursorSlot* cursors;
  std::uint64_t* once;
  Frame* parent;          // or the next idle frame
  const Instruction* pc;  // where to go on; in a parent: its Subprogram
  const record::Value* window;
  std::int64_t saved_changes;
  std::int64_t saved_change_counter;
  RowId saved_last_rowid;
  AuxiliaryStore auxiliary;

  static Frame* make(const Program& program);
  static void free(Frame* frame) noexcept;
  // Registers NULL, cursors closed, places of Once fresh.
  void clear() noexcept;
  std::size_t bytes() const noexcept;
};

class Machine : public Allocated {
 public:
  Machine(ProgramRef program, Host& host);
  ~Machine();

  Status run(StepResult* result);
  void reset() noexcept;
  // The frame that runs, and its registers.
  record::Value& reg(std::int32_t number) noexcept { return frame->registers[number]; }
  CursorSlot& cursor(std::int32_t number) noexcept { return frame->cursors[number]; }
  std::span<record::Value> registers(std::int32_t first, std::int32_t count) noexcept {
    return {frame->registers + first, static_cast<std::size_t>(count)};
  }
  CallEnvironment environment() noexcept { return {&functions, encoding}; }
  std::int64_t length_limit() const noexcept { return host.limit(kLimitLength); }

  // ---- shared by handlers ----

  // Field `index` of the cursor's row into a register that holds nothing to release. A missing field is `absent`, NULL
  // when that is null. usage: P5 of Column.
  Status read_column(CursorSlot& slot, std::uint32_t index, const record::Value* absent, unsigned usage,
                     record::Value* out);
  // Makes the seek a DeferredSeek left open, or finds the way back to a saved position. *present is false when the
  // cursor stands on no row.
  Status arrive(CursorSlot& slot, bool* present);
  Status finish_deferred_seek(CursorSlot& slot);
  // The rowid at the end of an index entry.
  Status index_rowid(CursorSlot& slot, std::int64_t* rowid);
  // Measures the record of `count` registers with the affinities of `letters` (null for none) for record_writer.write(),
  // which follows at once, and end_record().
  std::uint64_t measure_record(std::int32_t first, std::int32_t count, const char* letters, bool ones) {
    const std::uint64_t size = record_writer.measure<true>(registers(first, count), letters, ones);
    if (size != RecordWriter::kUnfit) [[likely]]
      return size;
    return measure_converted(registers(first, count), letters, ones);
  }
  std::uint64_t measure_converted(std::span<const record::Value> values, const char* letters, bool ones);
  void end_record() noexcept {
    if (!scratch_values.empty()) [[unlikely]]
      release_scratch();
  }
  void release_scratch() noexcept;
  Status make_record(const Instruction& i);
  // *done is false where the instructions behind it make the record.
  Status patch_record(const Instruction& i, bool* done);
  Status call_function(const Instruction& i);
  Status compare_slow(const Instruction& i, int* order, bool* is_null);
  // NextWhere: where to go on; null behind it. *rows is the number of entries met.
  Status next_where(const Instruction& i, const Instruction** target, std::int64_t* rows);
  void emit_row(std::span<record::Value> values);
  Status push_frame(const Instruction& i, bool* entered);
  void pop_frame() noexcept;
  // The text of an error in the program's encoding.
  Status program_error(const Instruction& i);
  // Debug builds spoil registers that are read after their cursor moved (M1); elsewhere these do nothing.
#ifdef PERLITE_DEBUG
  void note_lent(CursorSlot& slot, record::Value& reg);
  void note_move(CursorSlot& slot) noexcept;
  void note_write(CursorSlot& slot) noexcept;  // the tree of `slot` changes: all cursors on it
#else
  void note_lent(CursorSlot&, record::Value&) noexcept {}
  void note_move(CursorSlot&) noexcept {}
  void note_write(CursorSlot&) noexcept {}
#endif

  // ---- state ----

  ProgramRef program;
  Host& host;
  Budget& budget;
  FunctionHost& functions;
  TextEncoding encoding;
  Frame* frame = nullptr;
  Frame* outermost = nullptr;
  Frame* idle = nullptr;  // frames of subprograms, for the next call
  std::int32_t depth = 0;
  int compared = 0;            // by the last Compare
  bool took_argument = false;  // by the last step of min or max

  // What scalar functions and columns of row sources are asked with: made once, for clearing one takes longer than
  // many a call. Between calls the result is NULL and the error none, unless an exception came between.
  FunctionContext call_context;
  FunctionContext column_context;

  TemporarySpace temporary;
  RecordWriter record_writer;
  // Of a row on its way into a tree that has no room where it belongs. A large one is given back with the run.
  static constexpr std::size_t kKeptRecord = 65536;
  base::ByteBuffer record_bytes;
  std::size_t record_room = 0;
  Vector<record::Value> scratch_values;
  std::span<record::Value> bindings;
  static constexpr std::size_t kFewBindings = 6;
  record::Value few_bindings[kFewBindings];
  Vector<record::Value> many_bindings;
  Vector<record::Value> row;
  std::size_t row_size = 0;
  base::ByteBuffer row_arena;
  std::size_t row_arena_size = 0;

  StatementCounters counters;
  std::int64_t changes = 0;
  std::int64_t foreign_key_counter = 0;
  catalog::ConflictAction conflict_action = catalog::ConflictAction::Abort;
};

// The handlers that are not in interpreter.cc. *jump set: go on at P2.
namespace ops {
using Handler = Status(Machine& m, const Instruction& i, bool* jump);
Handler OffsetLimit, TypeCheck, Concat, Remainder, AggregateStep, AggregateInverse, AggregateValue, AggregateFinal;
Handler Transaction, AutoCommit, Savepoint, ReadCookie, SetCookie, HostCall;
Handler OpenRead, OpenWrite, OpenRoot, OpenEphemeral, OpenPseudo, Close, CreateTree, DropTree, ClearTree, IfListening,
    SchemaChanged, OpenDup, Count, IfEmpty, NullRow;
Handler SeekGE, SeekGT, SeekLE, SeekLT, IndexGE, IndexGT, IndexLE, IndexLT, Found, NotFound, NoConflict, SeekRowid,
    DeferredSeek, FinishSeek, IfRowFits, RowData, IndexRowid;
Handler NewRowid, InsertRow, WriteRow, DeleteRow, InsertKey, WriteKey, DeleteKey, ResetCount;
Handler OpenSorter, SorterInsert, SorterSort, SorterNext, OpenHash, HashInsert, HashProbe, HashNext, HashColumn,
    HashMark, HashUnmatched, HashGroup, GroupStep, GroupStore, GroupCarry, GroupSort, GroupNext, GroupKey, GroupFinal,
    DistinctAdd, OpenBuffer, BufferInsert, BufferRewind, BufferNext, BufferTake;
Handler OpenSource, SourceFilter, SourceNext, SourceColumn, SourceRowid, SourceUpdate;
}  // namespace ops

// Whether a value is what an affinity letter would make of it.
inline bool has_affinity(const record::Value& value, char letter) noexcept {
  if (letter <= 'A' || value.is_null() || value.type == ValueType::Blob) return true;
  if (letter == 'B') return value.type == ValueType::Text;
  if (value.type == ValueType::Integer) return letter != 'E';
  return value.type == ValueType::Real && letter == 'E';
}

// ---- registers ----

inline void set_integer(record::Value& reg, std::int64_t value) noexcept {
  if (reg.has(record::Value::kOwned)) [[unlikely]]
    reg.release();
  reg = record::Value{};
  reg.integer = value;
  reg.type = ValueType::Integer;
}
inline void set_real(record::Value& reg, double value) noexcept {
  if (reg.has(record::Value::kOwned)) [[unlikely]]
    reg.release();
  reg = record::Value{};
  if (value != value) [[unlikely]]
    return;
  reg.real = value;
  reg.type = ValueType::Real;
}
inline void set_null(record::Value& reg) noexcept {
  if (reg.has(record::Value::kOwned)) [[unlikely]]
    reg.release();
  reg = record::Value{};
}
// Copies word by word: a wider load would have to wait until the words that were written just before reach the cache.
inline void copy_words(record::Value& to, const record::Value& from) noexcept {
  static_assert(sizeof(record::Value) == 3 * sizeof(std::uint64_t));
  std::uint64_t first;
  std::uint64_t second;
  std::uint64_t third;
  const char* bytes = reinterpret_cast<const char*>(&from);
  std::memcpy(&first, bytes, sizeof(first));
  std::memcpy(&second, bytes + sizeof(first), sizeof(second));
  std::memcpy(&third, bytes + 2 * sizeof(first), sizeof(third));
  asm("" : "+r"(first), "+r"(second));  // or the compiler makes one load of two
  char* out = reinterpret_cast<char*>(&to);
  std::memcpy(out, &first, sizeof(first));
  std::memcpy(out + sizeof(first), &second, sizeof(second));
  std::memcpy(out + 2 * sizeof(first), &third, sizeof(third));
}
// A result becomes the register's; it is NULL then.
inline void take_result(record::Value& reg, record::Value& result) noexcept {
  if (reg.has(record::Value::kOwned)) [[unlikely]]
    reg.release();
  copy_words(reg, result);
  result = record::Value{};
}
// Becomes what `from` holds without owning it.
inline void borrow(record::Value& reg, const record::Value& from) noexcept {
  if (&reg == &from) return;
  if (reg.has(record::Value::kOwned)) [[unlikely]]
    reg.release();
  copy_words(reg, from);
  reg.block = nullptr;
  reg.flags = static_cast<std::uint8_t>(
      from.flags & ~(record::Value::kOwned | record::Value::kCachedText | record::Value::kPointer));
}

}  // namespace perlite::vm
