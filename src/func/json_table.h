// func/json_table.h: the table functions json_each, json_tree, jsonb_each and jsonb_tree (manual: json1.html 4.24).
#pragma once

#include <span>
#include <string_view>

#include "vm/module.h"

namespace perlite::func {

struct TableFunction {
  std::string_view name;
  UniquePtr<vm::Source> (*make)();
};
// The table functions every connection has.
std::span<const TableFunction> builtin_table_functions() noexcept;

}  // namespace perlite::func
