#include "engine/rebuild.h"

#include "base/ascii.h"
#include "bind/ddl_reader.h"
#include "btree/cursor.h"
#include "btree/tree.h"
#include "engine/connection.h"
#include "record/record.h"
#include "record/record_probe.h"

namespace perlite::engine {
namespace {

using catalog::Entry;
using catalog::EntryId;
using catalog::EntryType;

constexpr std::string_view kSequenceTable = "sqlite_sequence";

class Rebuild {
 public:
  Rebuild(Connection& connection, Database& source, pager::Store& target, bool renumber_rowids)
      : connection_(connection), source_(source), target_(target), renumber_rowids_(renumber_rowids) {}

  Status run();

 private:
  struct Tree {
    EntryId entry;
    PageNo root;  // in the target
  };
  const Entry& entry(EntryId id) const { return source_.shape->entries()[static_cast<std::size_t>(id)]; }
  EntryId entry_count() const { return static_cast<EntryId>(source_.shape->entries().size()); }

  Status copy_header();
  Status read_target_shape();
  Status create_objects();
  Result<btree::TreeKind> kind_of(EntryId id);
  Status create(EntryId id);
  Status add_schema_row(const Entry& entry, PageNo root);
  Status copy_tree(const Tree& tree);
  Status copy_table(btree::Cursor& from, btree::Cursor& to, bool renumber);
  Status copy_index(btree::Cursor& from, btree::Cursor& to);
  Status sort_index(btree::Cursor& from, btree::Cursor& to, const record::KeyInfo& order);
  Result<bool> must_sort(const Entry& entry, Vector<record::KeyField>* fields);
  Result<const catalog::Index*> target_index(const Entry& entry);

