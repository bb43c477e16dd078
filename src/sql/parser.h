// sql/parser.h: the door of this layer: text to tree.
//
// Errors carry stock's message and the byte offset of the offending token: code Error for all that is wrong with the
// text, TooBig for a text beyond 4 GiB. std::bad_alloc may travel. The text ends at its length or its first NUL.
//
// Besides syntax the parser checks what needs no names: join types, misplaced ON, USING, ORDER BY and LIMIT, widths of
// VALUES, table options, variable numbers, frames that end before they begin, NULLS FIRST in PRIMARY KEY, UNIQUE and
// CREATE INDEX, what a trigger's body may not have, and the limits below. Left to the binder although stock words them
// while it parses: hex literals that are too big, duplicate columns and keys, AUTOINCREMENT in the wrong place, the
// width of REFERENCES lists, expressions in PRIMARY KEY, NULLS FIRST in ON CONFLICT, the width of ORDER BY, GROUP BY,
// results and indexes, variables in views and triggers, RAISE outside of triggers, duplicate WITH names.
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
  std::uint32_t columns = 2000;  // of CREATE TABLE, of SET
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
