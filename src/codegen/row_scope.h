// codegen/row_scope.h: where the columns of a relation are found while its row stands.
//
// The scope says for each relation of the statement whether a row of it stands at this point of the program and where:
// on a cursor, in registers, in a row buffer. Whoever makes rows stand (a scan, a trigger's OLD and NEW, the row an
// INSERT is about to write) sets the entry; whoever evaluates an expression asks it. A relation that the planner
// dissolved has no entry: plan::Plan::definition_of() comes first.
#pragma once

#include <cstdint>
#include <span>

#include "base/arena_containers.h"
#include "bind/bound.h"

namespace perlite::codegen {

// Lists and texts of this layer live in the arena of the statement.
using arena_containers::String;
using arena_containers::Vector;

struct RowSource {
  enum class Kind : std::uint8_t {
    None,
    Tree,       // `cursor` on the table's own tree; with `index_cursor` what the index holds is read there
    Registers,  // column c in r[registers[c + 1]], the rowid in r[registers[0]]; 0: not kept
    Buffer,     // `cursor` is a row buffer: column c is field c
    Source,     // `cursor` of a module
    Window,     // OLD or NEW of a subprogram: column c is Parameter first + c, the rowid Parameter first - 1
  };
  Kind kind = Kind::None;
  std::int32_t cursor = -1;                 // -1 in Tree: the index covers all that is read
  std::int32_t index_cursor = -1;
  const catalog::Index* index = nullptr;    // of index_cursor
  std::span<const std::int32_t> registers;  // columns + 1 of them
  std::int32_t first = 0;
  bool is_nullable = false;  // a Tree that an outer join may put on the row of NULLs

  static RowSource tree(std::int32_t cursor, bool is_nullable = false) {
    RowSource source;
    source.kind = Kind::Tree;
    source.cursor = cursor;
    source.is_nullable = is_nullable;
    return source;
  }
  static RowSource buffer(std::int32_t cursor) {
    RowSource source;
    source.kind = Kind::Buffer;
    source.cursor = cursor;
    return source;
  }
  static RowSource in_registers(std::span<const std::int32_t> registers) {
    RowSource source;
    source.kind = Kind::Registers;
    source.registers = registers;
    return source;
  }
};

class RowScope {
 public:
  const RowSource& of(const bind::Relation& relation) const {
    static constexpr RowSource kNone;
    const auto id = static_cast<std::size_t>(relation.id);
    return id < sources_.size() ? sources_[id] : kNone;
  }
  void set(const bind::Relation& relation, const RowSource& source) {
    const auto id = static_cast<std::size_t>(relation.id);
    if (id >= sources_.size()) sources_.resize(id + 1);
    sources_[id] = source;
  }

 private:
  Vector<RowSource> sources_;  // by relation id
};

}  // namespace perlite::codegen
