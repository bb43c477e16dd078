#include "tools/perlite_test_file.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace perlite::tools {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(" \t", at)) != std::string::npos) {
    const std::size_t end = line.find_first_of(" \t", at);
    words.push_back(line.substr(at, end == std::string::npos ? end : end - at));
    if (end == std::string::npos) break;
    at = end;
  }
  return words;
}

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t") == std::string::npos; }

// What follows `count` words of the line.
std::string rest_of(const std::string& line, int count) {
  std::size_t at = 0;
  for (int i = 0; i < count; ++i) {
    at = line.find_first_not_of(" \t", at);
    at = line.find_first_of(" \t", at);
    if (at == std::string::npos) return "";
  }
  at = line.find_first_not_of(" \t", at);
  if (at == std::string::npos) return "";
  return line.substr(at, line.find_last_not_of(" \t") + 1 - at);
}

class Reader {
 public:
  explicit Reader(TestFile& file) : file_(file), lines_(file.lines) {}

  void run() {
    std::vector<Condition> conditions;
    while (at_ < lines_.size()) {
      const std::string& line = lines_[at_];
      if (is_blank(line) || line[0] == '#') {
        ++at_;
        continue;
      }
      const std::vector<std::string> words = words_of(line);
      if ((words[0] == "skipif" || words[0] == "onlyif") && words.size() >= 2) {
        conditions.push_back({words[0] == "skipif", words[1]});
        ++at_;
        continue;
      }
      Record record;
      record.line = at_;
      record.conditions.swap(conditions);
      read_record(words, record);
      file_.records.push_back(std::move(record));
    }
  }

 private:
  void read_record(const std::vector<std::string>& words, Record& record) {
    const std::string& line = lines_[at_++];
    if (words[0] == "halt") {
      record.kind = RecordKind::Halt;
    } else if (words[0] == "hash-threshold" && words.size() == 2) {
      record.kind = RecordKind::HashThreshold;
      record.threshold = std::strtol(words[1].c_str(), nullptr, 10);
    } else if (words[0] == "statement" && words.size() >= 2 && (words[1] == "ok" || words[1] == "error")) {
      record.kind = words[1] == "ok" ? RecordKind::StatementOk : RecordKind::StatementError;
      if (record.kind == RecordKind::StatementError) record.error_text = rest_of(line, 2);
      read_sql(record);
    } else if (words[0] == "query" && words.size() >= 2) {
      record.kind = RecordKind::Query;
      record.types = words[1];
      if (words.size() >= 3 && !read_sort(words[2], record)) return malformed(record, "unknown sort mode: " + words[2]);
      if (words.size() >= 4) record.label = words[3];
      read_sql(record);
      read_expected(record);
    } else {
      malformed(record, "unknown record: " + line);
    }
  }

  static bool read_sort(const std::string& word, Record& record) {
    if (word == "nosort") {
      record.sort = SortMode::None;
    } else if (word == "rowsort") {
      record.sort = SortMode::Rows;
    } else if (word == "valuesort") {
      record.sort = SortMode::Values;
    } else {
      return false;
    }
    return true;
  }

  void read_sql(Record& record) {
    record.sql_begin = at_;
    while (at_ < lines_.size() && !is_blank(lines_[at_]) && lines_[at_] != "----") {
      if (!record.sql.empty()) record.sql += '\n';
      record.sql += lines_[at_++];
    }
  }

  void read_expected(Record& record) {
    record.expected_begin = record.expected_end = at_;
    if (at_ >= lines_.size() || lines_[at_] != "----") return;
    record.has_separator = true;
    record.expected_begin = ++at_;
    while (at_ < lines_.size() && !lines_[at_].empty()) ++at_;
    record.expected_end = at_;
  }

  void malformed(Record& record, std::string text) {
    record.kind = RecordKind::Malformed;
    record.error_text = std::move(text);
    while (at_ < lines_.size() && !is_blank(lines_[at_])) ++at_;
  }

  TestFile& file_;
  const std::vector<std::string>& lines_;
  std::size_t at_ = 0;
};

}  // namespace

bool TestFile::read(std::string* error) {
  std::FILE* in = std::fopen(path.c_str(), "rb");
  if (in == nullptr) {
    *error = std::strerror(errno);
    return false;
  }
  std::string bytes;
  char buffer[65536];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, in)) > 0;) bytes.append(buffer, got);
  const bool failed = std::ferror(in) != 0;
  std::fclose(in);
  if (failed) {
    *error = "cannot be read";
    return false;
  }
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::size_t end = bytes.find('\n', at);
    if (end == std::string::npos) end = bytes.size();
    std::size_t text_end = end;
    if (text_end > at && bytes[text_end - 1] == '\r') {
      --text_end;
      line_end = "\r\n";
    }
    lines.push_back(bytes.substr(at, text_end - at));
    at = end + 1;
  }
  Reader(*this).run();
  return true;
}

bool TestFile::write(std::string* error) const {
  // Aside first: a full disk must not cost the only copy.
  const std::string aside = path + ".new";
  std::FILE* out = std::fopen(aside.c_str(), "wb");
  if (out == nullptr) {
    *error = std::strerror(errno);
    return false;
  }
  for (const std::string& line : lines) {
    std::fwrite(line.data(), 1, line.size(), out);
    std::fwrite(line_end.data(), 1, line_end.size(), out);
  }
  const bool failed = std::ferror(out) != 0;
  if (std::fclose(out) != 0 || failed || std::rename(aside.c_str(), path.c_str()) != 0) {
    *error = "cannot be written";
    return false;
  }
  return true;
}

}  // namespace perlite::tools
