// Hand-built programs, run over a database in memory, and their rows as text.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "btree/cursor.h"
#include "record/record.h"
#include "tests/support/memory_host.h"
#include "vm/disassembler.h"
#include "vm/execution.h"
#include "vm/program_builder.h"

namespace perlite::vm {

using test::MemoryHost;
using Rows = std::vector<std::string>;

inline std::string text_of(const record::Value& value) {
  if (value.is_null()) return "NULL";
  if (value.has(record::Value::kZeroBlob)) return "zeros(" + std::to_string(value.size) + ")";
  record::TextScratch scratch;
  if (value.type == ValueType::Blob) return "x'" + std::string(value.bytes()) + "'";
  return std::string(scratch.text(value));
}

// A builder whose program begins with Init.
struct Builder : ProgramBuilder {
  explicit Builder(TextEncoding encoding = TextEncoding::Utf8) : ProgramBuilder(encoding) { emit(Opcode::Init); }
  // A register with a constant in it.
  int integer(std::int64_t value) {
    const int reg = new_register();
    emit_integer(value, reg);
    return reg;
  }
  int real(double value) {
    const int reg = new_register();
    emit(Opcode::Real, 0, reg).p4(value);
    return reg;
  }
  int text_register(std::string_view value) {
    const int reg = new_register();
    emit(Opcode::Constant, 0, reg).p4(text(value));
    return reg;
  }
  ProgramRef done() {
    emit(Opcode::Halt);
    auto finished = finish();
    EXPECT_TRUE(finished.ok()) << finished.status().message();
    return finished.ok() ? std::move(finished).value() : ProgramRef();
  }
};

// Runs to the end; a failure is the last row: "error CODE: text".
inline Rows run(Execution& execution) {
  Rows rows;
  for (;;) {
    auto result = execution.step();
    if (!result.ok()) {
      rows.push_back("error " + std::to_string(static_cast<int>(result.status().code())) + ": " +
                     std::string(result.status().message()));
      break;
    }
    if (result.value() == StepResult::Done) break;
    std::string row;
    for (const record::Value& value : execution.row()) row += (row.empty() ? "" : "|") + text_of(value);
    rows.push_back(row);
  }
  execution.reset();
  return rows;
}
inline Rows run(MemoryHost& host, const ProgramRef& program) {
  Execution execution(program, host);
  return run(execution);
}

inline record::KeyField ascending() { return {}; }
inline record::KeyField descending() { return {nullptr, true, false}; }

// count(*), sum of integers, and text joined by commas, which owns memory: leaks show.
inline FunctionDef count_function() {
  FunctionDef def{"count", 0};
  def.flags = kAggregate | kCount;
  def.state_size = 8;
  def.step = [](FunctionContext& c, int, record::Value*) { ++c.state_as<std::int64_t>(); };
  def.finalize = [](FunctionContext& c) { c.result.set_integer(c.state_as<std::int64_t>()); };
  return def;
}
inline FunctionDef sum_function() {
  struct Sum {
    std::int64_t sum;
    std::int64_t count;
  };
  FunctionDef def{"sum", 1};
  def.flags = kAggregate;
  def.state_size = sizeof(Sum);
  def.step = [](FunctionContext& c, int, record::Value* v) {
    auto& sum = c.state_as<Sum>();
    if (v->type != ValueType::Integer) return;
    sum.sum += v->integer;
    ++sum.count;
  };
  def.finalize = [](FunctionContext& c) {
    const auto& sum = c.state_as<Sum>();
    if (sum.count != 0) c.result.set_integer(sum.sum);
  };
  return def;
}
inline int joins_alive = 0;  // states of join_function() that were begun and not ended
inline FunctionDef join_function() {
  struct Join {
    std::string* text;
  };
  FunctionDef def{"join", 1};
  def.flags = kAggregate;
  def.state_size = sizeof(Join);
  def.step = [](FunctionContext& c, int, record::Value* v) {
    auto& join = c.state_as<Join>();
    if (join.text == nullptr) {
      join.text = new std::string;
      ++joins_alive;
    } else {
      *join.text += ',';
    }
    *join.text += text_of(*v);
  };
  def.finalize = [](FunctionContext& c) {
    auto& join = c.state_as<Join>();
    if (join.text == nullptr) return;
    if (!c.discarded) c.set_text(*join.text);
    delete join.text;
    join.text = nullptr;
    --joins_alive;
  };
  return def;
}
inline FunctionDef max_function() {
  struct Max {
    std::int64_t value;
    std::int64_t any;
  };
  FunctionDef def{"max", 1};
  def.flags = kAggregate | kMinMax | kMax;
  def.state_size = sizeof(Max);
  def.step = [](FunctionContext& c, int, record::Value* v) {
    auto& max = c.state_as<Max>();
    if (max.any != 0 && v->integer <= max.value) return;
    max = {v->integer, 1};
    c.took_argument = true;
  };
  def.finalize = [](FunctionContext& c) {
    const auto& max = c.state_as<Max>();
    if (max.any != 0) c.result.set_integer(max.value);
  };
  return def;
}

// A rowid tree with rows (value, text) for rowids 1..count; value and text by functions of the rowid.
template <class ValueOf, class TextOf>
catalog::EntryId make_table(MemoryHost& host, int count, ValueOf value_of, TextOf text_of_row) {
  const catalog::EntryId entry = host.add_tree(btree::TreeKind::Table);
  btree::Cursor cursor;
  cursor.open(host.store().view(), host.root_of(0, entry).value(), btree::TreeKind::Table);
  record::RecordBuilder builder;
  for (int rowid = 1; rowid <= count; ++rowid) {
    const std::string text = text_of_row(rowid);
    record::Value values[2] = {};
    values[0].set_integer(value_of(rowid));
    values[1].set_text_borrowed(text);
    auto record = builder.build(values, {}, 1000000000);
    EXPECT_TRUE(record.ok());
    EXPECT_TRUE(cursor.insert_row(rowid, {record.value(), 0}).ok());
  }
  return entry;
}
inline TreeName table_name(catalog::EntryId entry) { return {0, entry, false, nullptr, nullptr, nullptr}; }

}  // namespace perlite::vm
