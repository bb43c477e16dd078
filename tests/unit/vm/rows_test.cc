// Cursors over trees, sorters, hash tables, groups and buffers keep their order and their memory bounds.
#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/vm/support.h"
#include "vm/group_table.h"
#include "vm/hash_table.h"
#include "vm/module.h"
#include "vm/sorter.h"

namespace perlite::vm {
namespace {

std::string word(int n) { return "w" + std::to_string(n * 7919 % 1000); }

catalog::EntryId sample(MemoryHost& host, int count) {
  return make_table(
      host, count, [](int rowid) { return rowid * 7919 % 1000; }, word);
}

// A program that scans `entry` as cursor 0 and does `body` for each row; `after` stands behind the loop.
template <class Body, class After>
ProgramRef scan(catalog::EntryId entry, Body body, After after, Opcode first = Opcode::Rewind,
                Opcode next = Opcode::Next) {
  Builder b;
  b.database(0, nullptr, 0, false);
  const int cursor = b.new_cursor();
  const Label end = b.new_label();
  b.emit(Opcode::Transaction, 0, 0);
  b.emit(Opcode::OpenRead, cursor, b.add_tree(table_name(entry)));
  const int prepared = b.new_registers(8);
  b.emit(Opcode::Null, 0, prepared, 7);
  // The body may open what it needs before the loop begins.
  const Label loop_label = b.new_label();
  body(b, cursor, prepared, true);
  b.emit(first, cursor, end);
  b.bind(loop_label);
  body(b, cursor, prepared, false);
  b.emit(next, cursor, loop_label).p5(1);
  b.bind(end);
  after(b, prepared);
  return b.done();
}

TEST(Scan, ForwardAndBackward) {
  MemoryHost host;
  const auto entry = sample(host, 500);
  const auto body = [](Builder& b, int cursor, int r, bool before) {
    if (before) return;
    b.emit(Opcode::Rowid, cursor, r);
    b.emit(Opcode::Column, cursor, 0, r + 1);
    b.emit(Opcode::Column, cursor, 1, r + 2);
    b.emit(Opcode::Column, cursor, 2, r + 3).p4(b.text("default"));
    b.emit(Opcode::ResultRow, r, 4);
  };
  Execution execution(scan(entry, body, [](Builder&, int) {}), host);
  const Rows forward = run(execution);
  ASSERT_EQ(forward.size(), 500u);
  EXPECT_EQ(forward[2], "3|757|w757|default");
  EXPECT_EQ(execution.counters().full_scan_steps, 499);
  Rows backward = run(host, scan(
                                entry, body, [](Builder&, int) {}, Opcode::Last, Opcode::Previous));
  std::reverse(backward.begin(), backward.end());
  EXPECT_EQ(forward, backward);
}

TEST(Scan, RowsOnOverflowPages) {
  MemoryHost host;
  const auto entry = make_table(
      host, 20, [](int rowid) { return rowid; },
      [](int rowid) { return std::string(static_cast<std::size_t>(rowid) * 1000, static_cast<char>('a' + rowid)); });
  const Rows rows = run(host, scan(
                                  entry,
                                  [](Builder& b, int cursor, int r, bool before) {
                                    if (before) return;
                                    b.emit(Opcode::Column, cursor, 1, r);
                                    b.emit(Opcode::ResultRow, r, 1);
                                  },
                                  [](Builder&, int) {}));
  ASSERT_EQ(rows.size(), 20u);
  for (int rowid = 1; rowid <= 20; ++rowid) {
    EXPECT_EQ(rows[static_cast<std::size_t>(rowid) - 1],
              std::string(static_cast<std::size_t>(rowid) * 1000, static_cast<char>('a' + rowid)));
  }
}

TEST(Scan, CorruptRecordsAreErrors) {
  for (const std::string& bad : {std::string("\x05\x0d", 2), std::string("\x02\x06", 2), std::string("\x00", 1),
                                 std::string("\x03\x81\x81", 3), std::string("\x81", 1)}) {
    MemoryHost host;
    const auto entry = host.add_tree(btree::TreeKind::Table);
    btree::Cursor cursor;
    cursor.open(host.store().view(), host.root_of(0, entry).value(), btree::TreeKind::Table);
    ASSERT_TRUE(cursor.insert_row(1, {std::as_bytes(std::span(bad)), 0}).ok());
    const Rows rows = run(host, scan(
                                    entry,
                                    [](Builder& b, int c, int r, bool before) {
                                      if (before) return;
                                      b.emit(Opcode::Column, c, 0, r);
                                      b.emit(Opcode::ResultRow, r, 1);
                                    },
                                    [](Builder&, int) {}));
    EXPECT_EQ(rows, (Rows{"error 11: database disk image is malformed"}));
  }
}

TEST(Seek, FindsBoundsOfRowids) {
  MemoryHost host;
  const auto entry = make_table(
      host, 9, [](int r) { return r; }, word);
  struct Case {
    Opcode opcode;
    const char* key;
    const char* found;
  };
  const Case cases[] = {
      {Opcode::SeekGE, "i5", "5"},
      {Opcode::SeekGT, "i5", "6"},
      {Opcode::SeekLE, "i5", "5"},
      {Opcode::SeekLT, "i5", "4"},
      {Opcode::SeekGE, "r4.5", "5"},
      {Opcode::SeekLT, "r4.5", "4"},
      {Opcode::SeekLE, "r4.0", "4"},
      {Opcode::SeekLT, "r4.0", "3"},
      {Opcode::SeekGT, "r1e30", ""},
      {Opcode::SeekLT, "r1e30", "9"},
      {Opcode::SeekGE, "tx", ""},
      {Opcode::SeekLE, "tx", "9"},
      {Opcode::SeekGE, "t3", "3"},
      {Opcode::SeekGE, "i10", ""},
      {Opcode::SeekLE, "i0", ""},
      {Opcode::SeekGE, "n", ""},
      {Opcode::SeekGT, "i9223372036854775807", ""},
      {Opcode::SeekLE, "i100", "9"},
      {Opcode::SeekRowid, "i4", "4"},
      {Opcode::SeekRowid, "r4.0", "4"},
      {Opcode::SeekRowid, "r4.5", ""},
      {Opcode::NotExists, "i11", ""},
  };
  for (const Case& c : cases) {
    Builder b;
    b.database(0, nullptr, 0, false);
    const int cursor = b.new_cursor();
    b.emit(Opcode::OpenRead, cursor, b.add_tree(table_name(entry)));
    int key = b.new_register();
    if (*c.key == 'i') b.emit(Opcode::Int64, 0, key).p4(std::int64_t{std::stoll(c.key + 1)});
    if (*c.key == 'r') b.emit(Opcode::Real, 0, key).p4(std::stod(c.key + 1));
    if (*c.key == 't') b.emit(Opcode::Constant, 0, key).p4(b.text(c.key + 1));
    if (*c.key == 'n') b.emit(Opcode::Null, 0, key);
    const Label none = b.new_label();
    const int out = b.new_register();
    b.emit(c.opcode, cursor, none, key);
    b.emit(Opcode::Rowid, cursor, out);
    b.emit(Opcode::ResultRow, out, 1);
    b.bind(none);
    EXPECT_EQ(run(host, b.done()), *c.found == '\0' ? Rows{} : Rows{c.found})
        << opcode_info(c.opcode).name << " " << c.key;
  }
}

// A table with an index on (value, rowid): seeks with prefixes, ranges, deferred seeks, and what is missing.
TEST(Seek, IndexEntriesLeadToRows) {
  MemoryHost host;
  const auto table = sample(host, 300);
  const auto index = host.add_tree(btree::TreeKind::Index);
  const record::KeyField fields[2] = {};

  Builder b;
  b.database(0, nullptr, 0, true);
  const record::KeyInfo* key = b.key(fields);
  const int t = b.new_cursor();
  const int x = b.new_cursor();
  const int r = b.new_registers(3);
  b.emit(Opcode::OpenRead, t, b.add_tree(table_name(table)));
  b.emit(Opcode::OpenWrite, x, b.add_tree({0, index, true, key, nullptr, nullptr}));
  const Label end = b.new_label();
  b.emit(Opcode::Rewind, t, end);
  const Label fill = b.here();
  b.emit(Opcode::Column, t, 0, r);
  b.emit(Opcode::Rowid, t, r + 1);
  b.emit(Opcode::MakeRecord, r, 2, r + 2).p4_affinities(b.affinities("DD"));
  b.emit(Opcode::InsertKey, x, r + 2, r);
  b.emit(Opcode::Next, t, fill);
  b.bind(end);
  // value >= 500 and value < 510, by the index
  const int low = b.integer(500);
  const int high = b.integer(510);
  const int out = b.new_registers(4);
  const Label done = b.new_label();
  const std::int32_t map[] = {2, 1, 0};
  b.emit(Opcode::SeekGE, x, done, low).p4(1);
  const Label loop = b.here();
  b.emit(Opcode::IndexGE, x, done, high).p4(1);
  b.emit(Opcode::DeferredSeek, x, t).p4_jumps(b.numbers(map));
  b.emit(Opcode::Column, t, 0, out);
  b.emit(Opcode::Rowid, t, out + 1);
  b.emit(Opcode::Column, t, 1, out + 2);
  b.emit(Opcode::IndexRowid, x, out + 3);
  b.emit(Opcode::ResultRow, out, 4);
  b.emit(Opcode::Next, x, loop);
  b.bind(done);
  // Is there one with value 919? With 4711?
  const int probe = b.integer(919);
  const Label found = b.new_label();
  b.emit(Opcode::Found, x, found, probe).p4(1);
  b.emit(Opcode::Halt, 1);
  b.bind(found);
  b.emit(Opcode::Integer, 4711, probe);
  const Label missing = b.new_label();
  b.emit(Opcode::NotFound, x, missing, probe).p4(1);
  b.emit(Opcode::Halt, 1);
  b.bind(missing);
  b.emit(Opcode::Null, 0, probe);
  const Label no_conflict = b.new_label();
  b.emit(Opcode::NoConflict, x, no_conflict, probe).p4(1);
  b.emit(Opcode::Halt, 1);
  b.bind(no_conflict);
  // The row behind an entry is gone.
  b.emit(Opcode::Integer, 5000, r);
  b.emit(Opcode::Integer, 500000, r + 1);
  b.emit(Opcode::MakeRecord, r, 2, r + 2);
  b.emit(Opcode::InsertKey, x, r + 2);
  b.emit(Opcode::Last, x, done);
  b.emit(Opcode::DeferredSeek, x, t);
  b.emit(Opcode::FinishSeek, t);
  const ProgramRef program = b.done();

  Rows expected;
  std::map<int, int> rowid_of;
  for (int rowid = 1; rowid <= 300; ++rowid) rowid_of[rowid * 7919 % 1000] = rowid;
  for (int value = 500; value < 510; ++value) {
    if (rowid_of.count(value) == 0) continue;
    const std::string rowid = std::to_string(rowid_of[value]);
    expected.push_back(std::to_string(value) + "|" + rowid + "|w" + std::to_string(value) + "|" + rowid);
  }
  Rows rows = run(host, program);
  ASSERT_FALSE(rows.empty());
  const std::string last = rows.back();
  rows.pop_back();
  EXPECT_EQ(rows, expected);
  EXPECT_EQ(last, "error 11: database disk image is malformed");
}

TEST(Write, InsertsDeletesAndCounts) {
  MemoryHost host;
  const auto entry = host.add_tree(btree::TreeKind::Table);
  Builder b;
  b.program().changes_counted = true;
  b.database(0, nullptr, 0, true);
  const int c = b.new_cursor();
  const int r = b.new_registers(4);
  b.emit(Opcode::OpenWrite, c, b.add_tree(table_name(entry)));
  b.emit(Opcode::Integer, 0, r);
  const int ten = b.integer(10);
  const Label fill = b.here();
  b.emit(Opcode::AddImmediate, r, 1);
  b.emit(Opcode::MakeRecord, r, 1, r + 1).p4_affinities(b.affinities("B"));
  b.emit(Opcode::NewRowid, c, r + 2);
  b.emit(Opcode::InsertRow, c, r + 1, r + 2).p5(kCountChange | kLastRowid | kAppend);
  b.emit(Opcode::Lt, r, fill, ten);
  // Delete the even ones while walking.
  const Label end = b.new_label();
  const int two = b.integer(2);
  b.emit(Opcode::Rewind, c, end);
  const Label walk = b.here();
  const Label keep = b.new_label();
  b.emit(Opcode::Rowid, c, r);
  b.emit(Opcode::Remainder, r, two, r);
  b.emit(Opcode::If, r, keep);
  b.emit(Opcode::DeleteRow, c).p5(kCountChange | kKeepPosition);
  b.bind(keep);
  b.emit(Opcode::Next, c, walk);
  b.bind(end);
  const Label none = b.new_label();
  b.emit(Opcode::Rewind, c, none);
  const Label show = b.here();
  b.emit(Opcode::Column, c, 0, r);
  b.emit(Opcode::ResultRow, r, 1);
  b.emit(Opcode::Next, c, show);
  b.bind(none);
  b.emit(Opcode::Count, c, r);
  b.emit(Opcode::ResultRow, r, 1);
  const ProgramRef program = b.done();
  EXPECT_EQ(run(host, program), (Rows{"1", "3", "5", "7", "9", "5"}));
  EXPECT_EQ(host.counted_changes, 15);
  EXPECT_EQ(host.counted_total, 15);
  EXPECT_EQ(host.last_rowid, 10);
}

// Rows and keys whose records are made where they will lie are those that InsertRow and InsertKey store; so they are when
// the page has no room, when the row is there already, and when somebody listens.
TEST(Write, RecordsAreMadeInTheirTrees) {
  for (const bool listening : {false, true}) {
    for (const bool straight : {false, true}) {
      MemoryHost host;
      host.is_listening = listening;
      const auto rows = host.add_tree(btree::TreeKind::Table);
      const auto keys = host.add_tree(btree::TreeKind::Index);
      catalog::Table table{};
      table.name = "t";
      Builder b;
      b.program().changes_counted = true;
      b.database(0, nullptr, 0, true);
      const int c = b.new_cursor();
      const int k = b.new_cursor();
      const int r = b.new_registers(8);
      const record::KeyField fields[] = {{}, {}};
      TreeName key_tree = table_name(keys);
      key_tree.is_index = true;
      key_tree.key = b.key(fields);
      b.emit(Opcode::OpenWrite, c, b.add_tree(table_name(rows)));
      b.emit(Opcode::OpenWrite, k, b.add_tree(key_tree));
      const auto put_row = [&](int rowid) {
        if (straight) {
          b.emit(Opcode::WriteRow, c, r, rowid).p4_pointer(b.layout({"BE", &table, 2, true})).p5(kCountChange | kLastRowid);
        } else {
          b.emit(Opcode::MakeRecord, r, 2, r + 4).p4_affinities(b.affinities("BE"));
          b.emit(Opcode::InsertRow, c, r + 4, rowid).p4(&table).p5(kCountChange | kLastRowid);
        }
      };
      const auto put_key = [&] {
        b.emit(Opcode::Alias, r, r + 6);
        b.emit(Opcode::Alias, r + 2, r + 7);
        if (straight) {
          b.emit(Opcode::WriteKey, k, r + 6).p4_pointer(b.layout({"AA", nullptr, 2, true}));
        } else {
          b.emit(Opcode::MakeRecord, r + 6, 2, r + 4);
          b.emit(Opcode::InsertKey, k, r + 4, r + 6);
        }
      };
      b.emit(Opcode::Integer, 0, r + 3);
      const int last = b.integer(600);
      const int step = b.integer(7919);
      const int range = b.integer(1009);
      const Label fill = b.here();
      b.emit(Opcode::AddImmediate, r + 3, 1);
      b.emit(Opcode::Multiply, r + 3, step, r);
      b.emit(Opcode::Remainder, r, range, r);
      b.emit(Opcode::Copy, r, r + 1);
      b.emit(Opcode::NewRowid, c, r + 2);
      put_row(r + 2);
      put_key();
      b.emit(Opcode::Lt, r + 3, fill, last);
      // A row that is there, one that goes to overflow pages, and one between the others.
      b.emit(Opcode::Null, 0, r + 1);
      put_row(last);
      b.emit(Opcode::Constant, 0, r).p4(b.text(std::string(9000, 'x')));
      b.emit(Opcode::Int64, 0, r + 2).p4(std::int64_t{1} << 40);
      put_row(r + 2);
      put_key();
      b.emit(Opcode::Integer, -5, r + 2);
      put_row(r + 2);
      for (const int cursor : {c, k}) {
        const Label end = b.new_label();
        b.emit(Opcode::Rewind, cursor, end);
        const Label show = b.here();
        b.emit(Opcode::Column, cursor, 0, r);
        b.emit(Opcode::Column, cursor, 1, r + 1);
        b.emit(Opcode::ResultRow, r, 2);
        b.emit(Opcode::Next, cursor, show);
        b.bind(end);
      }
      static Rows plain;
      const Rows seen = run(host, b.done());
      if (!listening && !straight) plain = seen;
      EXPECT_EQ(seen.size(), 602u + 601u);
      EXPECT_EQ(seen, plain);
      EXPECT_EQ(host.counted_changes, 603);
      EXPECT_EQ(host.last_rowid, -5);
      EXPECT_EQ(host.heard.size(), listening ? 2u * 603 : 0u);
    }
  }
}

TEST(Write, NewRowidsKnowTheEndOfTheRange) {
  MemoryHost host;
  const auto entry = host.add_tree(btree::TreeKind::Table);
  const auto program = [&](bool autoincrement) {
    Builder b;
    b.database(0, nullptr, 0, true);
    const int c = b.new_cursor();
    const int r = b.new_registers(4);
    b.emit(Opcode::OpenWrite, c, b.add_tree(table_name(entry)));
    b.emit(Opcode::Int64, 0, r).p4(INT64_MAX);
    b.emit(Opcode::MakeRecord, r, 1, r + 1);
    b.emit(Opcode::InsertRow, c, r + 1, r);
    b.emit(Opcode::Integer, 0, r + 3);
    b.emit(Opcode::NewRowid, c, r + 2, autoincrement ? r + 3 : 0);
    const Label positive = b.new_label();
    b.emit(Opcode::IfPositive, r + 2, positive);
    b.emit(Opcode::Halt, 1);
    b.bind(positive);
    return b.done();
  };
  EXPECT_EQ(run(host, program(false)), Rows{});
  EXPECT_EQ(run(host, program(true)), (Rows{"error 13: database or disk is full"}));
}

TEST(RowDoor, HearsOfEachRow) {
  MemoryHost host;
  host.is_listening = true;
  const auto entry = host.add_tree(btree::TreeKind::Table);
  catalog::Table table{};
  table.name = "t";
  Builder b;
  b.database(0, nullptr, 0, true);
  const int c = b.new_cursor();
  const int r = b.new_registers(3);
  b.emit(Opcode::OpenWrite, c, b.add_tree(table_name(entry)));
  b.emit(Opcode::Integer, 5, r);
  b.emit(Opcode::MakeRecord, r, 1, r + 1);
  b.emit(Opcode::InsertRow, c, r + 1, r).p4(&table);
  // The same rowid again: an update in place.
  b.emit(Opcode::MakeRecord, r, 2, r + 1);
  b.emit(Opcode::InsertRow, c, r + 1, r).p4(&table).p5(kUpdate);
  // A changed rowid: delete and insert.
  const Label gone = b.new_label();
  b.emit(Opcode::NotExists, c, gone, r);
  b.emit(Opcode::DeleteRow, c).p4(&table).p5(kUpdate);
  b.emit(Opcode::Integer, 6, r);
  b.emit(Opcode::MakeRecord, r, 1, r + 1);
  b.emit(Opcode::InsertRow, c, r + 1, r).p4(&table).p5(kUpdate);
  b.emit(Opcode::NotExists, c, gone, r);
  b.emit(Opcode::DeleteRow, c).p4(&table);
  b.bind(gone);
  const Label heard = b.new_label();
  b.emit(Opcode::IfListening, 0, heard);
  b.emit(Opcode::Halt, 1);
  b.bind(heard);
  EXPECT_EQ(run(host, b.done()), Rows{});
  EXPECT_EQ(host.heard,
            (std::vector<std::string>{"before insert 5->5 0/3", "after insert 5->5 0/3", "before update 5->5 3/7",
                                      "after update 5->5 3/7", "before update 5->6 7/3", "after update 5->6 7/3",
                                      "before delete 6->6 3/0", "after delete 6->6 3/0"}));
}

TEST(Write, RealsOfARealColumnAreCompact) {
  MemoryHost host;
  Builder b;
  const int r = b.new_registers(3);
  b.emit(Opcode::Real, 0, r).p4(3.0);
  b.emit(Opcode::Real, 0, r + 1).p4(3.5);
  const int out = b.new_register();
  b.emit(Opcode::MakeRecord, r, 2, out).p4_affinities(b.affinities("EE"));
  const int pseudo = b.new_cursor();
  b.emit(Opcode::OpenPseudo, pseudo, out, 2);
  b.emit(Opcode::Column, pseudo, 0, r);
  b.emit(Opcode::ResultRow, r, 1);
  b.emit(Opcode::RealAffinity, r);
  b.emit(Opcode::Column, pseudo, 1, r + 1);
  b.emit(Opcode::ResultRow, r, 2);
  b.emit(Opcode::Close, pseudo);
  EXPECT_EQ(run(host, b.done()), (Rows{"3", "3.0|3.5"}));
}

// ---- sorters ----

Rows sorted(MemoryHost& host, catalog::EntryId entry, std::span<const record::KeyField> fields, int limit) {
  int sorter = 0;
  return run(host, scan(
                       entry,
                       [&](Builder& b, int cursor, int r, bool before) {
                         if (before) {
                           sorter = b.new_cursor();
                           b.emit(Opcode::Integer, limit, r + 5);
                           b.emit(Opcode::OpenSorter, sorter, 3, r + 5).p4(b.key(fields));
                           return;
                         }
                         b.emit(Opcode::Column, cursor, 1, r);
                         b.emit(Opcode::Column, cursor, 0, r + 1);
                         b.emit(Opcode::Rowid, cursor, r + 2);
                         b.emit(Opcode::SorterInsert, sorter, r, 3);
                       },
                       [&](Builder& b, int r) {
                         const Label none = b.new_label();
                         b.emit(Opcode::SorterSort, sorter, none);
                         const Label loop = b.here();
                         for (int i = 0; i < 3; ++i) b.emit(Opcode::SorterColumn, sorter, i, r + i);
                         b.emit(Opcode::ResultRow, r, 3);
                         b.emit(Opcode::SorterNext, sorter, loop);
                         b.bind(none);
                       }));
}

TEST(Sorter, OrdersStablyAndLimits) {
  MemoryHost host;
  const auto entry = make_table(
      host, 3000, [](int rowid) { return rowid * 7919 % 50; },
      [](int rowid) { return "a rather long common prefix " + std::to_string(rowid * 7919 % 40); });
  const record::KeyField fields[] = {descending(), ascending()};
  std::vector<std::tuple<std::string, int, int>> model;
  for (int rowid = 1; rowid <= 3000; ++rowid) {
    model.emplace_back("a rather long common prefix " + std::to_string(rowid * 7919 % 40), rowid * 7919 % 50, rowid);
  }
  std::stable_sort(model.begin(), model.end(), [](const auto& l, const auto& r) {
    if (std::get<0>(l) != std::get<0>(r)) return std::get<0>(l) > std::get<0>(r);
    return std::get<1>(l) < std::get<1>(r);
  });
  Rows expected;
  for (const auto& [text, value, rowid] : model) {
    expected.push_back(text + "|" + std::to_string(value) + "|" + std::to_string(rowid));
  }
  EXPECT_EQ(sorted(host, entry, fields, -1), expected);
  for (const int limit : {0, 1, 7, 2999, 5000}) {
    Rows first(expected.begin(), expected.begin() + std::min<int>(limit, 3000));
    EXPECT_EQ(sorted(host, entry, fields, limit), first) << limit;
  }
}

// Past its memory the sorter writes runs, and more than it can read at once are merged before.
TEST(Sorter, SpillsAndMergesInOrder) {
  MemoryHost host;
  const record::KeyField fields[] = {ascending()};
  record::KeyInfo key{fields, TextEncoding::Utf8};
  Sorter sorter(host, key, 2, -1, 2000);
  std::vector<std::pair<std::int64_t, std::int64_t>> model;
  for (int i = 0; i < 20000; ++i) {
    const std::int64_t value = (i * 7919LL) % 1000 - 500;
    record::Value row[2] = {};
    row[0].set_integer(value);
    row[1].set_integer(i);
    ASSERT_TRUE(sorter.add(row).ok());
    model.emplace_back(value, i);
  }
  std::sort(model.begin(), model.end());
  ASSERT_TRUE(sorter.sort().ok());
  for (const auto& [value, order] : model) {
    ASSERT_NE(sorter.row(), nullptr);
    record::Value a;
    record::Value b;
    packed::read(packed::read(sorter.row(), TextEncoding::Utf8, &a), TextEncoding::Utf8, &b);
    ASSERT_EQ(a.integer, value);
    ASSERT_EQ(b.integer, order);
    ASSERT_TRUE(sorter.next().ok());
  }
  EXPECT_EQ(sorter.row(), nullptr);
  EXPECT_GT(host.files_opened, 0);
}

// The normalised prefix and the comparison of values agree for every pair of a nasty list.
TEST(Sorter, PrefixesAgreeWithValues) {
  std::vector<record::Value> values(1);
  const auto integer = [&](std::int64_t v) { values.emplace_back().set_integer(v); };
  const auto real = [&](double v) { values.emplace_back().set_real(v); };
  const auto text = [&](std::string_view v) { values.emplace_back().set_text_borrowed(v); };
  for (const std::int64_t v : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, INT64_MAX, INT64_MIN, INT64_MAX - 1,
                               std::int64_t{1} << 53, (std::int64_t{1} << 53) + 1}) {
    integer(v);
  }
  for (const double v : {0.5, -0.0, 1.0, -1.5, 9007199254740992.0, 9007199254740994.0, 1e300, -1e300, 9.3e18}) real(v);
  for (const std::string_view v :
       {std::string_view("", 0), std::string_view("a"), std::string_view("A"), std::string_view("a "),
        std::string_view("a\0", 2), std::string_view("a\0b", 3), std::string_view("abcdefghijk"),
        std::string_view("abcdefghijkl"), std::string_view("abcdefghijkm"), std::string_view("\xff\xff")}) {
    text(v);
  }
  values.emplace_back().set_blob_borrowed("a");
  values.emplace_back().set_blob_borrowed("");
  for (const bool down : {false, true}) {
    for (const bool big : {false, true}) {
      for (const record::Collation* collation :
           {&record::binary_collation(), &record::nocase_collation(), &record::rtrim_collation()}) {
        const record::KeyField fields[] = {{collation, down, big}};
        const record::KeyInfo key{fields, TextEncoding::Utf8};
        for (const record::Value& a : values) {
          for (const record::Value& b : values) {
            const KeyPrefix left = key_prefix({&a, 1}, key);
            const KeyPrefix right = key_prefix({&b, 1}, key);
            const int order = record::compare_keys({&a, 1}, {&b, 1}, key);
            const auto l = std::pair(left.high, left.low);
            const auto r = std::pair(right.high, right.low);
            if (l < r) {
              EXPECT_LT(order, 0);
            }
            if (r < l) {
              EXPECT_GT(order, 0);
            }
            if (l == r && left.complete && right.complete) {
              EXPECT_EQ(order, 0);
            }
            if (order == 0) {
              EXPECT_EQ(hash_key({&a, 1}, key), hash_key({&b, 1}, key));
            }
          }
        }
      }
    }
  }
}

// ---- groups ----

// A user's collation: texts by their length. Nothing can hash it.
int by_length(void*, int size1, const void*, int size2, const void*) { return size1 - size2; }
const record::Collation kByLength{"bylength", &by_length, nullptr, record::CollationKind::User, TextEncoding::Utf8};

void expect_groups(std::size_t budget, bool user_collation) {
  MemoryHost host;
  const FunctionDef join = join_function();
  const FunctionDef count = count_function();
  const FunctionDef max = max_function();
  const FunctionCall join_call{&join, nullptr, 1};
  const FunctionCall count_call{&count, nullptr, 0};
  const FunctionCall max_call{&max, nullptr, 1};
  const record::KeyField fields[] = {{user_collation ? &kByLength : nullptr, false, false}};
  const record::KeyInfo key{fields, TextEncoding::Utf8};
  std::map<std::string, std::string> joined;
  std::map<std::string, int> counted;
  std::map<std::string, std::string> first;
  std::map<std::string, std::pair<int, std::string>> best;
  {
    // key, payloads: join, count, first text, max, text of max
    GroupTable table(host, key, 1, 5, {&host, TextEncoding::Utf8}, budget);
    for (int i = 0; i < 3000; ++i) {
      const std::string group = std::string(static_cast<std::size_t>(i * 31 % 97) + 1, 'k');
      const std::string value = std::to_string(i);
      const int rank = i * 7919 % 3001;
      record::Value k{};
      k.set_text_borrowed(group);
      record::Value v{};
      v.set_text_borrowed(value);
      record::Value m{};
      m.set_integer(rank);
      bool is_new;
      ASSERT_TRUE(table.enter({&k, 1}, &is_new).ok());
      if (is_new) {
        ASSERT_TRUE(table.store(2, v, true).ok());
      }
      ASSERT_TRUE(table.step(0, join_call, {&v, 1}).ok());
      ASSERT_TRUE(table.step(1, count_call, {}).ok());
      ASSERT_TRUE(table.step(3, max_call, {&m, 1}).ok());
      ASSERT_TRUE(table.carry(4, {&v, 1}).ok());
      joined[group] += (joined[group].empty() ? "" : ",") + value;
      ++counted[group];
      first.emplace(group, value);
      auto& top = best[group];
      if (top.second.empty() || rank > top.first) top = {rank, value};
    }
    bool found;
    ASSERT_TRUE(table.sort(&found).ok());
    for (const auto& [group, text] : joined) {
      ASSERT_TRUE(found);
      record::Value k;
      table.key(0, &k);
      EXPECT_EQ(text_of(k), group);
      OwnedValue out;
      ASSERT_TRUE(table.finish(0, join_call, &*out).ok());
      EXPECT_EQ(text_of(*out), text);
      out->release();
      ASSERT_TRUE(table.finish(1, count_call, &*out).ok());
      EXPECT_EQ(text_of(*out), std::to_string(counted[group]));
      record::Value carried;
      table.carried(2, &carried);
      EXPECT_EQ(text_of(carried), first[group]);
      table.carried(4, &carried);
      EXPECT_EQ(text_of(carried), best[group].second);
      // Half way the statement may be given up.
      if (group.size() == 60) break;
      ASSERT_TRUE(table.next(&found).ok());
    }
  }
  EXPECT_EQ(joins_alive, 0);
}

TEST(Groups, InMemory) { expect_groups(kRowMemoryBudget, false); }
TEST(Groups, PastTheBudget) { expect_groups(8000, false); }
TEST(Groups, UnderACollationOfTheHost) { expect_groups(kRowMemoryBudget, true); }

TEST(Groups, ByOpcodesInKeyOrder) {
  MemoryHost host;
  const auto entry = make_table(
      host, 100, [](int r) { return r % 3; }, [](int r) { return std::to_string(r); });
  const FunctionDef count = count_function();
  const FunctionDef sum = sum_function();
  const record::KeyField fields[] = {descending()};
  int hash = 0;
  const Rows rows = run(host, scan(
                                  entry,
                                  [&](Builder& b, int cursor, int r, bool before) {
                                    if (before) {
                                      hash = b.new_cursor();
                                      b.emit(Opcode::OpenHash, hash, 1, 3).p4(b.key(fields));
                                      return;
                                    }
                                    const Label known = b.new_label();
                                    b.emit(Opcode::Column, cursor, 0, r);
                                    b.emit(Opcode::HashGroup, hash, known, r);
                                    b.emit(Opcode::Column, cursor, 1, r + 2);
                                    b.emit(Opcode::GroupStore, hash, 2, r + 2);
                                    b.bind(known);
                                    b.emit(Opcode::GroupStep, hash, 0, 0).p4(b.call(count, nullptr, 0)).p5(0);
                                    b.emit(Opcode::Rowid, cursor, r + 1);
                                    b.emit(Opcode::GroupStep, hash, 1, r + 1).p4(b.call(sum, nullptr, 1)).p5(1);
                                  },
                                  [&](Builder& b, int r) {
                                    const Label none = b.new_label();
                                    b.emit(Opcode::GroupSort, hash, none);
                                    const Label loop = b.here();
                                    b.emit(Opcode::GroupKey, hash, 0, r);
                                    b.emit(Opcode::GroupFinal, hash, 0, r + 1).p4(b.call(count, nullptr, 0));
                                    b.emit(Opcode::GroupFinal, hash, 1, r + 2).p4(b.call(sum, nullptr, 1));
                                    b.emit(Opcode::GroupFinal, hash, 2, r + 3);
                                    b.emit(Opcode::ResultRow, r, 4);
                                    b.emit(Opcode::GroupNext, hash, loop);
                                    b.bind(none);
                                  }));
  EXPECT_EQ(rows, (Rows{"2|33|1650|2", "1|34|1717|1", "0|33|1683|3"}));
}

// ---- hash tables ----

void expect_join(std::size_t budget, const record::Collation* collation) {
  MemoryHost host;
  TemporarySpace space(host);
  const record::KeyField fields[] = {{collation, false, false}};
  const record::KeyInfo key{fields, TextEncoding::Utf8};
  HashTable table(space, key, 1, 1, budget);
  std::map<std::string, std::vector<int>> model;
  for (int i = 0; i < 2000; ++i) {
    const std::string text = std::string(static_cast<std::size_t>(i * 31 % 211), 'x');
    record::Value k{};
    k.set_text_borrowed(text);
    record::Value p{};
    p.set_integer(i);
    ASSERT_TRUE(table.add({&k, 1}, {&p, 1}, true, true).ok());
    model[text].push_back(i);
  }
  // One that matches nothing.
  record::Value null{};
  record::Value payload{};
  payload.set_integer(-1);
  ASSERT_TRUE(table.add({&null, 1}, {&payload, 1}, false, true).ok());

  std::set<int> unmatched{-1};
  for (const auto& [text, numbers] : model) {
    record::Value k{};
    k.set_text_borrowed(text);
    if (text.size() % 2 == 1) {
      unmatched.insert(numbers.begin(), numbers.end());
      continue;
    }
    bool found;
    ASSERT_TRUE(table.probe({&k, 1}, &found).ok());
    for (const int number : numbers) {
      ASSERT_TRUE(found);
      record::Value p;
      ASSERT_TRUE(table.payload(0, &p).ok());
      ASSERT_EQ(p.integer, number);
      table.mark();
      ASSERT_TRUE(table.next_match(&found).ok());
    }
    ASSERT_FALSE(found);
  }
  std::vector<int> walked;
  for (;;) {
    bool found;
    ASSERT_TRUE(table.next_unmatched(&found).ok());
    if (!found) break;
    record::Value p;
    ASSERT_TRUE(table.payload(0, &p).ok());
    walked.push_back(static_cast<int>(p.integer));
  }
  // In order of arrival; the made-up one came last.
  std::vector<int> expected(std::next(unmatched.begin()), unmatched.end());
  expected.push_back(-1);
  EXPECT_EQ(walked, expected);
}

// Texts that differ in their last bytes, as numbered names do, get different hashes.
TEST(HashTable, HashesSeeEveryByte) {
  const record::KeyField fields[] = {{}};
  const record::KeyInfo key{fields, TextEncoding::Utf8};
  std::set<std::uint32_t> hashes;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = "some text " + std::to_string(i);
    record::Value value{};
    value.set_text_borrowed(text);
    hashes.insert(hash_key({&value, 1}, key));
    value.set_integer(std::int64_t{i} << 40);
    hashes.insert(hash_key({&value, 1}, key));
  }
  EXPECT_GT(hashes.size(), 39900u);
}

