// sql/parser.h: the door of this layer: text to tree.
//
// Errors carry stock's message and the byte offset of the offending token: code Error for all that is wrong with the
// text, TooBig for a text beyond 4 GiB. std::bad_alloc may travel. The text ends at its length or its first NUL.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "sql/ast.h"

namespace perlite::sql {

// The limits of a connection that concern the text (limits.html), and the options that change the grammar.
struct ParseLimits {
  std::uint32_t expression_depth = 1000;
  std::uint32_t parser_depth = 2500;
  std::uint32_t variable_number = 32766;
  std::uint32_t compound_select = 500;
  std::uint32_t columns = 2000;
  std::uint32_t function_arguments = 1000;
  bool update_delete_limit = false;  // ORDER BY and LIMIT behind UPDATE and DELETE
};

struct ParseResult {
  const Statement* statement = nullptr;  // null when there was nothing but blanks, comments and `;`
  ExplainMode explain = ExplainMode::None;
  std::uint32_t statement_end = 0;  // offset of the `;`, or of the end of the text
  std::uint32_t tail = 0;           // bytes consumed, the `;` included
  std::uint32_t variable_count = 0;          // the largest number in use
  std::span<const Variable> variables;       // one entry a number in use, ascending by number
};

// Parses the first statement of `text`, the `;` before it skipped. Tree and result look into `text` and `arena`.
Result<ParseResult> parse_statement(std::string_view text, Arena& arena, const ParseLimits& limits = {});

struct ExpressionResult {
  const Expr* expr = nullptr;
  std::uint32_t variable_count = 0;
  std::span<const Variable> variables;
};

// Parses `text`, which must be one expression and nothing behind it.
Result<ExpressionResult> parse_expression(std::string_view text, Arena& arena, const ParseLimits& limits = {});

// Parses `text` as a column definition, as it stands in CREATE TABLE and behind ALTER TABLE ADD.
Result<const ColumnDefinition*> parse_column_definition(std::string_view text, Arena& arena,
                                                        const ParseLimits& limits = {});

}  // namespace perlite::sql
