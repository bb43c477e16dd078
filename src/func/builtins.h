// func/builtins.h: the functions every connection has.
#pragma once

#include <span>

#include "vm/function.h"

namespace perlite::func {

// Static; several entries of one name differ in their number of arguments.
std::span<const vm::FunctionDef> builtin_functions() noexcept;

// LIKE that tells upper from lower case, to stand in for like(2) and like(3) under PRAGMA case_sensitive_like.
std::span<const vm::FunctionDef> case_sensitive_like_functions() noexcept;

}  // namespace perlite::func
