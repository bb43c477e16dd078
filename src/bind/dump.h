// bind/dump.h: a bound tree as text, stable enough to be the expected result of a test.
//
// Expressions are one line in prefix form: columns as "t#2.name" (relation id, column), literals as SQL writes them,
// with affinities and collations of comparisons where there are any. Queries are indented, one part a line.
#pragma once

#include "base/containers.h"
#include "bind/bound.h"

namespace perlite::bind {

String dump(const Expr* expr);
String dump(const Select& select);
String dump(const Statement& statement);

}  // namespace perlite::bind
