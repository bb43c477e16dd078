// Every built-in function answers as SQLite does, by type and bits or by the text of its error: tables of calls whose
// results the newest release gave (data/*.txt), in UTF-8 and both UTF-16 encodings.
//
// A line is: function, arguments, '=', result, parted by tabs. Values: N | I<int64> | R<bits of the double, hex> |
// T<UTF-8 text, hex> | J<the same, of JSON subtype> | B<hex>; results also E<message>. "@utf16le" and the like set the
// encoding of what follows; "@now <ms>" sets the clock. Aggregates take their rows parted by ';'.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/number.h"
#include "func/builtins.h"
#include "func/json_table.h"

namespace perlite::func {
namespace {

class TestHost final : public vm::FunctionHost {
 public:
  std::int64_t now = 212501059200000;  // 2021-11-22 12:00

  void* connection() noexcept override { return nullptr; }
  Result<std::int64_t> current_time_ms() override { return now; }
  void random_bytes(void* bytes, std::size_t count) noexcept override { std::memset(bytes, 0x5a, count); }
  std::int64_t last_insert_rowid() noexcept override { return 7; }
  std::int64_t changes() noexcept override { return 8; }
  std::int64_t total_changes() noexcept override { return 9; }
  std::int64_t length_limit() noexcept override { return 1000000000; }
  std::int64_t like_pattern_limit() noexcept override { return 50000; }
  Status load_extension(std::string_view, std::string_view) override { return Status::error("not authorized"); }
  void log(int, std::string_view) noexcept override {}
  std::string_view source_id() noexcept override { return "id"; }
  std::string_view compile_option(int index) noexcept override {
    return index == 0 ? "ENABLE_FTS5" : index == 1 ? "THREADSAFE=1" : std::string_view();
  }
};

std::string unhex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(base::hex_digit(hex[i]) * 16 + base::hex_digit(hex[i + 1])));
  }
  return bytes;
}