TEST(HashTable, JoinsInMemory) { expect_join(kRowMemoryBudget, nullptr); }
TEST(HashTable, JoinsPastTheBudget) { expect_join(20000, nullptr); }
TEST(HashTable, JoinsUnderACollationOfTheHost) { expect_join(kRowMemoryBudget, &kByLength); }

TEST(HashTable, SetsKeepOneOfEach) {
  for (const std::size_t budget : {kRowMemoryBudget, std::size_t{3000}}) {
    MemoryHost host;
    TemporarySpace space(host);
    const record::KeyField fields[] = {{&record::nocase_collation(), false, false}, {}};
    const record::KeyInfo key{fields, TextEncoding::Utf8};
    HashTable table(space, key, 2, 0, budget);
    int added_count = 0;
    for (int i = 0; i < 3000; ++i) {
      const std::string text = (i % 2 == 0 ? "Key" : "kEY") + std::to_string(i / 2 % 250);
      record::Value k[2] = {};
      k[0].set_text_borrowed(text);
      if (i % 3 == 0) k[1].set_real(1.0);
      if (i % 3 == 1) k[1].set_integer(1);
      bool added;
      ASSERT_TRUE(table.add_once(k, &added).ok());
      added_count += added;
    }
    EXPECT_EQ(added_count, 500) << budget;
  }
}

