// engine/vacuum.h: VACUUM and VACUUM INTO (manual: lang_vacuum.html): a database written anew, without holes.
#pragma once

#include <string_view>

#include "base/status.h"

namespace perlite::engine {

class Connection;

// Errors: Error inside a transaction or with statements in progress; those of reading and writing.
Status vacuum(Connection& connection, int database);
// Errors: also "output file already exists".
Status vacuum_into(Connection& connection, int database, std::string_view filename);

}  // namespace perlite::engine
