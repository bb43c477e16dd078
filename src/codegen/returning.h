// codegen/returning.h: RETURNING: rows are kept while changes are made and handed out when all are
// (lang_returning.html).
#pragma once

#include "bind/bound.h"
#include "codegen/generator.h"

namespace perlite::codegen {

class ReturningRows {
 public:
  ReturningRows(Generator& g, const bind::Returning* returning) : g_(g), returning_(returning) {}

  // Opens the buffer, before the first change.
  void open();
  // Keeps the row that stands now.
  Status add();
  // Hands out all rows.
  void give_out();

 private:
  Generator& g_;
  const bind::Returning* returning_;
  std::int32_t cursor_ = -1;
  std::int32_t registers_ = 0;
};

}  // namespace perlite::codegen
