// engine/compile_options.h: what sqlite3_compileoption_get and PRAGMA compile_options say, in order of name.
#pragma once

#include <span>

namespace perlite::engine {

std::span<const char* const> compile_options() noexcept;
// What sqlite3_sourceid() says; PERLITE_SOURCE_ID in the environment replaces it.
const char* source_id() noexcept;

}  // namespace perlite::engine
