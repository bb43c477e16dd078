// The SQL functions of JSON (manual: json1.html; compat/sql.md 10). Those named jsonb_ are the same with the result as
// JSONB.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/ascii.h"
#include "base/number.h"
#include "base/printf.h"
#include "func/arguments.h"
#include "func/functions.h"
#include "func/json.h"

namespace perlite::func {

namespace {

using base::TextBuilder;
using json::Place;

// ---- documents ----

// The documents a statement saw last, shared by all its calls: two calls on one document read it once.
struct DocumentCache : Allocated {
  static constexpr std::size_t kEntries = 4;
  struct Entry {
    String source;
    String canonical;  // empty: not needed yet, or the source is canonical itself
    json::Scan scan;
    bool used = false;
  };
  Entry entries[kEntries];
  std::size_t next = 0;
  static void destroy(void* self) { delete static_cast<DocumentCache*>(self); }
};
constexpr int kSharedCallSite = -1;
constexpr int kDocumentSlot = -2;
constexpr std::size_t kSmallDocument = 24;  // shorter ones are read again faster than they are found

enum class Form : std::uint8_t { Strict, Canonical };

// An argument as JSON.
class Document {
 public:
  explicit Document(Form form = Form::Canonical) : form_(form) {}

  // False for NULL, and when the argument is no JSON (the call has then failed, unless `quiet`).
  bool read(FunctionContext& context, const Value& value, bool quiet = false) {
    if (value.is_null()) return false;
    if (value.type == ValueType::Blob) {
      const std::string_view blob = source_.bytes(value);
      if (json::looks_like_jsonb(blob)) {
        TextBuilder text;
        if (json::append_text_of_jsonb(text, blob)) return keep(context, text);
        return malformed(context, quiet);
      }
    }
    const std::string_view text = until_nul(text_of(context, value, source_));
    const bool cached = text.size() >= kSmallDocument && context.auxiliary != nullptr;
    auto* const cache =
        cached ? static_cast<DocumentCache*>(context.auxiliary->get(kSharedCallSite, kDocumentSlot)) : nullptr;
    if (cache != nullptr) {
      for (std::size_t i = 0; i < DocumentCache::kEntries; ++i) {
        DocumentCache::Entry& entry = cache->entries[i];
        if (!entry.used || entry.source.size() != text.size() || std::string_view(entry.source) != text) continue;
        if (cache->next % DocumentCache::kEntries == i) ++cache->next;  // another document of this call may come in
        if (!entry.canonical.empty()) {
          text_ = entry.canonical;
          return true;
        }
        if (!take(context, entry.source, entry.scan)) return false;
        if (!own_.empty()) entry.canonical.assign(own_);
        return true;
      }
    }
    const json::Scan scan = json::scan(text);
    if (!scan.valid) return malformed(context, quiet);
    if (!take(context, text, scan)) return false;
    if (cached) remember(context, cache, text, scan);
    return true;
  }
  // In the form that was asked for, without blanks around.
  std::string_view text() const noexcept { return text_; }
  // A value of the text without blanks; they are left out in `out`.
  std::string_view canonical(std::string_view part, TextBuilder& out) const {
    if (is_canonical_ || (part.front() != '{' && part.front() != '[')) return part;
    json::append_canonical(out, part);
    return out.text();
  }