TEST(HashTable, JoinsByOpcodes) {
  MemoryHost host;
  const auto entry = make_table(
      host, 12, [](int r) { return r % 4; }, word);
  const record::KeyField fields[] = {ascending()};
  int hash = 0;
  const Rows rows = run(host, scan(
                                  entry,
                                  [&](Builder& b, int cursor, int r, bool before) {
                                    if (before) {
                                      hash = b.new_cursor();
                                      b.emit(Opcode::OpenHash, hash, 1, 1).p4(b.key(fields));
                                      return;
                                    }
                                    b.emit(Opcode::Column, cursor, 0, r);
                                    b.emit(Opcode::Rowid, cursor, r + 1);
                                    b.emit(Opcode::HashInsert, hash, r, r + 1).p5(1);
                                  },
                                  [&](Builder& b, int r) {
                                    b.emit(Opcode::Integer, 2, r);
                                    const Label none = b.new_label();
                                    b.emit(Opcode::HashProbe, hash, none, r).p5(1);
                                    const Label loop = b.here();
                                    b.emit(Opcode::HashColumn, hash, 0, r + 1);
                                    b.emit(Opcode::HashMark, hash);
                                    b.emit(Opcode::ResultRow, r + 1, 1);
                                    b.emit(Opcode::HashNext, hash, loop);
                                    b.bind(none);
                                    const Label end = b.new_label();
                                    const Label rest = b.here();
                                    b.emit(Opcode::HashUnmatched, hash, end);
                                    b.emit(Opcode::HashColumn, hash, 0, r + 1);
                                    b.emit(Opcode::ResultRow, r + 1, 1);
                                    b.emit(Opcode::Goto, 0, rest);
                                    b.bind(end);
                                  }));
  EXPECT_EQ(rows, (Rows{"2", "6", "10", "1", "3", "4", "5", "7", "8", "9", "11", "12"}));
}

