// When memory is short, a program ends with NoMem at whatever allocation fails, loses nothing, and runs again.
#include "tests/unit/vm/support.h"

namespace perlite::vm {
namespace {

// Allocation number `countdown` from now fails, and all after it, until it is set to -1.
int countdown = -1;

bool fails() {
  if (countdown < 0) return false;
  if (countdown == 0) return true;
  --countdown;
  return false;
}

// Installed before the first allocation of the process.
const bool installed = [] {
  base::MemoryMethods methods = base::Allocator::default_methods();
  methods.allocate = [](int size) -> void* {
    return fails() ? nullptr : base::Allocator::default_methods().allocate(size);
  };
  methods.reallocate = [](void* memory, int size) -> void* {
    return fails() ? nullptr : base::Allocator::default_methods().reallocate(memory, size);
  };
  base::Allocator::set_methods(methods);
  return true;
}();

// Everything that allocates: records, text built in registers, sorter, groups with states that own memory, a join
// table, a set, a buffer, an ephemeral tree, a subprogram.
ProgramRef busy_program(catalog::EntryId entry, const FunctionDef& join) {
  Builder trigger;
  const int window_value = trigger.new_register();
  trigger.emit(Opcode::Parameter, 0, window_value);
  trigger.emit(Opcode::Concat, window_value, window_value, window_value);
  const ProgramRef subprogram = trigger.done();

  Builder b;
  b.database(0, nullptr, 0, true);
  const record::KeyField fields[] = {ascending()};
  const record::KeyInfo* key = b.key(fields);
  const int t = b.new_cursor();
  const int sorter = b.new_cursor();
  const int groups = b.new_cursor();
  const int hash = b.new_cursor();
  const int set = b.new_cursor();
  const int buffer = b.new_cursor();
  const int tree = b.new_cursor();
  const int r = b.new_registers(8);
  b.emit(Opcode::Null, 0, r, 7);
  b.emit(Opcode::OpenRead, t, b.add_tree(table_name(entry)));
  b.emit(Opcode::OpenSorter, sorter, 2).p4(key);
  b.emit(Opcode::OpenHash, groups, 1, 1).p4(key);
  b.emit(Opcode::OpenHash, hash, 1, 1).p4(key);
  b.emit(Opcode::OpenHash, set, 1, 0).p4(key);
  b.emit(Opcode::OpenBuffer, buffer, 2);
  b.emit(Opcode::OpenEphemeral, tree, 1).p4(key);
  const Label end = b.new_label();
  b.emit(Opcode::Rewind, t, end);
  const Label loop = b.here();
  b.emit(Opcode::Column, t, 0, r);
  b.emit(Opcode::Column, t, 1, r + 1);
  b.emit(Opcode::SorterInsert, sorter, r, 2);
  const Label known = b.new_label();
  b.emit(Opcode::HashGroup, groups, known, r);
  b.bind(known);
  b.emit(Opcode::GroupStep, groups, 0, r + 1).p4(b.call(join, nullptr, 1)).p5(1);
  b.emit(Opcode::AggregateStep, r + 5, r + 1).p4(b.call(join, nullptr, 1)).p5(1);
  b.emit(Opcode::HashInsert, hash, r + 1, r);
  const Label seen = b.new_label();
  b.emit(Opcode::DistinctAdd, set, seen, r);
  b.bind(seen);
  b.emit(Opcode::BufferInsert, buffer, r, 2);
  b.emit(Opcode::MakeRecord, r + 1, 1, r + 2).p4_affinities(b.affinities("D"));
  b.emit(Opcode::InsertKey, tree, r + 2);
  b.emit(Opcode::Concat, r + 1, r + 1, r + 3);
  b.emit(Opcode::Subprogram, r + 3, 0).p4(b.add_subprogram(subprogram));
  b.emit(Opcode::Next, t, loop);
  b.bind(end);
  const Label none = b.new_label();
  b.emit(Opcode::SorterSort, sorter, none);
  b.emit(Opcode::SorterColumn, sorter, 1, r);
  b.emit(Opcode::GroupSort, groups, none);
  b.emit(Opcode::GroupFinal, groups, 0, r + 1).p4(b.call(join, nullptr, 1));
  b.emit(Opcode::AggregateFinal, r + 5, r + 2).p4(b.call(join, nullptr, 1));
  b.emit(Opcode::ResultRow, r, 3);
  b.bind(none);
  return b.done();
}

TEST(Memory, EachAllocationMayFail) {
  MemoryHost host;
  // std::string and new are not the Allocator's, so that the function itself does not fail.
  const FunctionDef join = join_function();
  const auto entry = make_table(
      host, 12, [](int r) { return r % 3; }, [](int r) { return "text number " + std::to_string(r); });
  const ProgramRef program = busy_program(entry, join);
  const Rows expected = run(host, program);
  ASSERT_EQ(expected.size(), 1u);
  int failures = 0;
  for (int n = 0;; ++n) {
    ASSERT_LT(n, 5000);
    Rows rows;
    {
      countdown = n;
      UniquePtr<Execution> execution;
      try {
        execution = make_unique<Execution>(program, host);
      } catch (const std::bad_alloc&) {
        countdown = -1;
        ++failures;
        continue;
      }
      std::string row;
      Code code = Code::Ok;
      for (;;) {
        auto result = execution->step();
        if (!result.ok()) {
          code = result.status().code();
          break;
        }
        if (result.value() == StepResult::Done) break;
        countdown = -1;
        for (const record::Value& value : execution->row()) row += (row.empty() ? "" : "|") + text_of(value);
        rows.push_back(row);
      }
      countdown = -1;
      execution->reset();
      EXPECT_EQ(joins_alive, 0) << n;
      if (code != Code::Ok) {
        EXPECT_EQ(code, Code::NoMem) << n;
        ++failures;
        // The same execution, with memory again.
        EXPECT_EQ(run(*execution), expected) << n;
        continue;
      }
    }
    EXPECT_EQ(rows, expected);
    break;
  }
  EXPECT_GT(failures, 20);
}

}  // namespace
}  // namespace perlite::vm
