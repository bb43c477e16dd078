#include "engine/vacuum.h"

#include "engine/connection.h"

namespace perlite::engine {

Status vacuum(Connection& connection, int) {
  if (!connection.autocommit()) return Status::error("cannot VACUUM from within a transaction");
  return Status::error("VACUUM is not available in this build");
}

Status vacuum_into(Connection& connection, int, std::string_view) {
  if (!connection.autocommit()) return Status::error("cannot VACUUM from within a transaction");
  return Status::error("VACUUM INTO is not available in this build");
}

}  // namespace perlite::engine