TEST(HashTable, DistinctByFirstAppearance) {
  MemoryHost host;
  const auto entry = make_table(
      host, 20, [](int r) { return r * 5 % 7; }, word);
  const record::KeyField fields[] = {ascending()};
  int set = 0;
  const Rows rows = run(host, scan(
                                  entry,
                                  [&](Builder& b, int cursor, int r, bool before) {
                                    if (before) {
                                      set = b.new_cursor();
                                      b.emit(Opcode::OpenHash, set, 1, 0).p4(b.key(fields));
                                      return;
                                    }
                                    const Label seen = b.new_label();
                                    b.emit(Opcode::Column, cursor, 0, r);
                                    b.emit(Opcode::DistinctAdd, set, seen, r);
                                    b.emit(Opcode::ResultRow, r, 1);
                                    b.bind(seen);
                                  },
                                  [](Builder&, int) {}));
  EXPECT_EQ(rows, (Rows{"5", "3", "1", "6", "4", "2", "0"}));
}

// ---- buffers, ephemeral trees ----

TEST(RowBuffer, KeepsRowsPastItsMemory) {
  MemoryHost host;
  RowBuffer buffer(host, 100000);
  RowBuffer::Reader reader;
  RowBuffer::Reader late;
  int read = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text(static_cast<std::size_t>(i % 60), 'b');
    record::Value row[2] = {};
    row[0].set_integer(i);
    row[1].set_text_borrowed(text);
    ASSERT_TRUE(buffer.append(row).ok());
    if (i % 3 != 0) continue;
    bool found;
    ASSERT_TRUE(buffer.next(reader, &found).ok());
    ASSERT_TRUE(found);
    record::Value v;
    packed::read(reader.row(), TextEncoding::Utf8, &v);
    ASSERT_EQ(v.integer, read++);
  }
  EXPECT_LT(buffer.memory_used(), 300000u);
  EXPECT_GT(host.files_opened, 0);
  ASSERT_TRUE(buffer.first(late).ok());
  for (int i = 0; i < 20000; ++i) {
    record::Value v;
    packed::read(late.row(), TextEncoding::Utf8, &v);
    ASSERT_EQ(v.integer, i);
    bool found;
    ASSERT_TRUE(buffer.next(late, &found).ok());
    ASSERT_EQ(found, i != 19999);
  }
}

