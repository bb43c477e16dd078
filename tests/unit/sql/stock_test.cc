// What stock accepts the parser accepts, and what stock refuses it refuses with stock's message at stock's offset.
// The tables in data/ were made by the stock library; a statement that stock refuses for its meaning is "ok" there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "sql/lexer.h"
#include "sql/parser.h"

namespace perlite::sql {
namespace {

std::filesystem::path data_file(const char* name) {
  return std::filesystem::path(PERLITE_SOURCE_DIR "/tests/unit/sql/data") / name;
}

std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (text[i + 1] == 'x') {
      out += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else {
      out += text[++i];
    }
  }
  return out;
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> result;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) result.push_back(field);
  return result;
}

TEST(Stock, StatementsAreAcceptedOrRefusedAlike) {
  std::ifstream file(data_file("statements.tsv"));
  ASSERT_TRUE(file.is_open());
  int refused = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto field = fields(line);
    ASSERT_EQ(field.size(), 3u) << line;
    const std::string sql = unescape(field[0]);
    Arena arena;
    const auto result = parse_statement(sql, arena);
    const std::string message = result.ok() ? "ok" : std::string(result.status().message());
    EXPECT_EQ(message, unescape(field[1])) << sql;
    const int offset = std::stoi(field[2]);
    if (!result.ok()) {
      ++refused;
      EXPECT_EQ(result.status().code(), Code::Error);
      if (offset != -2 && message == unescape(field[1])) {
        EXPECT_EQ(result.status().offset(), offset) << sql;
      }
    }
  }
  EXPECT_GT(refused, 150);
}

void replace_all(std::string& text, const std::string& word) {
  for (std::size_t at = 0; (at = text.find('@', at)) != std::string::npos; at += word.size()) text.replace(at, 1, word);
}

TEST(Stock, EveryKeywordMeansTheSameInEveryPlace) {
  std::ifstream file(data_file("keywords.tsv"));
  ASSERT_TRUE(file.is_open());
  std::vector<std::string> words = {"foo", "\"q\"", "[q]", "'q'"};
#define KEYWORD(token, text, use) words.push_back(text);
#include "sql/keywords.def"
#undef KEYWORD
  for (std::string& word : words) {
    for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  std::map<std::string, std::map<std::string, std::string>> expected;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto field = fields(line);
    auto& context = expected[field[0]];
    if (field.size() < 3) continue;
    std::stringstream stream(field[2]);
    for (std::string word; stream >> word;) context[word] = field[1];
  }
  for (const auto& [context, refusals] : expected) {
    for (const std::string& word : words) {
      std::string sql = context;
      replace_all(sql, word);
      std::string want = "ok";
      if (const auto refusal = refusals.find(word); refusal != refusals.end()) {
        want = refusal->second;
        replace_all(want, word);
      }
      Arena arena;
      const auto result = parse_statement(sql, arena);
      EXPECT_EQ(result.ok() ? "ok" : std::string(result.status().message()), want) << sql;
    }
  }
}

}  // namespace
}  // namespace perlite::sql