 private:
  // Takes valid text as it is where its form will do.
  bool take(FunctionContext& context, std::string_view text, const json::Scan& scan) {
    is_canonical_ = scan.canonical;
    if (scan.canonical || (scan.strict && form_ == Form::Strict)) {
      text_ = json::without_blanks_around(text);
      return true;
    }
    TextBuilder canonical;
    json::append_canonical(canonical, text);
    return keep(context, canonical);
  }
  bool keep(FunctionContext& context, TextBuilder& text) {
    if (text.error() != Code::Ok) {
      context.fail(Status(text.error()));
      return false;
    }
    own_.assign(text.text());
    text_ = own_;
    is_canonical_ = true;
    return true;
  }
  static bool malformed(FunctionContext& context, bool quiet) {
    if (!quiet) context.fail("malformed JSON");
    return false;
  }
  void remember(FunctionContext& context, DocumentCache* cache, std::string_view source, const json::Scan& scan) {
    if (cache == nullptr) {
      cache = base::make_unique<DocumentCache>().release();
      context.auxiliary->set(kSharedCallSite, kDocumentSlot, cache, &DocumentCache::destroy);
      if (context.auxiliary->get(kSharedCallSite, kDocumentSlot) != cache) return;  // no memory to keep it
    }
    DocumentCache::Entry& entry = cache->entries[cache->next++ % DocumentCache::kEntries];
    entry.used = false;
    entry.source.assign(source);
    entry.canonical.assign(own_);
    entry.scan = scan;
    entry.used = true;
  }