TEST(RowBuffer, IsAQueueForRecursion) {
  MemoryHost host;
  Builder b;
  const int queue = b.new_cursor();
  const int twin = b.new_cursor();
  const int n = b.integer(1);
  const int limit = b.integer(2000);
  b.emit(Opcode::OpenBuffer, queue, 1);
  b.emit(Opcode::BufferInsert, queue, n, 1);
  const int total = b.integer(0);
  const Label end = b.new_label();
  const Label loop = b.here();
  b.emit(Opcode::BufferTake, queue, end);
  b.emit(Opcode::BufferColumn, queue, 0, n);
  b.emit(Opcode::Add, total, n, total);
  b.emit(Opcode::AddImmediate, n, 1);
  b.emit(Opcode::Gt, n, loop, limit);
  b.emit(Opcode::BufferInsert, queue, n, 1);
  b.emit(Opcode::Goto, 0, loop);
  b.bind(end);
  b.emit(Opcode::ResultRow, total, 1);
  // Two readers over one buffer.
  b.emit(Opcode::OpenBuffer, queue, 1);
  b.emit(Opcode::Integer, 1, n);
  b.emit(Opcode::BufferInsert, queue, n, 1);
  b.emit(Opcode::Integer, 2, n);
  b.emit(Opcode::BufferInsert, queue, n, 1);
  b.emit(Opcode::OpenDup, twin, queue);
  const int pair = b.new_registers(2);
  const Label done = b.new_label();
  b.emit(Opcode::BufferRewind, queue, done);
  const Label outer = b.here();
  const Label inner_done = b.new_label();
  b.emit(Opcode::BufferRewind, twin, inner_done);
  const Label inner = b.here();
  b.emit(Opcode::BufferColumn, queue, 0, pair);
  b.emit(Opcode::BufferColumn, twin, 0, pair + 1);
  b.emit(Opcode::ResultRow, pair, 2);
  b.emit(Opcode::BufferNext, twin, inner);
  b.bind(inner_done);
  b.emit(Opcode::BufferNext, queue, outer);
  b.bind(done);
  EXPECT_EQ(run(host, b.done()), (Rows{"2001000", "1|1", "1|2", "2|1", "2|2"}));
}

