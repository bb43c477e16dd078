// pager/dump.h: the file header and a rollback journal as text, for people and for the expected results of tests.
#pragma once

#include <span>

#include "base/status.h"
#include "base/text_builder.h"
#include "pager/view.h"

namespace perlite::pager {

// The fields of the file header, a line each. Errors: those of View::fetch().
Status dump_header(View& view, base::TextBuilder& out);

// Any bytes, sixteen a line: offset, hexadecimal, letters.
void dump_bytes(std::span<const std::byte> bytes, std::size_t offset, base::TextBuilder& out);

}  // namespace perlite::pager