  const Form form_;
  bool is_canonical_ = true;
  TextScratch source_;
  String own_;
  std::string_view text_;
};

// ---- results ----

bool finish(FunctionContext& context, TextBuilder& out) {
  if (out.error() == Code::Ok && !context.over_limit(out.size())) return true;
  if (context.error.ok()) context.fail(Status(out.error()));
  return false;
}
// Canonical text as the result: text of subtype J, or JSONB.
void give_json(FunctionContext& context, std::string_view text, bool binary) {
  if (!binary) {
    context.set_text(text);
    context.result.subtype = json::kSubtype;
    return;
  }
  TextBuilder out;
  json::append_jsonb(out, text);
  if (!finish(context, out)) return;
  context.result.set_blob_copy(out.text());
  context.result.encoding = context.encoding;
}
void give_json(FunctionContext& context, TextBuilder& out, bool binary) {
  if (finish(context, out)) give_json(context, out.text(), binary);
}

// A value of JSON as a value of SQL; containers as JSON.
void give_sql(FunctionContext& context, std::string_view value, bool binary) {
  switch (value.front()) {
    case 'n':
      return;
    case 't':
      return context.result.set_integer(1);
    case 'f':
      return context.result.set_integer(0);
    case '{':
    case '[':
      return give_json(context, value, binary);
    case '"': {
      const std::string_view content = value.substr(1, value.size() - 2);
      if (content.find('\\') == std::string_view::npos) return context.set_text(content);
      TextBuilder out;
      json::append_unescaped(out, content);
      if (finish(context, out)) context.set_text(out.text());
      return;
    }
    default:
      break;
  }
  constexpr std::size_t kSafeDigits = 18;
  if (value.size() <= kSafeDigits && std::all_of(value.begin(), value.end(), base::is_digit)) {
    std::int64_t integer = 0;
    for (const char c : value) integer = integer * 10 + (c - '0');
    return context.result.set_integer(integer);
  }
  const base::NumericPrefix number = base::parse_numeric(value);
  if (number.kind == base::NumericPrefix::Kind::Integer) return context.result.set_integer(number.integer);
  context.result.set_real(number.real);
}

void fail_path(FunctionContext& context, std::string_view path) {
  TextBuilder message;
  base::append_printf(message, "bad JSON path: ");
  TextBuilder copy;
  copy.append(path);
  base::append_printf(message, "%Q", copy.c_str());
  context.fail(message.text());
}

// A value of SQL as JSON text. False when the call has failed. `short_infinity`: how an edit writes it.
bool append_value(FunctionContext& context, TextBuilder& out, const Value& value, bool short_infinity = false) {
  TextScratch scratch;
  switch (value.type) {
    case ValueType::Null:
      out.append("null");
      return true;
    case ValueType::Integer:
      out.append(scratch.text(value));
      return true;
    case ValueType::Real:
      if (std::isinf(value.real)) {
        out.append(value.real > 0 ? (short_infinity ? "9e999" : "9.0e+999")
                                  : (short_infinity ? "-9e999" : "-9.0e+999"));
      } else {
        out.append(scratch.text(value));
      }
      return true;
    case ValueType::Text: {
      const std::string_view text = text_of(context, value, scratch);
      if (value.subtype != json::kSubtype) {
        json::append_quoted(out, text);
        return true;
      }
      const json::Scan scan = json::scan(text);
      if (!scan.valid) {
        context.fail("malformed JSON");
        return false;
      }
      if (scan.canonical) {
        out.append(text);
      } else {
        json::append_canonical(out, text);
      }
      return true;
    }
    case ValueType::Blob:
      break;
  }
  const std::string_view blob = scratch.bytes(value);
  if (json::looks_like_jsonb(blob) && json::append_text_of_jsonb(out, blob)) return true;
  context.fail("JSON cannot hold BLOB values");
  return false;
}

// ---- functions ----

void to_json(FunctionContext& context, const Value& value, bool binary) {
  if (binary && value.type != ValueType::Blob) {  // keeps the spelling of JSON5 numbers and strings
    if (value.is_null()) return;
    TextScratch scratch;
    const std::string_view text = until_nul(text_of(context, value, scratch));
    TextBuilder out;
    if (!json::append_jsonb(out, text)) return context.fail("malformed JSON");
    if (!finish(context, out)) return;
    context.result.set_blob_copy(out.text());
    context.result.encoding = context.encoding;
    return;
  }
  if (binary) {
    TextScratch scratch;
    const std::string_view blob = scratch.bytes(value);
    if (json::looks_like_jsonb(blob)) {
      if (json::check_jsonb(blob) != std::string_view::npos) return context.fail("malformed JSON");
      context.result.share(value);
      context.result.subtype = 0;
      return;
    }
  }
  Document document;
  if (document.read(context, value)) give_json(context, document.text(), binary);
}

void extract(FunctionContext& context, int arg_count, const Value* args, bool binary) {
  if (arg_count < 2) return;
  Document document(Form::Strict);
  if (!document.read(context, args[0])) return;
  TextBuilder out;
  if (arg_count > 2) out.append('[');
  for (int i = 1; i < arg_count; ++i) {
    if (args[i].is_null()) return;
    TextScratch scratch;
    const std::string_view path = text_of(context, args[i], scratch);
    const Place place = json::find(document.text(), path);
    if (place.kind == Place::Kind::BadPath) return fail_path(context, path);
    if (arg_count == 2) {
      if (place.kind == Place::Kind::Found) give_sql(context, document.canonical(place.value, out), binary);
      return;
    }
    if (i > 1) out.append(',');
    TextBuilder part;
    out.append(place.kind == Place::Kind::Found ? document.canonical(place.value, part) : std::string_view("null"));
  }
  out.append(']');
  give_json(context, out, binary);
}

// -> and ->>: the right side is a path, a label or an index.
void arrow(FunctionContext& context, const Value* args, bool as_sql) {
  Document document(Form::Strict);
  if (!document.read(context, args[0])) return;
  if (args[1].is_null()) return;
  TextScratch scratch;
  const std::string_view given = text_of(context, args[1], scratch);
  TextBuilder path;
  if (args[1].type == ValueType::Integer) {
    base::append_printf(path, args[1].integer < 0 ? "$[#%lld]" : "$[%lld]", static_cast<long long>(args[1].integer));
  } else if (given.empty()) {
    return fail_path(context, given);
  } else if (given.front() == '$') {
    path.append(given);
  } else if (given.front() == '[' && given.back() == ']') {
    path.append('$');
    path.append(given);
  } else {
    path.append("$.\"");
    path.append(given);
    path.append('"');
  }
  const Place place = json::find(document.text(), path.text());
  if (place.kind == Place::Kind::BadPath) return fail_path(context, given);
  if (place.kind != Place::Kind::Found) return;
  TextBuilder out;
  const std::string_view value = document.canonical(place.value, out);
  as_sql ? give_sql(context, value, false) : give_json(context, value, false);
}

enum class Edit : std::uint8_t { Insert, Replace, Set, ArrayInsert };

void fail_count(FunctionContext& context, const char* rule) {
  context.fail(Status::format(Code::Error, -1, "%s() needs %s", context.function->name, rule));
}

bool fail_element(FunctionContext& context, std::string_view path) {
  TextBuilder copy;
  copy.append(path);
  TextBuilder message;
  base::append_printf(message, "not an array element: %Q", copy.c_str());
  context.fail(message.text());
  return false;
}

// One change of `current`; the new text goes to `out`, *changed says whether it differs. False when the call has
// failed.
bool apply_edit(FunctionContext& context, std::string_view current, std::string_view path, const Value& value,
                Edit edit, TextBuilder& out, bool* changed) {
  *changed = false;
  if (!path.starts_with('$')) {
    fail_path(context, path);
    return false;
  }
  TextBuilder one;
  if (!append_value(context, one, value, true)) return false;
  const Place place = json::find(current, path);
  const auto before = [&](const char* at) {
    return std::string_view(current.data(), static_cast<std::size_t>(at - current.data()));
  };
  const auto after = [&](const char* at) {
    return std::string_view(at, static_cast<std::size_t>(current.data() + current.size() - at));
  };
  switch (place.kind) {
    case Place::Kind::BadPath:
      fail_path(context, path);
      return false;
    case Place::Kind::Missing:
      return true;
    case Place::Kind::Found:
      if (edit == Edit::Insert) return true;
      if (edit == Edit::ArrayInsert) {
        if (place.is_root) return true;
        if (!place.by_index) return fail_element(context, path);
        out.append(before(place.value.data()));
        out.append(one.text());
        out.append(',');
        out.append(after(place.value.data()));
      } else {
        out.append(before(place.value.data()));
        out.append(one.text());
        out.append(after(place.value.data() + place.value.size()));
      }
      *changed = true;
      return true;
    case Place::Kind::NewMember:
    case Place::Kind::NewElement:
      break;
  }
  if (edit == Edit::Replace) return true;
  if (edit == Edit::ArrayInsert && path.back() != ']') return fail_element(context, path);
  TextBuilder nested;
  bool bad_path = false;
  if (!json::append_nested(nested, place.rest, one.text(), &bad_path)) {
    if (!bad_path) return true;
    fail_path(context, path);
    return false;
  }
  const char* const close = place.container.data() + place.container.size() - 1;
  out.append(before(close));
  if (place.container.size() > 2) out.append(',');
  if (place.kind == Place::Kind::NewMember) {
    json::append_label(out, place.label, place.label_escaped);
    out.append(':');
  }
  out.append(nested.text());
  out.append(after(close));
  *changed = true;
  return true;
}

void edit_document(FunctionContext& context, int arg_count, const Value* args, Edit edit, bool binary) {
  if (arg_count == 0) return;
  if (arg_count % 2 == 0) return fail_count(context, "an odd number of arguments");
  Document document;
  if (!document.read(context, args[0])) return;
  String current(document.text());
  for (int i = 1; i < arg_count; i += 2) {
    if (args[i].is_null()) continue;
    TextScratch scratch;
    TextBuilder next;
    bool changed = false;
    if (!apply_edit(context, current, text_of(context, args[i], scratch), args[i + 1], edit, next, &changed)) return;
    if (!changed) continue;
    if (!finish(context, next)) return;
    current.assign(next.text());
  }
  give_json(context, current, binary);
}

void remove_paths(FunctionContext& context, int arg_count, const Value* args, bool binary) {
  if (arg_count == 0) return;
  Document document;
  if (!document.read(context, args[0])) return;
  String current(document.text());
  for (int i = 1; i < arg_count; ++i) {
    if (args[i].is_null()) return;
    TextScratch scratch;
    const std::string_view path = text_of(context, args[i], scratch);
    const Place place = json::find(current, path);
    if (place.kind == Place::Kind::BadPath) return fail_path(context, path);
    if (place.kind != Place::Kind::Found) continue;
    if (place.is_root) return;  // nothing is left
    auto first = static_cast<std::size_t>(place.member.data() - current.data());
    std::size_t size = place.member.size();
    if (current[first + size] == ',') {
      ++size;
    } else if (current[first - 1] == ',') {
      --first;
      ++size;
    }
    current.erase(first, size);
  }
  give_json(context, current, binary);
}

void make_array(FunctionContext& context, int arg_count, const Value* args, bool binary) {
  TextBuilder out;
  out.append('[');
  for (int i = 0; i < arg_count; ++i) {
    if (i > 0) out.append(',');
    if (!append_value(context, out, args[i])) return;
  }
  out.append(']');
  give_json(context, out, binary);
}

void make_object(FunctionContext& context, int arg_count, const Value* args, bool binary) {
  if (arg_count % 2 != 0) return context.fail("json_object() requires an even number of arguments");
  TextBuilder out;
  out.append('{');
  for (int i = 0; i < arg_count; i += 2) {
    if (args[i].type != ValueType::Text) return context.fail("json_object() labels must be TEXT");
    if (i > 0) out.append(',');
    TextScratch scratch;
    json::append_quoted(out, text_of(context, args[i], scratch));
    out.append(':');
    if (!append_value(context, out, args[i + 1])) return;
  }
  out.append('}');
  give_json(context, out, binary);
}

void patch(FunctionContext& context, const Value* args, bool binary) {
  Document target;
  Document change;
  if (!target.read(context, args[0])) return;
  if (!change.read(context, args[1])) return;
  TextBuilder out;
  json::append_patched(out, target.text(), change.text());
  give_json(context, out, binary);
}

// ---- json_group_array, json_group_object ----

struct GroupState {
  String* text;                 // ",one,two"
  Deque<std::uint32_t>* sizes;  // of moving frames: of each part with its comma, 0 for a row that gave none
};

bool group_append(FunctionContext& context, TextBuilder& part) {
  auto& state = context.state_as<GroupState>();
  if (!finish(context, part)) return false;
  if (state.text == nullptr) state.text = base::make_unique<String>().release();
  if (context.over_limit(std::uint64_t{state.text->size()} + part.size() + 2)) return false;
  state.text->append(part.text());
  return true;
}
void group_note(FunctionContext& context, std::size_t size) {
  if (!context.moving_frame) return;
  auto& state = context.state_as<GroupState>();
  if (state.sizes == nullptr) state.sizes = base::make_unique<Deque<std::uint32_t>>().release();
  state.sizes->push_back(static_cast<std::uint32_t>(size));
}
void group_value(FunctionContext& context, bool object, bool binary) {
  const auto& state = context.state_as<GroupState>();
  TextBuilder out;
  out.append(object ? '{' : '[');
  if (state.text != nullptr && !state.text->empty()) out.append(std::string_view(*state.text).substr(1));
  out.append(object ? '}' : ']');
  give_json(context, out, binary);
}
void group_release(FunctionContext& context) noexcept {
  auto& state = context.state_as<GroupState>();
  UniquePtr<String> text(state.text);
  UniquePtr<Deque<std::uint32_t>> sizes(state.sizes);
  state = {};
}
static_assert(sizeof(GroupState) == kGroupStateSize);

}  // namespace

void give_json_value(FunctionContext& context, std::string_view value, bool binary) {
  give_sql(context, value, binary);
}

void fn_json(FunctionContext& context, int, Value* args) { to_json(context, args[0], false); }
void fn_jsonb(FunctionContext& context, int, Value* args) { to_json(context, args[0], true); }
void fn_json_extract(FunctionContext& context, int n, Value* args) { extract(context, n, args, false); }
void fn_jsonb_extract(FunctionContext& context, int n, Value* args) { extract(context, n, args, true); }
void fn_json_arrow(FunctionContext& context, int, Value* args) { arrow(context, args, false); }
void fn_json_arrow_sql(FunctionContext& context, int, Value* args) { arrow(context, args, true); }
void fn_json_insert(FunctionContext& context, int n, Value* args) {
  edit_document(context, n, args, Edit::Insert, false);
}
void fn_jsonb_insert(FunctionContext& context, int n, Value* args) {
  edit_document(context, n, args, Edit::Insert, true);
}
void fn_json_replace(FunctionContext& context, int n, Value* args) {
  edit_document(context, n, args, Edit::Replace, false);
}
void fn_jsonb_replace(FunctionContext& context, int n, Value* args) {
  edit_document(context, n, args, Edit::Replace, true);
}
void fn_json_set(FunctionContext& context, int n, Value* args) { edit_document(context, n, args, Edit::Set, false); }
void fn_jsonb_set(FunctionContext& context, int n, Value* args) { edit_document(context, n, args, Edit::Set, true); }
void fn_json_array_insert(FunctionContext& context, int n, Value* args) {
  edit_document(context, n, args, Edit::ArrayInsert, false);
}
void fn_jsonb_array_insert(FunctionContext& context, int n, Value* args) {
  edit_document(context, n, args, Edit::ArrayInsert, true);
}
void fn_json_remove(FunctionContext& context, int n, Value* args) { remove_paths(context, n, args, false); }
void fn_jsonb_remove(FunctionContext& context, int n, Value* args) { remove_paths(context, n, args, true); }
void fn_json_array(FunctionContext& context, int n, Value* args) { make_array(context, n, args, false); }
void fn_jsonb_array(FunctionContext& context, int n, Value* args) { make_array(context, n, args, true); }
void fn_json_object(FunctionContext& context, int n, Value* args) { make_object(context, n, args, false); }
void fn_jsonb_object(FunctionContext& context, int n, Value* args) { make_object(context, n, args, true); }
void fn_json_patch(FunctionContext& context, int, Value* args) { patch(context, args, false); }
void fn_jsonb_patch(FunctionContext& context, int, Value* args) { patch(context, args, true); }

void fn_json_array_length(FunctionContext& context, int arg_count, Value* args) {
  Document document(Form::Strict);
  if (!document.read(context, args[0])) return;
  std::string_view value = document.text();
  if (arg_count > 1) {
    if (args[1].is_null()) return;
    TextScratch scratch;
    const std::string_view path = text_of(context, args[1], scratch);
    const Place place = json::find(value, path);
    if (place.kind == Place::Kind::BadPath) return fail_path(context, path);
    if (place.kind != Place::Kind::Found) return;
    value = place.value;
  }
  std::int64_t count = 0;
  if (value.front() == '[') {
    json::Elements elements(value);
    std::string_view label;
    std::string_view element;
    while (elements.next(&label, &element)) ++count;
  }
  context.result.set_integer(count);
}

void fn_json_type(FunctionContext& context, int arg_count, Value* args) {
  Document document(Form::Strict);
  if (!document.read(context, args[0])) return;
  std::string_view value = document.text();
  if (arg_count > 1) {
    if (args[1].is_null()) return;
    TextScratch scratch;
    const std::string_view path = text_of(context, args[1], scratch);
    const Place place = json::find(value, path);
    if (place.kind == Place::Kind::BadPath) return fail_path(context, path);
    if (place.kind != Place::Kind::Found) return;
    value = place.value;
  }
  context.set_static_text(json::type_of(value));
}

void fn_json_quote(FunctionContext& context, int, Value* args) {
  TextBuilder out;
  if (append_value(context, out, args[0])) give_json(context, out, false);
}

void fn_json_pretty(FunctionContext& context, int arg_count, Value* args) {
  Document document;
  if (!document.read(context, args[0])) return;
  TextScratch scratch;
  std::string_view indent = "    ";
  if (arg_count > 1 && !args[1].is_null()) indent = until_nul(text_of(context, args[1], scratch));
  TextBuilder out;
  json::append_pretty(out, document.text(), indent);
  if (finish(context, out)) context.set_text(out.text());
}

void fn_json_valid(FunctionContext& context, int arg_count, Value* args) {
  std::int64_t flags = 1;
  if (arg_count > 1) {
    flags = record::to_integer(args[1]);
    if (flags < 1 || flags > 15) return context.fail("FLAGS parameter to json_valid() must be between 1 and 15");
  }
  const Value& value = args[0];
  if (value.is_null()) return;
  TextScratch scratch;
  bool valid = false;
  if (value.type == ValueType::Blob) {
    const std::string_view blob = scratch.bytes(value);
    if (json::looks_like_jsonb(blob)) {
      if ((flags & 4) != 0) {
        valid = true;
      } else if ((flags & 8) != 0) {
        valid = json::check_jsonb(blob) == std::string_view::npos;
      }
      return context.result.set_boolean(valid);
    }
  }
  if ((flags & 3) != 0) {
    const json::Scan scan = json::scan(until_nul(text_of(context, value, scratch)));
    valid = scan.valid && (scan.strict || (flags & 2) != 0);
  }
  context.result.set_boolean(valid);
}

void fn_json_error_position(FunctionContext& context, int, Value* args) {
  const Value& value = args[0];
  if (value.is_null()) return;
  TextScratch scratch;
  if (value.type == ValueType::Blob) {
    const std::string_view blob = scratch.bytes(value);
    if (json::looks_like_jsonb(blob)) {
      const std::size_t bad = json::check_jsonb(blob);
      return context.result.set_integer(bad == std::string_view::npos ? 0 : static_cast<std::int64_t>(bad) + 1);
    }
  }
  const std::string_view text = until_nul(text_of(context, value, scratch));
  const json::Scan scan = json::scan(text);
  if (scan.valid) return context.result.set_integer(0);
  std::int64_t letters = 1;
  for (std::size_t i = 0; i < scan.error_at; ++i) letters += (text[i] & 0xc0) != 0x80 ? 1 : 0;
  context.result.set_integer(letters);
}

void json_group_array_step(FunctionContext& context, int, Value* args) {
  TextBuilder part;
  part.append(',');
  if (append_value(context, part, args[0]) && group_append(context, part)) group_note(context, part.size());
}
void json_group_object_step(FunctionContext& context, int, Value* args) {
  if (args[0].is_null()) return group_note(context, 0);
  TextBuilder part;
  TextScratch scratch;
  part.append(',');
  json::append_quoted(part, text_of(context, args[0], scratch));
  part.append(':');
  if (append_value(context, part, args[1]) && group_append(context, part)) group_note(context, part.size());
}
void json_group_inverse(FunctionContext& context, int, Value*) {
  auto& state = context.state_as<GroupState>();
  if (state.sizes == nullptr || state.sizes->empty()) return;
  if (state.text != nullptr) state.text->erase(0, state.sizes->front());
  state.sizes->pop_front();
}
void json_group_array_value(FunctionContext& context) { group_value(context, false, false); }
void json_group_object_value(FunctionContext& context) { group_value(context, true, false); }
void jsonb_group_array_value(FunctionContext& context) { group_value(context, false, true); }
void jsonb_group_object_value(FunctionContext& context) { group_value(context, true, true); }
void json_group_array_finalize(FunctionContext& context) {
  if (!context.discarded) group_value(context, false, false);
  group_release(context);
}
void json_group_object_finalize(FunctionContext& context) {
  if (!context.discarded) group_value(context, true, false);
  group_release(context);
}
void jsonb_group_array_finalize(FunctionContext& context) {
  if (!context.discarded) group_value(context, false, true);
  group_release(context);
}
void jsonb_group_object_finalize(FunctionContext& context) {
  if (!context.discarded) group_value(context, true, true);
  group_release(context);
}

}  // namespace perlite::func