TEST(Ephemeral, TreesComeAndGoWithTheRun) {
  MemoryHost host;
  Builder b;
  const record::KeyField fields[] = {ascending()};
  const int c = b.new_cursor();
  const int r = b.new_registers(3);
  b.emit(Opcode::OpenEphemeral, c, 1).p4(b.key(fields));
  const Label empty = b.new_label();
  b.emit(Opcode::IfEmpty, c, empty);
  b.emit(Opcode::Halt, 1);
  b.bind(empty);
  for (const char* text : {"pear", "apple", "fig", "apple"}) {
    b.emit(Opcode::Constant, 0, r).p4(b.text(text));
    b.emit(Opcode::MakeRecord, r, 1, r + 1);
    b.emit(Opcode::InsertKey, c, r + 1, r).p5(kIgnoreEqual);
  }
  b.emit(Opcode::Constant, 0, r).p4(b.text("fig"));
  b.emit(Opcode::DeleteKey, c, r, 1);
  b.emit(Opcode::Sequence, c, r + 2);
  b.emit(Opcode::Sequence, c, r + 2);
  const Label end = b.new_label();
  b.emit(Opcode::Rewind, c, end);
  const Label loop = b.here();
  b.emit(Opcode::Column, c, 0, r);
  b.emit(Opcode::RowData, c, r + 1);
  b.emit(Opcode::ResultRow, r, 3);
  b.emit(Opcode::Next, c, loop);
  b.bind(end);
  b.emit(Opcode::NullRow, c);
  b.emit(Opcode::Column, c, 0, r);
  b.emit(Opcode::ResultRow, r, 1);
  const Label null_row = b.new_label();
  b.emit(Opcode::IfNullRow, c, null_row, r);
  b.emit(Opcode::Halt, 1);
  b.bind(null_row);
  Execution execution(b.done(), host);
  const Rows expected{
      "apple|x'\x02\x17"
      "apple'|1",
      "pear|x'\x02\x15"
      "pear'|1",
      "NULL"};
  EXPECT_EQ(run(execution), expected);
  EXPECT_EQ(host.temporaries_open(), 0);
  EXPECT_EQ(run(execution), expected);
}

