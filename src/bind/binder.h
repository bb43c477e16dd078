// bind/binder.h: the door of this layer: from a tree of names to a tree of objects.
//
// Resolves every name of a parsed statement against the schemas of a connection, checks what stock checks when it
// prepares, and asks the authorizer. Tree, text, Arena, and the shapes the Environment handed out outlive the result.
//   Errors  stock's texts with the byte offset of the token where stock gives one; Auth when the authorizer refuses;
//           those of loading a schema. std::bad_alloc may travel.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "base/status.h"
#include "bind/bound.h"
#include "bind/environment.h"
#include "sql/parser.h"

namespace perlite::bind {

// `parsed.statement` is not null.
Result<const Statement*> bind_statement(const sql::ParseResult& parsed, std::string_view text, Environment& environment,
                                        Arena& arena);

}  // namespace perlite::bind
