// The rows come from JSONB: `id` is the offset of an element in it (of the label, for a member), which is what it was
// for programs before us; text is turned into JSONB once a scan.
#include "func/json_table.h"

#include "base/number.h"
#include "base/printf.h"
#include "func/arguments.h"
#include "func/functions.h"
#include "func/json.h"

namespace perlite::func {

namespace {

using base::TextBuilder;
using json::Element;
using json::JsonbType;

enum Column : int { kKey, kValue, kType, kAtom, kId, kParent, kFullKey, kPath, kJson, kRoot };
constexpr vm::SourceColumn kColumns[] = {
    {"key", "", record::Affinity::Blob, false},     {"value", "", record::Affinity::Blob, false},
    {"type", "", record::Affinity::Blob, false},    {"atom", "", record::Affinity::Blob, false},
    {"id", "", record::Affinity::Blob, false},      {"parent", "", record::Affinity::Blob, false},
    {"fullkey", "", record::Affinity::Blob, false}, {"path", "", record::Affinity::Blob, false},
    {"json", "", record::Affinity::Blob, true},     {"root", "", record::Affinity::Blob, true},
};
constexpr int kEqual = 2;  // SQLITE_INDEX_CONSTRAINT_EQ

class JsonCursor final : public vm::SourceCursor {
 public:
  JsonCursor(bool tree, bool binary) : tree_(tree), binary_(binary) {}

  // plan_number: how many arguments there are, 0 to 2.
  Status filter(int plan_number, std::string_view, std::span<Value> arguments) override {
    levels_.clear();
    row_ = 0;
    done_ = true;
    root_path_.assign("$");
    json_->set_null();
    if (plan_number < 1 || arguments.empty() || arguments[0].is_null()) return {};
    json_->copy_lasting(arguments[0]);
    if (plan_number > 1 && arguments.size() > 1) {
      if (arguments[1].is_null()) return {};
      TextScratch scratch;
      root_path_.assign(scratch.text(arguments[1]));
    }
    PL_TRY(take_document());
    const json::JsonbPlace place = json::find_in_jsonb(document_, root_path_);
    if (place.bad_path) {
      TextBuilder message;
      base::append_printf(message, "bad JSON path: %Q", root_path_.c_str());
      return Status::error(message.text());
    }
    if (!place.found) return {};
    Element element;
    json::read_element(document_, place.at, &element);
    current_ = Row{place.at, place.label_at, place.is_member, -1, -1};
    done_ = false;
    if (tree_) {
      root_ = place;
      return {};
    }
    if (element.type == JsonbType::Array || element.type == JsonbType::Object) {
      enter(-1);
      return next_row();
    }
    root_ = {};
    return {};
  }
  Status next() override {
    ++row_;
    return next_row();
  }
  bool at_end() override { return done_; }
  Status rowid(std::int64_t* rowid) override {
    *rowid = row_;
    return {};
  }

  Status column(int column, FunctionContext& context) override {
    Element element;
    json::read_element(document_, current_.at, &element);
    const bool container = element.type == JsonbType::Array || element.type == JsonbType::Object;
    switch (column) {
      case kKey:
        if (current_.index >= 0) {
          context.result.set_integer(current_.index);
        } else if (current_.is_member && (tree_ || !levels_.empty())) {
          give(context, current_.label_at);
        } else if (levels_.empty() && tree_ && root_.by_index) {
          context.result.set_integer(static_cast<std::int64_t>(root_.index));
        }
        return {};
      case kAtom:
        if (!container) give(context, current_.at);
        return {};
      case kValue:
        if (container && binary_) {
          context.result.set_blob_copy(document_.substr(current_.at, element.whole()));
          context.result.encoding = context.encoding;
        } else {
          give(context, current_.at);
        }
        return {};
      case kType: {
        constexpr std::string_view kNames[] = {"null", "true", "false", "integer", "integer", "real",  "real",
                                               "text", "text", "text",  "text",    "array",   "object"};
        context.set_static_text(kNames[static_cast<int>(element.type)]);
        return {};
      }
      case kId:
        context.result.set_integer(id_of(current_));
        return {};
      case kParent:
        if (tree_ && current_.parent >= 0) context.result.set_integer(current_.parent);
        return {};
      case kFullKey:
      case kPath: {
        String key;
        const std::size_t path_size = append_full_key(key);
        context.set_text(column == kFullKey ? std::string_view(key) : std::string_view(key).substr(0, path_size));
        return {};
      }
      case kJson:
        context.result.share(*json_);
        return {};
      default:
        context.set_text(root_path_);
        return {};
    }
  }

 private:
  struct Row {
    std::size_t at;
    std::size_t label_at;
    bool is_member;
    std::int64_t index;   // in an array, else -1
    std::int64_t parent;  // id, or -1
  };
  struct Level {
    std::size_t next;
    std::size_t end;
    std::int64_t index;  // of the next element
    std::int64_t id;
    bool object;
    std::size_t label_at = 0;  // of the element within, in an object
  };
  static std::int64_t id_of(const Row& row) noexcept {
    return static_cast<std::int64_t>(row.is_member ? row.label_at : row.at);
  }

  Status take_document() {
    TextScratch scratch;
    jsonb_.truncate(0);
    if (json_->type == ValueType::Blob) {
      const std::string_view blob = scratch.bytes(*json_);
      if (json::looks_like_jsonb(blob)) {
        if (json::check_jsonb(blob) != std::string_view::npos) return Status::error("malformed JSON");
        jsonb_.append(blob);
        return keep_document();
      }
    }
    const std::string_view text = until_nul(scratch.text(*json_));
    if (!json::append_jsonb(jsonb_, text)) return Status::error("malformed JSON");
    return keep_document();
  }

