// codegen/index_build.h: filling an index from its table: entries are sorted, checked for duplicates and appended.
#pragma once

#include "bind/bound.h"
#include "codegen/generator.h"

namespace perlite::codegen {

// `cursor` is open for writing on the empty tree of the index. Errors of the program: ConstraintUnique.
Status build_index(Generator& g, const catalog::Index& index, const bind::Relation& target,
                   const bind::TableExpressions::IndexExpressions& expressions, std::int32_t cursor);

}  // namespace perlite::codegen
