// pager/modes.h: the switches of a Store, by the words of the PRAGMAs that set them.
#pragma once

#include <cstdint>

namespace perlite::pager {

enum class StoreKind : std::uint8_t {
  File,
  Memory,  // no file at all
  Temp,    // a private file in the temp directory, made when memory does not suffice
};
enum class JournalMode : std::uint8_t { Delete, Persist, Off, Truncate, Memory, Wal };
enum class Synchronous : std::uint8_t { Off, Normal, Full, Extra };
enum class LockingMode : std::uint8_t { Normal, Exclusive };
enum class LockLevel : std::uint8_t { None, Shared, Reserved, Pending, Exclusive };  // SQLITE_LOCK_*
enum class SecureDelete : std::uint8_t { Off, On, Fast };

}  // namespace perlite::pager
