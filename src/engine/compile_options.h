// engine/compile_options.h: what sqlite3_compileoption_get and PRAGMA compile_options say, in order of name.
#pragma once

#include <span>

namespace perlite::engine {

std::span<const char* const> compile_options() noexcept;

}  // namespace perlite::engine