  Status keep_document() {
    if (const Code error = jsonb_.error(); error != Code::Ok) {
      jsonb_.reset();
      return Status(error);
    }
    document_ = jsonb_.text();
    return {};
  }

  // Goes into the container that is the current row.
  void enter(std::int64_t id) {
    Element element;
    json::read_element(document_, current_.at, &element);
    const std::size_t first = current_.at + element.header_size;
    levels_.push_back({first, first + element.size, 0, id, element.type == JsonbType::Object});
  }
  Status next_row() {
    Element element;
    json::read_element(document_, current_.at, &element);
    const bool container = element.type == JsonbType::Array || element.type == JsonbType::Object;
    if (tree_ && container) enter(id_of(current_));
    while (!levels_.empty() && levels_.back().next >= levels_.back().end) levels_.pop_back();
    if (levels_.empty()) {
      done_ = true;
      return {};
    }
    Level& level = levels_.back();
    current_ = Row{level.next, level.next, level.object, -1, level.id};
    if (level.object) {
      level.label_at = level.next;
      json::read_element(document_, level.next, &element);
      current_.at = level.next + element.whole();
    } else {
      current_.index = level.index++;
    }
    json::read_element(document_, current_.at, &element);
    level.next = current_.at + element.whole();
    return {};
  }
  // The path of the row: "$", then a step for each level. Answers where the path of its container ends.
  std::size_t append_full_key(String& key) const {
    key.assign(root_path_);
    std::size_t path_size = key.size() - (tree_ ? root_.last_step_size : 0);
    for (const Level& level : levels_) {
      path_size = key.size();
      if (level.object) {
        append_label(key, level.label_at);
      } else {
        TextBuilder step;
        base::append_printf(step, "[%lld]", static_cast<long long>(level.index - 1));
        key.append(step.text());
      }
    }
    return path_size;
  }
  // ".label", in quotes unless it is a plain word.
  void append_label(String& key, std::size_t at) const {
    Element element;
    json::read_element(document_, at, &element);
    TextBuilder label;
    json::append_text_of_jsonb(label, document_.substr(at, element.whole()));
    std::string_view quoted = label.text();
    const std::string_view content = quoted.substr(1, quoted.size() - 2);
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    bool plain = !content.empty() && is_letter(content.front());
    for (const char c : content) plain = plain && (is_letter(c) || base::is_digit(c));
    key.push_back('.');
    key.append(plain ? content : quoted);
  }
  void give(FunctionContext& context, std::size_t at) {
    Element element;
    json::read_element(document_, at, &element);
    const std::string_view whole = document_.substr(at, element.whole());
    const std::string_view content = whole.substr(element.header_size);
    // Stored as JSON has them.
    if (element.type == JsonbType::Int || element.type == JsonbType::Float) {
      return give_json_value(context, content, false);
    }
    if (element.type == JsonbType::Text) return context.set_text(content);
    TextBuilder text;
    json::append_text_of_jsonb(text, whole);
    if (text.error() != Code::Ok) return context.fail(Status(text.error()));
    give_json_value(context, text.text(), false);
  }

  const bool tree_;
  const bool binary_;
  bool done_ = true;
  OwnedValue json_;
  TextBuilder jsonb_;
  std::string_view document_;  // of jsonb_
  String root_path_;
  json::JsonbPlace root_;
  Row current_{};
  Vector<Level> levels_;
  std::int64_t row_ = 0;
};

class JsonSource final : public vm::Source {
 public:
  JsonSource(bool tree, bool binary) : tree_(tree), binary_(binary) {}
  std::span<const vm::SourceColumn> columns() const noexcept override { return kColumns; }
  Status best_plan(vm::SourcePlan& plan) override {
    int json = -1;
    int root = -1;
    for (std::size_t i = 0; i < plan.constraints.size(); ++i) {
      const vm::SourceConstraint& constraint = plan.constraints[i];
      if (constraint.operation != kEqual || (constraint.column != kJson && constraint.column != kRoot)) continue;
      // An argument that is not known yet: another order of the join must give it first.
      if (!constraint.usable) return Code::Constraint;
      (constraint.column == kJson ? json : root) = static_cast<int>(i);
    }
    plan.plan_number = 0;
    plan.cost = 1e10;
    if (json < 0) return {};  // without a document there are no rows
    plan.argument_index[static_cast<std::size_t>(json)] = 1;
    plan.omit[static_cast<std::size_t>(json)] = true;
    plan.plan_number = 1;
    plan.cost = 1;
    if (root < 0) return {};
    plan.argument_index[static_cast<std::size_t>(root)] = 2;
    plan.omit[static_cast<std::size_t>(root)] = true;
    plan.plan_number = 2;
    return {};
  }
  Result<UniquePtr<vm::SourceCursor>> open() override {
    return UniquePtr<vm::SourceCursor>(base::make_unique<JsonCursor>(tree_, binary_));
  }

 private:
  bool tree_;
  bool binary_;
};

template <bool tree, bool binary>
UniquePtr<vm::Source> make_source() {
  return base::make_unique<JsonSource>(tree, binary);
}

constexpr TableFunction kTableFunctions[] = {
    {"json_each", make_source<false, false>},
    {"json_tree", make_source<true, false>},
    {"jsonb_each", make_source<false, true>},
    {"jsonb_tree", make_source<true, true>},
};

}  // namespace

std::span<const TableFunction> builtin_table_functions() noexcept { return kTableFunctions; }

}  // namespace perlite::func
