// What programs ask of the engine by opcode HostCall.
#include "base/ascii.h"
#include "engine/connection.h"
#include "engine/pragma.h"
#include "engine/statement.h"
#include "engine/vacuum.h"
#include "func/builtins.h"

namespace perlite::engine {

Status Connection::call(vm::HostFunction function, std::span<record::Value> arguments, const void*,
                        record::Value& result) {
  record::TextScratch first;
  record::TextScratch second;
  result.set_null();
  switch (function) {
    case vm::HostFunction::Attach: {
      const std::string_view file = first.text(arguments[0]);
      const std::string_view name = second.text(arguments[1]);
      return attach(file.data() == nullptr ? std::string_view("") : file,
                    name.data() == nullptr ? std::string_view("") : name);
    }
    case vm::HostFunction::Detach: {
      const std::string_view name = first.text(arguments[0]);
      return detach(name.data() == nullptr ? std::string_view("") : name);
    }
    case vm::HostFunction::Vacuum:
      if (arguments.size() > 1) {
        if (arguments[1].type != ValueType::Text) return Status::error("non-text filename");
        return vacuum_into(*this, static_cast<int>(arguments[0].integer), first.text(arguments[1]));
      }
      return vacuum(*this, static_cast<int>(arguments[0].integer));
    case vm::HostFunction::RefuseReaders:
      return active_statements_ > 1 ? Status(Code::Locked) : Status();
    case vm::HostFunction::ReloadSchema: {
      Database& d = database(static_cast<int>(arguments[0].integer));
      d.forget_schema();
      expire_programs();
      return {};
    }
    default:
      return Status::error("this operation is not available in this build");
  }
}

Status Connection::load_extension(std::string_view, std::string_view) { return Status::error("not authorized"); }

std::string_view Connection::compile_option(int index) noexcept {
  const auto options = compile_options();
  return static_cast<std::size_t>(index) < options.size() ? std::string_view(options[static_cast<std::size_t>(index)])
                                                           : std::string_view();
}

// LIKE with regard to case: registrations of its twin hide the built-in function.
Status Connection::set_case_sensitive_like(bool sensitive) {
  for (const vm::FunctionDef& twin : func::case_sensitive_like_functions()) {
    functions_.remove("like", twin.arg_count, TextEncoding::Utf8);
    if (!sensitive) continue;
    auto function = make_unique<HostFunction>();
    function->name.assign("like");
    function->def = twin;
    function->def.name = function->name.c_str();
    functions_.add(std::move(function));
  }
  expire_programs();
  return {};
}

std::size_t Connection::find_shape_entries(int number) {
  Database& d = database(number);
  return d.shape ? d.shape->entries().size() : 0;
}

// The columns of a view are those of its query: prepared, and asked for names and types.
Status Connection::list_view_columns(int number, const catalog::Table& view, bool extended, PragmaCall& call) {
  String text("SELECT * FROM \"");
  for (const char c : database_name(number)) text.append(c == '"' ? 2 : 1, c);
  text += "\".\"";
  for (const char c : view.name) text.append(c == '"' ? 2 : 1, c);
  text += '"';
  std::size_t tail = 0;
  PL_ASSIGN(const CompiledRef compiled, compile(text, 0, &tail));
  std::int64_t position = 0;
  for (const vm::ResultColumn& column : compiled->program()->columns) {
    auto row = call.row();
    row.integer(position++).text(column.name).text(column.declared_type).integer(0).null().integer(0);
    if (extended) row.integer(0);
  }
  return {};
}

}  // namespace perlite::engine
