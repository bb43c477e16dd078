// tools/perlite_test_file.h: a sqllogictest file as records.
//
// Records are separated by blank lines; lines that begin with # are comments. Line ends may be LF or CR LF, and are
// kept: a file that is written back differs only where an expectation changed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace perlite::tools {

enum class RecordKind { StatementOk, StatementError, Query, Halt, HashThreshold, Malformed };
enum class SortMode { None, Rows, Values };

struct Condition {
  bool skip = false;  // skipif; else onlyif
  std::string engine;
};

struct Record {
  RecordKind kind = RecordKind::Malformed;
  std::size_t line = 0;       // index of the record's own line
  std::size_t sql_begin = 0;  // index of the first line of SQL; the separator or the blank line ends it
  std::size_t expected_begin = 0, expected_end = 0;  // lines of values, behind the separator
  bool has_separator = false;
  std::vector<Condition> conditions;
  std::string sql;
  std::string error_text;  // of `statement error TEXT`; of a malformed record, what is wrong
  std::string types;       // of a query, a letter a column
  SortMode sort = SortMode::None;
  std::string label;
  long threshold = 0;
};

struct TestFile {
  std::string path;
  std::vector<std::string> lines;  // without their ends
  std::string line_end = "\n";
  std::vector<Record> records;

  bool read(std::string* error);
  bool write(std::string* error) const;
  std::string_view expected(const Record& record, std::size_t index) const {
    return lines[record.expected_begin + index];
  }
};

}  // namespace perlite::tools
