// plan/dump.h: a plan as text, one operator a line, indented below the one it feeds. Stable: tests compare it.
#pragma once

#include "base/containers.h"
#include "plan/planner.h"

namespace perlite::plan {

String dump(const Query& query);
String dump(const Operator& op);

}  // namespace perlite::plan