TEST(Trees, AreMadeFilledClearedAndDropped) {
  MemoryHost host;
  const auto entry = sample(host, 50);
  Builder b;
  b.database(0, nullptr, 0, true);
  const int c = b.new_cursor();
  const int r = b.new_registers(5);
  b.emit(Opcode::CreateTree, 0, r, 0);
  b.emit(Opcode::OpenRoot, c, r, 0);
  b.emit(Opcode::Integer, 1, r + 1);
  b.emit(Opcode::MakeRecord, r + 1, 1, r + 2);
  b.emit(Opcode::InsertRow, c, r + 2, r + 1);
  b.emit(Opcode::Count, c, r + 3);
  b.emit(Opcode::ResultRow, r + 3, 1);
  b.emit(Opcode::Close, c);
  b.emit(Opcode::DropTree, 0, r, r + 4);
  b.emit(Opcode::Integer, 0, r + 3);
  b.emit(Opcode::ClearTree, b.add_tree(table_name(entry)), r + 3).p5(1);
  b.emit(Opcode::ResultRow, r + 3, 2);
  b.emit(Opcode::SetCookie, 0, 40, 3);
  b.emit(Opcode::ReadCookie, 0, r, 40);
  b.emit(Opcode::ResultRow, r, 1);
  b.emit(Opcode::SchemaChanged, 0);
  b.emit(Opcode::AutoCommit, 1);
  b.emit(Opcode::Savepoint, 2).p4(b.text("sp"));
  b.emit(Opcode::HostCall, static_cast<int>(HostFunction::Vacuum), r, r + 1).p5(2);
  b.emit(Opcode::ResultRow, r + 1, 1);
  b.emit(Opcode::ResetCount);
  EXPECT_EQ(run(host, b.done()), (Rows{"1", "50|0", "3", "2002"}));
  EXPECT_EQ(host.heard, (std::vector<std::string>{"schema_changed", "auto_commit 1", "savepoint 2 sp"}));
  EXPECT_EQ(host.counted_changes, 50);
}

