// sql/print.h: tree to text.
//
// print() gives canonical SQL: keywords in capitals, single spaces, names as they were quoted. Parsing it again gives
// the same tree, spans aside. dump() shows that tree in a form that is stable enough to be compared: two trees are
// equal when their dumps are; parentheses that the tree does not need are not in it.
#pragma once

#include "base/containers.h"
#include "sql/ast.h"

namespace perlite::sql {

String print(const Statement& statement);
String print(const Select& select);
String print(const Expr& expr);
String print(const ColumnDefinition& column);

String dump(const Statement& statement);
String dump(const Expr& expr);

}  // namespace perlite::sql
