// api/string_builder.h: what stands behind sqlite3_str (manual: c3ref/str.html).
#pragma once

#include "base/allocator.h"
#include "base/text_builder.h"
#include "sqlite3.h"

struct sqlite3_str : perlite::base::Allocated {
  explicit sqlite3_str(std::size_t limit) noexcept : text(limit) {}

  perlite::base::TextBuilder text;
};
