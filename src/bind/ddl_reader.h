// bind/ddl_reader.h: the reader of CREATE texts that shapes are loaded with.
#pragma once

#include "catalog/ddl_reader.h"

namespace perlite::bind {

// The one of the process; stateless.
const catalog::DdlReader& ddl_reader() noexcept;

}  // namespace perlite::bind
