#include "catalog/loader.h"

#include "base/ascii.h"
#include "catalog/schema_table.h"
#include "catalog/stored_shape.h"

namespace perlite::catalog {
namespace {

bool takes_word(std::string_view& text, std::string_view word) {
  if (!base::starts_with_ignoring_case(text, word)) return false;
  text.remove_prefix(word.size());
  std::size_t blanks = 0;
  while (blanks < text.size() && (text[blanks] == ' ' || (text[blanks] >= '\t' && text[blanks] <= '\r'))) ++blanks;
  text.remove_prefix(blanks);
  return blanks != 0;
}

// What the first words of a stored text say it makes. Stored texts begin with normalised words; Other is no such text.
EntryType type_of_text(std::string_view sql, bool* is_virtual) {
  *is_virtual = false;
  if (!takes_word(sql, "create")) return EntryType::Other;
  if (!takes_word(sql, "temp")) takes_word(sql, "temporary");
  if (takes_word(sql, "table")) return EntryType::Table;
  if (takes_word(sql, "view")) return EntryType::View;
  if (takes_word(sql, "trigger")) return EntryType::Trigger;
  if (takes_word(sql, "virtual") && takes_word(sql, "table")) {
    *is_virtual = true;
    return EntryType::Table;
  }
  takes_word(sql, "unique");
  return takes_word(sql, "index") ? EntryType::Index : EntryType::Other;
}

EntryType type_of_word(std::string_view word) {
  if (base::equals_ignoring_case(word, "table")) return EntryType::Table;
  if (base::equals_ignoring_case(word, "index")) return EntryType::Index;
  if (base::equals_ignoring_case(word, "view")) return EntryType::View;
  if (base::equals_ignoring_case(word, "trigger")) return EntryType::Trigger;
  return EntryType::Other;
}

Status malformed(std::string_view name, const char* format, std::string_view subject) {
  const Status why = Status::format(Code::Error, -1, format, static_cast<int>(subject.size()), subject.data());
  return malformed_schema(name, why.message());
}

}  // namespace

ShapeLoader::ShapeLoader(const LoadOptions& options)
    : options_(options), shape_(new StoredShape(*options.reader, options.is_temp, options.schema_format >= 4)) {}

ShapeLoader::ShapeLoader(const LoadOptions& options, const ShapeRef& former, const Placement& placement)
    : options_(options), shape_(nullptr) {
  placement_.roots = placement.roots;
  shape_ = new StoredShape(static_cast<const StoredShape&>(*former.shape_), options.schema_format >= 4);
}

ShapeLoader::~ShapeLoader() { delete shape_; }

Status ShapeLoader::push(const SchemaRow& row) {
  if (row.name.data() == nullptr || row.type.data() == nullptr) return malformed_schema("?", "");
  const std::string_view name = row.name;
  if (row.root_is_null && row.sql.empty()) return malformed_schema(name, "");

  EntryType type = EntryType::Index;
  bool is_virtual = false;
  if (!row.sql.empty()) {
    type = type_of_text(row.sql, &is_virtual);
    if (type == EntryType::Other || type != type_of_word(row.type)) return malformed_schema(name, "");
  }
  const bool rootless = type == EntryType::View || type == EntryType::Trigger || is_virtual;
  if (row.root_is_null && !rootless) return malformed_schema(name, "");
  const std::int64_t root = row.root_is_null ? 0 : row.root;
  // The schema's own tree is nobody else's; 0 is no tree.
  if (root == 1) return malformed_schema(name, "");
  if (root < 0 || root > 0xfffffffe || (options_.page_count != 0 && root > options_.page_count)) {
    return malformed_schema(name, "invalid rootpage");
  }
  if (root == 0 && !rootless) return malformed_schema(name, "invalid rootpage");

  const std::string_view table_name = row.table_name.data() == nullptr ? std::string_view() : row.table_name;
  if (type == EntryType::Trigger) {
    if (shape_->find_entry(EntryType::Trigger, name) != kNoEntry) {
      return malformed(name, "trigger %.*s already exists", name);
    }
    // A temporary trigger may belong to a table of another database.
    if (!options_.is_temp && shape_->find_entry(EntryType::Other, table_name) == kNoEntry) {
      return malformed(name, "no such table: main.%.*s", table_name);
    }
  } else {
    const EntryId known = shape_->find_entry(EntryType::Other, name);
    if (known != kNoEntry) {
      switch (shape_->entries()[static_cast<std::size_t>(known)].type) {
        case EntryType::Index:
          return type == EntryType::Index ? malformed(name, "index %.*s already exists", name)
                                          : malformed(name, "there is already an index named %.*s", name);
        case EntryType::View:
          if (type != EntryType::Index) return malformed(name, "view %.*s already exists", name);
          break;
        default:
          if (type != EntryType::Index) return malformed(name, "table %.*s already exists", name);
      }
      return malformed(name, "there is already a table named %.*s", name);
    }
    if (type == EntryType::Index && shape_->find_entry(EntryType::Table, table_name) == kNoEntry) {
      if (row.sql.empty()) return malformed_schema(name, "orphan index");
      return malformed(name, options_.is_temp ? "no such table: temp.%.*s" : "no such table: main.%.*s", table_name);
    }
  }
  const bool has_root = !rootless;
  shape_->add(
      Entry{type, name, type == EntryType::Table || type == EntryType::View ? name : table_name, row.sql, has_root});
  placement_.roots.push_back(PageNo(has_root ? static_cast<std::uint32_t>(root) : 0));
  return {};
}

Result<LoadedSchema> ShapeLoader::finish() {
  shape_->seal();
  ShapeRef shape(std::exchange(shape_, nullptr));
  if (options_.shared) shape = ShapeRegistry::share(std::move(shape));
  return LoadedSchema{std::move(shape), std::move(placement_)};
}

Result<LoadedSchema> load_empty_schema(const LoadOptions& options) { return ShapeLoader(options).finish(); }

}  // namespace perlite::catalog
