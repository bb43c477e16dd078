// Whatever the text, the parser ends in a tree or an error whose offset lies in the text; what it accepts it prints,
// and the print means the same tree.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sql/complete.h"
#include "sql/normalize.h"
#include "sql/parser.h"
#include "sql/print.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace perlite;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  sql::is_complete(text);
  sql::normalize(text);
  for (;;) {
    Arena arena;
    const auto result = sql::parse_statement(text, arena);
    if (!result.ok()) {
      if (result.status().offset() > static_cast<int>(text.size())) std::abort();
      return 0;
    }
    const sql::ParseResult& parsed = result.value();
    if (parsed.tail > text.size() || parsed.statement_end > parsed.tail) std::abort();
    if (parsed.statement == nullptr || parsed.tail == 0) return 0;
    const String printed = sql::print(*parsed.statement);
    Arena second_arena;
    const auto second = sql::parse_statement(printed, second_arena);
    if (!second.ok() || sql::dump(*second.value().statement) != sql::dump(*parsed.statement)) std::abort();
    text.remove_prefix(parsed.tail);
  }
}