void parse_value(const std::string& text, TextEncoding encoding, Value* value) {
  const std::string rest = text.substr(1);
  switch (text[0]) {
    case 'I':
      return value->set_integer(base::parse_integer_prefix(rest));
    case 'R': {
      const std::string bits = unhex(rest);
      return value->set_real(std::bit_cast<double>(base::load_be64(reinterpret_cast<const std::byte*>(bits.data()))));
    }
    case 'T':
      value->set_text_copy(unhex(rest));
      return value->convert_to_text(encoding);
    case 'J':
      value->set_text_copy(unhex(rest));
      value->convert_to_text(encoding);
      value->subtype = 'J';
      return;
    case 'B':
      value->set_blob_copy(unhex(rest));
      value->encoding = encoding;
      return;
    default:
      return value->set_null();
  }
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string show(Value& value) {
  switch (value.type) {
    case ValueType::Null:
      return "N";
    case ValueType::Integer:
      return "I" + std::to_string(value.integer);
    case ValueType::Real: {
      std::byte raw[8];
      base::store_be64(raw, std::bit_cast<std::uint64_t>(value.real));
      return "R" + hex({reinterpret_cast<const char*>(raw), 8});
    }
    case ValueType::Text:
      value.convert_to_text(TextEncoding::Utf8);
      return "T" + hex(value.bytes());
    case ValueType::Blob:
      break;
  }
  value.materialize();
  return "B" + hex(value.bytes());
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::stringstream in(text);
  std::string part;
  while (std::getline(in, part, by)) parts.push_back(part);
  return parts;
}

const vm::FunctionDef* find(const std::string& name, int arg_count, bool aggregate) {
  for (const vm::FunctionDef& def : builtin_functions()) {
    if (name != def.name || def.is_aggregate() != aggregate) continue;
    if (def.arg_count == arg_count || (def.arg_count < 0 && arg_count >= def.min_arg_count)) return &def;
  }
  return nullptr;
}

// Doubles of functions whose last bits belong to the C library.
bool close_enough(const std::string& name, const std::string& got, const std::string& wanted) {
  static const char* const kLibrary[] = {"acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh",
                                         "cos",  "cosh",  "exp",  "ln",    "log",  "log10", "log2",
                                         "pow",  "power", "sin",  "sinh",  "tan",  "tanh"};
  if (std::find_if(std::begin(kLibrary), std::end(kLibrary), [&](const char* n) { return name == n; }) ==
      std::end(kLibrary))
    return false;
  if (got.size() != 17 || wanted.size() != 17 || got[0] != 'R' || wanted[0] != 'R') return false;
  Value a{}, b{};
  parse_value(got, TextEncoding::Utf8, &a);
  parse_value(wanted, TextEncoding::Utf8, &b);
  return std::fabs(a.real - b.real) <= 1e-14 * std::fabs(b.real);
}

class Rows {
 public:
  explicit Rows(const std::vector<std::string>& texts, TextEncoding encoding) {
    for (const std::string& text : texts) parse_value(text, encoding, &values_.emplace_back());
  }
  Rows(const Rows&) = delete;
  ~Rows() {
    for (Value& value : values_) value.release();
  }
  Value* data() { return values_.data(); }
  int size() const { return static_cast<int>(values_.size()); }

 private:
  std::vector<Value> values_;
};

void prepare(vm::FunctionContext& context, TestHost& host, const vm::FunctionDef& def, TextEncoding encoding) {
  context.function = &def;
  context.host = &host;
  context.encoding = encoding;
  context.collation = &record::binary_collation();
}

std::string call_scalar(TestHost& host, vm::AuxiliaryStore& auxiliary, const vm::FunctionDef& def, Rows& args,
                        TextEncoding encoding) {
  vm::FunctionContext context;
  prepare(context, host, def, encoding);
  context.auxiliary = &auxiliary;
  def.scalar(context, args.size(), args.data());
  if (!context.error.ok()) return "E" + std::string(context.error.message());
  if (context.result.type == ValueType::Text) {
    EXPECT_EQ(context.result.encoding, encoding) << def.name;
  }
  return show(context.result);
}

std::string call_aggregate(TestHost& host, const vm::FunctionDef& def, const std::vector<std::string>& rows,
                           TextEncoding encoding) {
  alignas(8) std::byte state[64] = {};
  std::string error;
  const auto step = [&](const std::string& row, auto function, bool moving) {
    Rows args(row.empty() ? std::vector<std::string>() : split(row, ','), encoding);
    vm::FunctionContext context;
    prepare(context, host, def, encoding);
    context.state = state;
    context.moving_frame = moving;
    function(context, args.size(), args.data());
    if (!context.error.ok()) error = "E" + std::string(context.error.message());
  };
  const auto result = [&](auto function) {
    vm::FunctionContext context;
    prepare(context, host, def, encoding);
    context.state = state;
    function(context);
    if (!context.error.ok()) return "E" + std::string(context.error.message());
    return show(context.result);
  };
  for (const std::string& row : rows) step(row, def.step, false);
  const std::string plain = result(def.finalize);
  if (!error.empty()) return error;
  // Rows that come before and leave again change nothing (integers and texts only: sums of reals keep a trace).
  const bool exact =
      std::none_of(rows.begin(), rows.end(), [](const std::string& r) { return r.find('R') != std::string::npos; });
  if (exact && plain[0] != 'E' && !rows.empty()) {
    std::memset(state, 0, sizeof state);
    for (const std::string& row : rows) step(row, def.step, true);
    for (const std::string& row : rows) step(row, def.step, true);
    for (const std::string& row : rows) step(row, def.inverse, true);
    const std::string moved = result(def.value);
    if (error.empty() && moved[0] != 'E') {
      EXPECT_EQ(moved, plain) << def.name;
    }
    static_cast<void>(result(def.finalize));
  }
  return plain;
}

TEST(Functions, AnswerAsSqliteDoes) {
  const std::filesystem::path folder = PERLITE_SOURCE_DIR "/tests/unit/func/data";
  int calls = 0;
  int failures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    std::ifstream file(entry.path());
    std::string line;
    TestHost host;
    vm::AuxiliaryStore auxiliary;
    TextEncoding encoding = TextEncoding::Utf8;
    while (std::getline(file, line)) {
      if (line.empty() || line[0] == '#') continue;
      if (line[0] == '@') {
        if (line == "@utf8") encoding = TextEncoding::Utf8;
        if (line == "@utf16le") encoding = TextEncoding::Utf16le;
        if (line == "@utf16be") encoding = TextEncoding::Utf16be;
        if (line.starts_with("@now ")) host.now = base::parse_integer_prefix(line.substr(5));
        continue;
      }
      const std::vector<std::string> fields = split(line, '\t');
      const auto equals = std::find(fields.begin(), fields.end(), "=");
      ASSERT_TRUE(equals != fields.end() && equals + 1 != fields.end()) << line;
      const std::string& wanted = *(equals + 1);
      std::string got;
      if (fields[0][0] == '*') {
        const std::string name = fields[0].substr(1);
        const std::vector<std::string> rows = fields[1] == "-" ? std::vector<std::string>() : split(fields[1], ';');
        const int arg_count = std::stoi(fields[2]);
        const vm::FunctionDef* def = find(name, arg_count, true);
        ASSERT_NE(def, nullptr) << line;
        got = call_aggregate(host, *def, rows, encoding);
      } else {
        Rows args(std::vector<std::string>(fields.begin() + 1, equals), encoding);
        const vm::FunctionDef* def = find(fields[0], args.size(), false);
        ASSERT_NE(def, nullptr) << line;
        got = call_scalar(host, auxiliary, *def, args, encoding);
      }
      ++calls;
      if (got == wanted || close_enough(fields[0], got, wanted)) continue;
      if (++failures < 60) ADD_FAILURE() << entry.path().filename() << ": " << line << "\n got " << got;
    }
  }
  EXPECT_GT(calls, 1000);
  EXPECT_EQ(failures, 0);
}