  Connection& connection_;
  Database& source_;
  pager::Store& target_;
  const bool renumber_rowids_;
  std::uint32_t target_format_ = 4;
  // The same texts as the target's format reads them; null where both formats agree about DESC.
  catalog::ShapeRef target_shape_;
  Vector<Tree> trees_;
  btree::Cursor schema_cursor_;
  std::int64_t last_schema_rowid_ = 0;
  record::RecordBuilder schema_record_;
  Vector<std::byte> scratch_;
};

Status Rebuild::run() {
  PL_TRY(copy_header());
  PL_TRY(read_target_shape());
  schema_cursor_.open(target_.view(), btree::kSchemaRoot, btree::TreeKind::Table);
  PL_TRY(create_objects());
  schema_cursor_.close();
  for (const Tree& tree : trees_) PL_TRY(copy_tree(tree));
  return {};
}

Status Rebuild::copy_header() {
  namespace header = pager::header;
  PL_ASSIGN(const std::uint32_t cookie, source_.store->read_header_u32(header::kSchemaCookie));
  PL_TRY(target_.write_header_u32(header::kSchemaCookie, cookie + 1));
  for (const std::uint32_t offset : {header::kDefaultCacheSize, header::kUserVersion, header::kApplicationId}) {
    PL_ASSIGN(const std::uint32_t value, source_.store->read_header_u32(offset));
    if (value != 0) PL_TRY(target_.write_header_u32(offset, value));
  }
  PL_ASSIGN(target_format_, target_.read_header_u32(header::kSchemaFormat));
  return {};
}

Status Rebuild::read_target_shape() {
  PL_ASSIGN(const std::uint32_t source_format, source_.store->read_header_u32(pager::header::kSchemaFormat));
  if (source_format == 0 || (source_format >= 4) == (target_format_ >= 4)) return {};
  catalog::LoadOptions options;
  options.reader = &bind::ddl_reader();
  options.schema_format = target_format_;
  options.shared = false;
  catalog::ShapeLoader loader(options);
  for (EntryId id = 0; id < entry_count(); ++id) {
    const Entry& e = entry(id);
    catalog::SchemaRow row;
    constexpr std::string_view kWords[] = {"table", "index", "view", "trigger", ""};
    row.type = kWords[static_cast<int>(e.type)];
    row.name = e.name;
    row.table_name = e.table_name;
    row.sql = e.sql;
    row.root = e.has_root ? 2 : 0;
    PL_TRY(loader.push(row));
  }
  PL_ASSIGN(catalog::LoadedSchema loaded, loader.finish());
  target_shape_ = std::move(loaded.shape);
  return {};
}

// ---- the schema ----

Status Rebuild::create_objects() {
  const EntryId sequence = source_.shape->find_entry(EntryType::Table, kSequenceTable);
  bool sequence_made = false;
  for (EntryId id = 0; id < entry_count(); ++id) {
    const Entry& e = entry(id);
    if (e.type != EntryType::Table || !e.has_root || id == sequence) continue;
    PL_ASSIGN(const catalog::Table* const table, source_.shape->table_of_entry(id));
    PL_TRY(create(id));
    for (const catalog::Index* index : table->indexes) {
      if (index->origin != catalog::IndexOrigin::Create) PL_TRY(create(index->entry));
    }
    // The first table that counts brings the counters' table along; without one that table has no use.
    if (table->autoincrement && sequence >= 0 && !sequence_made) {
      PL_TRY(create(sequence));
      sequence_made = true;
    }
  }
  for (EntryId id = 0; id < entry_count(); ++id) {
    if (entry(id).type == EntryType::Index && !entry(id).sql.empty()) PL_TRY(create(id));
  }
  for (EntryId id = 0; id < entry_count(); ++id) {
    if (!entry(id).has_root) PL_TRY(add_schema_row(entry(id), PageNo(0)));
  }
  return {};
}

// What the object's tree is; Corrupt when that is not what its definition says.
Result<btree::TreeKind> Rebuild::kind_of(EntryId id) {
  btree::TreeKind expected = btree::TreeKind::Index;
  if (entry(id).type == EntryType::Table) {
    PL_ASSIGN(const catalog::Table* const table, source_.shape->table_of_entry(id));
    if (!table->without_rowid) expected = btree::TreeKind::Table;
  }
  PL_ASSIGN(const btree::TreeKind kind,
            btree::tree_kind(source_.store->view(), source_.placement.roots[static_cast<std::size_t>(id)]));
  if (kind != expected) return Status::corrupt("vacuum: a tree of another kind than its definition");
  return kind;
}

// A new root, its row in sqlite_schema, and a note to fill the tree.
Status Rebuild::create(EntryId id) {
  PL_ASSIGN(const btree::TreeKind kind, kind_of(id));
  PL_ASSIGN(const PageNo root, btree::create_tree(target_.view(), kind));
  trees_.push_back({id, root});
  return add_schema_row(entry(id), root);
}

Status Rebuild::add_schema_row(const Entry& e, PageNo root) {
  static constexpr std::string_view kWords[] = {"table", "index", "view", "trigger", "table"};
  OwnedValue owned[5];
  const TextEncoding encoding = connection_.encoding();
  const auto set_text = [&](int field, std::string_view text) {
    owned[field]->set_text_copy(text, TextEncoding::Utf8);
    static_cast<void>(owned[field]->read_text(encoding));
  };
  set_text(0, kWords[static_cast<int>(e.type)]);
  set_text(1, e.name);
  set_text(2, e.table_name);
  owned[3]->set_integer(root.value);
  if (!e.sql.empty()) set_text(4, e.sql);
  Value values[5];
  for (int i = 0; i < 5; ++i) values[i] = *owned[i];
  schema_record_.set_schema_format(static_cast<int>(target_format_));
  PL_ASSIGN(const base::Bytes record, schema_record_.build(values, {}, static_cast<std::uint64_t>(INT32_MAX)));
  return schema_cursor_.insert_row(++last_schema_rowid_, {record, 0});
}

// ---- the trees ----

Status Rebuild::copy_tree(const Tree& tree) {
  const Entry& e = entry(tree.entry);
  const PageNo root = source_.placement.roots[static_cast<std::size_t>(tree.entry)];
  PL_ASSIGN(const btree::TreeKind kind, kind_of(tree.entry));
  btree::Cursor from;
  btree::Cursor to;
  from.open(source_.store->view(), root, kind);
  if (kind == btree::TreeKind::Table) {
    to.open(target_.view(), tree.root, kind);
    bool renumber = false;
    if (renumber_rowids_) {
      PL_ASSIGN(const catalog::Table* const table, source_.shape->table_of_entry(tree.entry));
      renumber = table->rowid_alias < 0 && table->indexes.empty();
    }
    return copy_table(from, to, renumber);
  }
  Vector<record::KeyField> fields;
  PL_ASSIGN(const bool sort, must_sort(e, &fields));
  if (!sort) {
    to.open(target_.view(), tree.root, kind);
    return copy_index(from, to);
  }
  const record::KeyInfo info{fields, connection_.encoding()};
  const record::RecordOrder order(info);
  to.open(target_.view(), tree.root, kind, &order);
  return sort_index(from, to, info);
}

Status Rebuild::copy_table(btree::Cursor& from, btree::Cursor& to, bool renumber) {
  std::int64_t rowid = 0;
  bool any = false;
  PL_TRY(from.first());
  while (from.valid()) {
    PL_TRY(connection_.budget().charge());
    PL_ASSIGN(const base::Bytes payload, from.full_payload(scratch_));
    if (!renumber && any && from.rowid() <= rowid) return Status::corrupt("vacuum: rowids out of order");
    rowid = renumber ? rowid + 1 : from.rowid();
    any = true;
    PL_TRY(to.insert_row(rowid, {payload, 0}));
    PL_TRY(from.next());
  }
  return {};
}

Status Rebuild::copy_index(btree::Cursor& from, btree::Cursor& to) {
  PL_TRY(from.first());
  while (from.valid()) {
    PL_TRY(connection_.budget().charge());
    PL_ASSIGN(const base::Bytes payload, from.full_payload(scratch_));
    PL_TRY(to.append_key({payload, 0}));
    PL_TRY(from.next());
  }
  return {};
}

Status Rebuild::sort_index(btree::Cursor& from, btree::Cursor& to, const record::KeyInfo& order) {
  PL_TRY(from.first());
  while (from.valid()) {
    PL_TRY(connection_.budget().charge());
    PL_ASSIGN(const base::Bytes payload, from.full_payload(scratch_));
    const record::PackedProbe probe(order, payload, order.fields.size(), 0);
    PL_TRY(to.insert_key({payload, 0}, &probe, false));
    PL_TRY(from.next());
  }
  return {};
}

Result<const catalog::Index*> Rebuild::target_index(const Entry& e) {
  if (e.type == EntryType::Index) return target_shape_->find_index(e.name);
  PL_ASSIGN(const catalog::Table* const table, target_shape_->find_table(e.name));
  return table->primary_key;
}

// Formats below 4 ignore DESC: where the formats of source and target part, such an index has another order.
Result<bool> Rebuild::must_sort(const Entry& e, Vector<record::KeyField>* fields) {
  if (!target_shape_) return false;
  PL_ASSIGN(const catalog::Index* const index, target_index(e));
  if (index == nullptr) return Status(Code::Corrupt);
  const bool was_descending = target_format_ < 4;
  bool differs = was_descending;
  const auto columns = index->is_table ? index->columns.first(index->key_columns) : index->columns;
  for (const catalog::IndexColumn& column : columns) {
    const record::Collation* collation = nullptr;
    if (!column.collation.empty()) {
      collation = record::find_builtin_collation(column.collation);
      if (collation == nullptr) collation = connection_.find_collation(column.collation);
      if (collation == nullptr) {
        return Status::format(Code::Error, -1, "no such collation sequence: %.*s",
                              static_cast<int>(column.collation.size()), column.collation.data());
      }
    }
    differs |= column.descending;
    fields->push_back({collation, column.descending, false});
  }
  return differs;
}

}  // namespace

Status rebuild(Connection& connection, int number, pager::Store& target, const RebuildOptions& options) {
  return Rebuild(connection, connection.database(number), target, options.renumber_rowids).run();
}

}  // namespace perlite::engine
