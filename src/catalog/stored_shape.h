// catalog/stored_shape.h: the shape behind the door: texts, names, and objects parsed on first use.
//
//   S1  An object is complete when its pointer is published; it never changes afterwards.
//   S2  Entries and names are fixed once the loader has finished.
//   S3  The lock guards the arena of the objects; no other lock is taken under it, and the reader calls nobody.
#pragma once

#include <atomic>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/mutex.h"
#include "catalog/ddl_reader.h"
#include "catalog/shape_registry.h"

namespace perlite::catalog {

class StoredShape final : public CountedShape {
 public:
  StoredShape(const DdlReader& reader, bool is_temp, bool obeys_descending)
      : reader_(reader), is_temp_(is_temp), obeys_descending_(obeys_descending) {}

  // The beginning of a shape that goes on where `former` ends, whose texts it shares. `former` is in no other thread's
  // hands, and nothing else goes on from it.
  explicit StoredShape(const StoredShape& former, bool obeys_descending);
  StoredShape& operator=(const StoredShape&) = delete;

  // Building: texts are copied.
  EntryId add(const Entry& entry);
  void seal();

  std::span<const Entry> entries() const noexcept override { return entries_; }
  Result<const Table*> find_table(std::string_view name) const override;
  Result<const Index*> find_index(std::string_view name) const override;
  Result<const Trigger*> find_trigger(std::string_view name) const override;
  Result<const Table*> table_of_entry(EntryId entry) const override;
  Result<std::span<const Trigger* const>> triggers_on(std::string_view table) const override;
  EntryId find_entry(EntryType type, std::string_view name) const noexcept override;
  std::uint64_t hash() const noexcept override { return hash_; }
  bool is_temp() const noexcept override { return is_temp_; }
  std::size_t memory_used() const noexcept override;
  bool same_texts(const CountedShape& other) const noexcept override;

  // Objects parsed so far, for tests and statistics.
  std::size_t parsed_count() const noexcept { return parsed_.load(std::memory_order_relaxed); }

 private:
  Result<const Index*> find_key_index(std::string_view name) const;
  // The texts of a shape and of those that went on from it.
  struct Texts : Allocated {
    Arena arena{4096};
    std::atomic<std::uint32_t> references{1};
  };
  class TextsRef {
   public:
    TextsRef() : texts_(new Texts) {}
    TextsRef(const TextsRef& other) noexcept : texts_(other.texts_) { texts_->references.fetch_add(1); }
    TextsRef& operator=(const TextsRef&) = delete;
    ~TextsRef() {
      if (texts_->references.fetch_sub(1) == 1) delete texts_;
    }
    Arena* operator->() const noexcept { return &texts_->arena; }

   private:
    Texts* texts_;
  };
  // Names in open addressing; chains of entries with one table name, oldest first.
  struct Dependents {
    EntryId first = kNoEntry;
    EntryId last = kNoEntry;
    bool has_triggers = false;
    // Under the lock: the triggers, once somebody asked.
    mutable bool triggers_known = false;
    mutable std::span<const Trigger* const> triggers = {};
  };
  const Entry& entry_at(EntryId entry) const { return entries_[static_cast<std::size_t>(entry)]; }
  void insert_name(EntryId entry);
  void grow_names();
  Dependents* dependents_slot(std::string_view table, bool make);
  const Dependents* dependents_of(std::string_view table) const noexcept;

  Result<const Table*> build_table(EntryId entry) const;
  Status read_indexes(EntryId entry, Table& table) const;
  Result<const Trigger*> build_trigger(EntryId entry) const;
  Result<std::span<const Trigger* const>> triggers_locked(const Dependents& dependents) const;
  Result<const Trigger*> trigger_of_entry(EntryId entry) const;

  const DdlReader& reader_;
  const bool is_temp_;
  const bool obeys_descending_;
  std::uint64_t texts_hash_ = 0;
  std::uint64_t hash_ = 0;
  TextsRef texts_;
  Vector<Entry> entries_;
  Vector<EntryId> names_;        // kNoEntry: free
  Vector<Dependents> by_table_;  // open addressing by the table name of `first`
  std::size_t by_table_count_ = 0;
  Vector<EntryId> next_dependent_;

  mutable base::Mutex lock_;
  mutable Arena objects_arena_;
  mutable std::atomic<std::size_t> parsed_{0};
  // By entry: a const Table* or const Trigger*.
  std::span<std::atomic<const void*>> objects_;
};

// "malformed database schema (NAME) - WHY", without the dash when `why` is empty.
Status malformed_schema(std::string_view name, std::string_view why);

}  // namespace perlite::catalog
