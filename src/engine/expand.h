// engine/expand.h: the text of a statement with its bound values in place of the parameters (c3ref/expanded_sql.html).
#pragma once

#include "base/containers.h"

namespace perlite::engine {

class Statement;
String expand_sql(Statement& statement);

}  // namespace perlite::engine
