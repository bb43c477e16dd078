// vm/row_flags.h: P5 of the opcodes that change rows.
#pragma once

#include <cstdint>

namespace perlite::vm {

// P5 of InsertRow, DeleteRow, InsertKey, DeleteKey.
enum RowFlag : std::uint16_t {
  kCountChange = 0x01,  // one more row in changes()
  kLastRowid = 0x02,    // last_insert_rowid() becomes the rowid
  kAppend = 0x04,       // the key is likely greater than all others
  kUpdate = 0x08,       // the row door hears of an UPDATE: of the row the last DeleteRow/DeleteKey with kUpdate of this
                        // cursor removed, else of the one that is replaced
  kAtSeek = 0x10,       // the last seek on this cursor was for this very key, and nothing moved since
  kMustExist = 0x20,    // DeleteKey: a missing entry is Corrupt
  kKeepPosition = 0x40,     // DeleteRow, DeleteKey: a Next or Previous follows and goes to the neighbour
  kIgnoreEqual = 0x80,      // InsertKey of an ephemeral tree: an equal key stays as it is
  kAutomaticIndex = 0x100,  // a row of an automatic index: counted as such
};

}  // namespace perlite::vm