#ifdef PERLITE_DEBUG
// What is read after its cursor moved is nonsense in debug builds, so that tests see it.
TEST(Debug, BorrowedRegistersEndWithTheirRow) {
  MemoryHost host;
  const auto entry = sample(host, 3);
  const Rows rows = run(host, scan(
                                  entry,
                                  [](Builder& b, int cursor, int r, bool before) {
                                    if (before) return;
                                    b.emit(Opcode::ResultRow, r, 1);
                                    b.emit(Opcode::Column, cursor, 1, r);
                                  },
                                  [](Builder&, int) {}));
  EXPECT_EQ(rows[0], "NULL");
  EXPECT_EQ(rows[1].substr(0, 3), "(re");
}
#endif

// ---- row sources ----

class Numbers final : public Source {
 public:
  std::span<const SourceColumn> columns() const noexcept override { return {}; }
  Status best_plan(SourcePlan&) override { return {}; }
  Result<UniquePtr<SourceCursor>> open() override {
    struct Cursor final : SourceCursor {
      std::int64_t at = 0;
      std::int64_t end = 0;
      Status filter(int plan, std::string_view, std::span<record::Value> arguments) override {
        at = plan;
        end = arguments[0].integer;
        return {};
      }
      Status next() override {
        ++at;
        return {};
      }
      bool at_end() override { return at > end; }
      Status column(int column, FunctionContext& context) override {
        context.result.set_integer(at * 10 + column);
        return {};
      }
      Status rowid(std::int64_t* rowid) override {
        *rowid = at;
        return {};
      }
    };
    return UniquePtr<SourceCursor>(make_unique<Cursor>());
  }
  Status update(std::span<record::Value> values, std::int64_t* rowid) override {
    if (values[0].integer == 13) return Status(Code::Constraint);
    *rowid = values[0].integer;
    return {};
  }
};

TEST(Sources, AreScannedAndChanged) {
  MemoryHost host;
  Numbers numbers;
  Builder b;
  const int c = b.new_cursor();
  const int r = b.new_registers(4);
  const SourceName* name = b.source({&numbers, nullptr, 0});
  b.emit(Opcode::OpenSource, c).p4(name);
  b.emit(Opcode::Integer, 4, r);
  b.emit(Opcode::Integer, 1, r + 1);
  b.emit(Opcode::Integer, 5, r + 2);
  const Label end = b.new_label();
  b.emit(Opcode::SourceFilter, c, end, r);
  const Label loop = b.here();
  b.emit(Opcode::SourceColumn, c, 1, r);
  b.emit(Opcode::SourceRowid, c, r + 1);
  b.emit(Opcode::ResultRow, r, 2);
  b.emit(Opcode::SourceNext, c, loop);
  b.bind(end);
  b.emit(Opcode::SourceUpdate, 1, 1, r + 2).p4(name).p5(0);
  b.emit(Opcode::Integer, 13, r + 2);
  b.emit(Opcode::SourceUpdate, 1, 1, r + 2).p4(name).p5(static_cast<unsigned>(catalog::ConflictAction::Ignore));
  b.emit(Opcode::SourceUpdate, 1, 1, r + 2).p4(name).p5(static_cast<unsigned>(catalog::ConflictAction::Fail));
  Execution execution(b.done(), host);
  EXPECT_EQ(run(execution), (Rows{"41|4", "51|5", "error 19: constraint failed"}));
  EXPECT_EQ(execution.conflict_action(), catalog::ConflictAction::Fail);
  EXPECT_EQ(host.last_rowid, 5);
}

TEST(TypeCheck, ConvertsOrNamesTheColumn) {
  MemoryHost host;
  catalog::Column columns[2] = {};
  columns[0].name = "a";
  columns[0].declared_type = "INT";
  columns[0].storage_index = 0;
  columns[1].name = "b";
  columns[1].declared_type = "real";
  columns[1].storage_index = 1;
  catalog::Table table{};
  table.name = "t";
  table.columns = columns;
  Builder b;
  const int r = b.new_registers(2);
  b.emit(Opcode::Constant, 0, r).p4(b.text("12"));
  b.emit(Opcode::Integer, 3, r + 1);
  b.emit(Opcode::TypeCheck, r, 2).p4(&table);
  b.emit(Opcode::ResultRow, r, 2);
  b.emit(Opcode::Constant, 0, r).p4(b.text("x"));
  b.emit(Opcode::TypeCheck, r, 2).p4(&table);
  EXPECT_EQ(run(host, b.done()), (Rows{"12|3.0", "error 3091: cannot store TEXT value in INT column t.a"}));
}

}  // namespace
}  // namespace perlite::vm
