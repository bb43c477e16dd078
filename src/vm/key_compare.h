// vm/key_compare.h: two values as one field of a key orders them.
#pragma once

#include "record/record.h"

namespace perlite::vm {

// Negative, 0, positive; direction and place of NULLs counted in.
inline int compare_key_field(const record::Value& left, const record::Value& right, const record::KeyInfo& info,
                             std::size_t field) {
  const record::KeyField& rule = info.fields[field];
  int order;
  if (rule.big_nulls && left.is_null() != right.is_null()) {
    order = left.is_null() ? 1 : -1;
  } else if (left.type == ValueType::Integer && right.type == ValueType::Integer) {
    order = left.integer < right.integer ? -1 : left.integer > right.integer ? 1 : 0;
  } else {
    order = record::compare_values(left, right, info.collation(field));
  }
  return rule.descending ? -order : order;
}

}  // namespace perlite::vm