// The rows of a table function, values parted by ',', rows by ';'.
std::string rows_of(TestHost& host, vm::Source& source, std::vector<std::string> texts) {
  Rows arguments(texts, TextEncoding::Utf8);
  auto cursor = source.open();
  if (!cursor.ok()) return "E";
  vm::SourceCursor& rows = *cursor.value();
  Status status = rows.filter(arguments.size(), {}, {arguments.data(), static_cast<std::size_t>(arguments.size())});
  std::string all;
  while (status.ok() && !rows.at_end()) {
    if (!all.empty()) all += ';';
    for (int column = 0; column < 8; ++column) {
      vm::FunctionContext context;
      context.host = &host;
      EXPECT_TRUE(rows.column(column, context).ok());
      all += (column == 0 ? "" : ",") + show(context.result);
    }
    status = rows.next();
  }
  if (!status.ok()) return "E" + std::string(status.message());
  return all.empty() ? "-" : all;
}

TEST(Functions, JsonTablesGiveTheRowsOfSqlite) {
  std::ifstream file(PERLITE_SOURCE_DIR "/tests/unit/func/data/rows/json_table.txt");
  std::string line;
  TestHost host;
  int count = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> fields = split(line, '\t');
    ASSERT_EQ(fields.size(), 5u) << line;
    for (const TableFunction& function : builtin_table_functions()) {
      if (function.name != fields[0]) continue;
      std::vector<std::string> arguments{fields[1]};
      if (fields[2] != "-") arguments.push_back(fields[2]);
      EXPECT_EQ(rows_of(host, *function.make(), arguments), fields[4]) << line;
      ++count;
    }
  }
  EXPECT_GT(count, 500);
}

TEST(Functions, JsonTablesWantTheirDocumentFirst) {
  const auto source = builtin_table_functions()[0].make();
  vm::SourceConstraint constraints[] = {{9, 2, true}, {8, 2, true}, {0, 2, true}};
  int argument_index[3] = {};
  bool omit[3] = {};
  vm::SourcePlan plan;
  plan.constraints = constraints;
  plan.argument_index = argument_index;
  plan.omit = omit;
  ASSERT_TRUE(source->best_plan(plan).ok());
  EXPECT_EQ(plan.plan_number, 2);
  EXPECT_EQ(argument_index[0], 2);
  EXPECT_EQ(argument_index[1], 1);
  EXPECT_EQ(argument_index[2], 0);
  constraints[1].usable = false;
  EXPECT_EQ(source->best_plan(plan).code(), Code::Constraint);
}

TEST(Functions, SoundexIsThatOfTheDistribution) {
  TestHost host;
  vm::AuxiliaryStore auxiliary;
  const vm::FunctionDef* soundex = find("soundex", 1, false);
  for (const auto& [word, code] : {std::pair{"Robert", "R163"},
                                   {"Ashcraft", "A226"},
                                   {"Tymczak", "T522"},
                                   {"  Pfister", "P236"},
                                   {"lloyd", "L300"},
                                   {"Jackson", "J250"},
                                   {"BCDFGJ", "B231"},
                                   {"a-b", "A100"},
                                   {"", "?000"},
                                   {"123", "?000"}}) {
    Rows args({"T" + hex(word)}, TextEncoding::Utf8);
    EXPECT_EQ(call_scalar(host, auxiliary, *soundex, args, TextEncoding::Utf8), "T" + hex(code)) << word;
  }
}

TEST(Functions, TableIsInOrder) {
  for (const vm::FunctionDef& def : builtin_functions()) {
    EXPECT_NE(def.scalar == nullptr, def.step == nullptr) << def.name;
    EXPECT_EQ(def.is_aggregate(), def.finalize != nullptr) << def.name;
    EXPECT_EQ(def.is_aggregate(), def.has(vm::kAggregate)) << def.name;
    EXPECT_EQ(def.has(vm::kWindow), def.value != nullptr && def.inverse != nullptr) << def.name;
    EXPECT_TRUE(def.has(vm::kBuiltIn)) << def.name;
  }
}

}  // namespace
}  // namespace perlite::func
