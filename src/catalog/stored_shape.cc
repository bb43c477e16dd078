#include "catalog/stored_shape.h"

#include "base/ascii.h"
#include "catalog/column_lookup.h"
#include "catalog/schema_table.h"

namespace perlite::catalog {
namespace {

using base::equals_ignoring_case;
using base::hash_ignoring_case;

// Which names exclude each other: triggers have a name space of their own.
bool is_trigger(EntryType type) { return type == EntryType::Trigger; }

bool type_answers(EntryType wanted, EntryType found) {
  if (wanted == EntryType::Other) return !is_trigger(found);
  return wanted == found;
}

// A reason found while reading a text becomes a fault of the schema; lack of memory and the like stay what they are.
Status wrap(const Entry& entry, const Status& status) {
  if (status.primary() != Code::Error && status.primary() != Code::Corrupt) return status.clone();
  return malformed_schema(entry.name, status.message());
}

}  // namespace

Status malformed_schema(std::string_view name, std::string_view why) {
  return Status::format(Code::Corrupt, -1, "malformed database schema (%.*s)%s%.*s", static_cast<int>(name.size()),
                        name.data(), why.empty() ? "" : " - ", static_cast<int>(why.size()), why.data());
}

StoredShape::StoredShape(const StoredShape& former, bool obeys_descending)
    : reader_(former.reader_),
      is_temp_(former.is_temp_),
      obeys_descending_(obeys_descending),
      texts_hash_(former.texts_hash_),
      texts_(former.texts_),
      entries_(former.entries_),
      names_(former.names_),
      by_table_(former.by_table_),
      by_table_count_(former.by_table_count_),
      next_dependent_(former.next_dependent_) {
  // Objects are the other shape's.
  for (Dependents& dependents : by_table_) {
    dependents.triggers_known = false;
    dependents.triggers = {};
  }
}

EntryId StoredShape::add(const Entry& entry) {
  const auto id = static_cast<EntryId>(entries_.size());
  entries_.push_back(Entry{entry.type, texts_->copy_text(entry.name), texts_->copy_text(entry.table_name),
                           entry.sql.empty() ? std::string_view() : texts_->copy_text(entry.sql), entry.has_root});
  next_dependent_.push_back(kNoEntry);
  const Entry& stored = entries_.back();
  const unsigned kind = static_cast<unsigned>(stored.type) * 2u + (stored.has_root ? 1u : 0u);
  texts_hash_ = base::hash_bytes(stored.name, texts_hash_ + kind);
  texts_hash_ = base::hash_bytes(stored.table_name, texts_hash_);
  texts_hash_ = base::hash_bytes(stored.sql, texts_hash_);

  if (names_.size() < entries_.size() * 2) grow_names();
  insert_name(id);
  if (entry.type == EntryType::Index || entry.type == EntryType::Trigger) {
    Dependents* list = dependents_slot(stored.table_name, true);
    if (list->first == kNoEntry) {
      list->first = id;
      ++by_table_count_;
    } else {
      next_dependent_[static_cast<std::size_t>(list->last)] = id;
    }
    list->last = id;
    if (entry.type == EntryType::Trigger) list->has_triggers = true;
  }
  return id;
}

void StoredShape::seal() {
  hash_ = base::hash_bytes(obeys_descending_ ? "descending" : "ascending", texts_hash_ + (is_temp_ ? 1u : 0u));
  objects_ = objects_arena_.make_array<std::atomic<const void*>>(entries_.size());
}

std::size_t StoredShape::memory_used() const noexcept {
  const std::size_t lists = entries_.capacity() * sizeof(Entry) + names_.capacity() * sizeof(EntryId) +
                            by_table_.capacity() * sizeof(Dependents) + next_dependent_.capacity() * sizeof(EntryId);
  base::MutexGuard guard(lock_);
  return sizeof *this + lists + texts_->bytes() + objects_arena_.bytes();
}

bool StoredShape::same_texts(const CountedShape& other) const noexcept {
  const auto& that = static_cast<const StoredShape&>(other);
  if (is_temp_ != that.is_temp_ || obeys_descending_ != that.obeys_descending_ || &reader_ != &that.reader_ ||
      entries_.size() != that.entries_.size()) {
    return false;
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& a = entries_[i];
    const Entry& b = that.entries_[i];
    if (a.type != b.type || a.has_root != b.has_root || a.name != b.name || a.table_name != b.table_name ||
        a.sql != b.sql) {
      return false;
    }
  }
  return true;
}

// ------------------------------------------------------------------------------------------------------------ names

void StoredShape::insert_name(EntryId entry) {
  const std::size_t mask = names_.size() - 1;
  std::size_t at = hash_ignoring_case(entry_at(entry).name) & mask;
  while (names_[at] != kNoEntry) at = (at + 1) & mask;
  names_[at] = entry;
}

void StoredShape::grow_names() {
  std::size_t size = names_.empty() ? 32 : names_.size() * 2;
  while (size < entries_.size() * 2) size *= 2;
  names_.assign(size, kNoEntry);
  // The newest entry is inserted by the caller.
  for (std::size_t i = 0; i + 1 < entries_.size(); ++i) insert_name(static_cast<EntryId>(i));
}

EntryId StoredShape::find_entry(EntryType type, std::string_view name) const noexcept {
  if (names_.empty()) return kNoEntry;
  const std::size_t mask = names_.size() - 1;
  for (std::size_t at = hash_ignoring_case(name) & mask; names_[at] != kNoEntry; at = (at + 1) & mask) {
    const Entry& entry = entry_at(names_[at]);
    if (type_answers(type, entry.type) && equals_ignoring_case(entry.name, name)) return names_[at];
  }
  return kNoEntry;
}

StoredShape::Dependents* StoredShape::dependents_slot(std::string_view table, bool make) {
  if (make && by_table_.size() < (by_table_count_ + 1) * 2) {
    Vector<Dependents> old(by_table_.empty() ? 16 : by_table_.size() * 2);
    old.swap(by_table_);
    for (const Dependents& one : old) {
      if (one.first != kNoEntry) *dependents_slot(entry_at(one.first).table_name, false) = one;
    }
  }
  const std::size_t mask = by_table_.size() - 1;
  std::size_t at = hash_ignoring_case(table) & mask;
  while (by_table_[at].first != kNoEntry && !equals_ignoring_case(entry_at(by_table_[at].first).table_name, table)) {
    at = (at + 1) & mask;
  }
  return &by_table_[at];
}

const StoredShape::Dependents* StoredShape::dependents_of(std::string_view table) const noexcept {
  if (by_table_.empty()) return nullptr;
  const Dependents* slot = const_cast<StoredShape*>(this)->dependents_slot(table, false);
  return slot->first == kNoEntry ? nullptr : slot;
}

// ---------------------------------------------------------------------------------------------------------- objects

Result<const Table*> StoredShape::find_table(std::string_view name) const {
  EntryId entry = kNoEntry;
  if (!entries_.empty()) {
    entry = find_entry(EntryType::Table, name);
    if (entry == kNoEntry) entry = find_entry(EntryType::View, name);
  }
  if (entry != kNoEntry) return table_of_entry(entry);
  if (is_schema_name(name) || (is_temp_ && is_temp_schema_name(name))) return &schema_table(is_temp_);
  return static_cast<const Table*>(nullptr);
}

Result<const Table*> StoredShape::table_of_entry(EntryId entry) const {
  if (entry == kSchemaEntry) return &schema_table(is_temp_);
  PL_ASSERT(entry >= 0 && static_cast<std::size_t>(entry) < entries_.size());
  if (entry_at(entry).type != EntryType::Table && entry_at(entry).type != EntryType::View) {
    return static_cast<const Table*>(nullptr);
  }
  std::atomic<const void*>& slot = objects_[static_cast<std::size_t>(entry)];
  if (const void* table = slot.load(std::memory_order_acquire)) return static_cast<const Table*>(table);
  base::MutexGuard guard(lock_);
  if (const void* table = slot.load(std::memory_order_relaxed)) return static_cast<const Table*>(table);
  PL_ASSIGN(const Table* table, build_table(entry));
  slot.store(table, std::memory_order_release);
  parsed_.fetch_add(1, std::memory_order_relaxed);
  return table;
}

// The key of a WITHOUT ROWID table has a name, sqlite_autoindex_TABLE_N, and no entry.
Result<const Index*> StoredShape::find_key_index(std::string_view name) const {
  constexpr std::string_view kPrefix = "sqlite_autoindex_";
  const std::size_t end = name.rfind('_');
  if (!base::starts_with_ignoring_case(name, kPrefix) || end < kPrefix.size()) return static_cast<const Index*>(nullptr);
  PL_ASSIGN(const Table* table, find_table(name.substr(kPrefix.size(), end - kPrefix.size())));
  if (table == nullptr || table->primary_key == nullptr) return static_cast<const Index*>(nullptr);
  return base::equals_ignoring_case(table->primary_key->name, name) ? table->primary_key : nullptr;
}

Result<const Index*> StoredShape::find_index(std::string_view name) const {
  const EntryId entry = find_entry(EntryType::Index, name);
  if (entry == kNoEntry) return find_key_index(name);
  PL_ASSIGN(const Table* table, find_table(entry_at(entry).table_name));
  if (table == nullptr) return malformed_schema(entry_at(entry).name, "orphan index");
  for (const Index* index : table->indexes) {
    if (index->entry == entry) return index;
  }
  return malformed_schema(entry_at(entry).name, "orphan index");
}

Result<const Trigger*> StoredShape::find_trigger(std::string_view name) const {
  const EntryId entry = find_entry(EntryType::Trigger, name);
  if (entry == kNoEntry) return static_cast<const Trigger*>(nullptr);
  base::MutexGuard guard(lock_);
  return trigger_of_entry(entry);
}

Result<std::span<const Trigger* const>> StoredShape::triggers_on(std::string_view table) const {
  const Dependents* dependents = dependents_of(table);
  if (dependents == nullptr || !dependents->has_triggers) return std::span<const Trigger* const>();
  base::MutexGuard guard(lock_);
  return triggers_locked(*dependents);
}

Result<std::span<const Trigger* const>> StoredShape::triggers_locked(const Dependents& dependents) const {
  if (dependents.triggers_known) return dependents.triggers;
  Vector<const Trigger*> newest_first;
  for (EntryId one = dependents.first; one != kNoEntry; one = next_dependent_[static_cast<std::size_t>(one)]) {
    if (entry_at(one).type != EntryType::Trigger) continue;
    PL_ASSIGN(const Trigger* trigger, trigger_of_entry(one));
    newest_first.insert(newest_first.begin(), trigger);
  }
  dependents.triggers = objects_arena_.copy_array(newest_first);
  dependents.triggers_known = true;
  return dependents.triggers;
}

Result<const Trigger*> StoredShape::trigger_of_entry(EntryId entry) const {
  std::atomic<const void*>& slot = objects_[static_cast<std::size_t>(entry)];
  if (const void* trigger = slot.load(std::memory_order_relaxed)) return static_cast<const Trigger*>(trigger);
  PL_ASSIGN(const Trigger* trigger, build_trigger(entry));
  slot.store(trigger, std::memory_order_release);
  return trigger;
}

Result<const Trigger*> StoredShape::build_trigger(EntryId id) const {
  const Entry& entry = entry_at(id);
  Result<Trigger*> read = reader_.read_trigger(entry.sql, id, objects_arena_);
  if (!read.ok()) return wrap(entry, read.status());
  Trigger* trigger = read.value();
  trigger->entry = id;
  trigger->name = entry.name;
  trigger->sql = entry.sql;
  return static_cast<const Trigger*>(trigger);
}

Result<const Table*> StoredShape::build_table(EntryId id) const {
  const Entry& entry = entry_at(id);
  Result<Table*> read = reader_.read_table(entry.sql, id, objects_arena_);
  if (!read.ok()) return wrap(entry, read.status());
  Table* table = read.value();
  if (!equals_ignoring_case(table->name, entry.name) ||
      (table->kind == TableKind::View) != (entry.type == EntryType::View)) {
    return malformed_schema(entry.name, "");
  }
  table->entry = id;
  table->sql = entry.sql;
  if (table->columns.size() > kLookupThreshold) table->lookup = ColumnLookup::make(table->columns, objects_arena_);
  if (table->primary_key != nullptr) const_cast<Index*>(table->primary_key)->entry = id;

  PL_TRY(read_indexes(id, *table));
  const Dependents* dependents = dependents_of(entry.name);
  if (dependents != nullptr && dependents->has_triggers) {
    PL_ASSIGN(table->triggers, triggers_locked(*dependents));
  }
  if (table->kind == TableKind::Ordinary) table->description = reader_.describe(*table, objects_arena_);
  return static_cast<const Table*>(table);
}

// Joins the rows of sqlite_schema to the automatic indexes by name, and reads the texts of the others.
Status StoredShape::read_indexes(EntryId id, Table& table) const {
  const std::span<const Index* const> automatic = table.indexes;
  for (const Index* one : automatic) const_cast<Index*>(one)->entry = kNoEntry;
  Vector<const Index*> indexes;
  const Dependents* dependents = dependents_of(entry_at(id).name);
  EntryId one = dependents == nullptr ? kNoEntry : dependents->first;
  for (; one != kNoEntry; one = next_dependent_[static_cast<std::size_t>(one)]) {
    const Entry& row = entry_at(one);
    if (row.type != EntryType::Index) continue;
    Index* index = nullptr;
    if (row.sql.empty()) {
      for (const Index* candidate : automatic) {
        if (candidate->entry == kNoEntry && equals_ignoring_case(candidate->name, row.name)) {
          index = const_cast<Index*>(candidate);
        }
      }
      if (index == nullptr) return malformed_schema(row.name, "orphan index");
    } else {
      Result<Index*> read = reader_.read_index(row.sql, one, table, objects_arena_);
      if (!read.ok()) return wrap(row, read.status());
      index = read.value();
      if (!equals_ignoring_case(index->name, row.name)) return malformed_schema(row.name, "");
      index->sql = row.sql;
    }
    index->entry = one;
    index->table = &table;
    index->ordinal = static_cast<std::int32_t>(indexes.size());
    indexes.push_back(index);
  }
  for (const Index* candidate : automatic) {
    if (candidate->entry == kNoEntry) return malformed_schema(candidate->name, "missing index");
  }
  table.indexes = objects_arena_.copy_array(indexes);
  if (!obeys_descending_) {
    auto ascend = [&](const Index* index) {
      std::span<IndexColumn> columns = objects_arena_.copy_array(index->columns);
      for (IndexColumn& column : columns) column.descending = false;
      const_cast<Index*>(index)->columns = columns;
    };
    for (const Index* index : table.indexes) ascend(index);
    if (table.primary_key != nullptr) ascend(table.primary_key);
  }
  return {};
}

}  // namespace perlite::catalog
