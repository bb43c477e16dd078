#include "pager/dump.h"

#include "base/bytes.h"
#include "base/printf.h"
#include "pager/store.h"

namespace perlite::pager {
namespace {

struct Field {
  std::uint32_t offset;
  const char* name;
};
constexpr Field kFields[] = {
    {header::kChangeCounter, "change counter"},         {header::kPageCount, "pages"},
    {header::kFirstTrunk, "first freelist trunk"},      {header::kFreePageCount, "free pages"},
    {header::kSchemaCookie, "schema cookie"},           {header::kSchemaFormat, "schema format"},
    {header::kDefaultCacheSize, "default cache size"},  {header::kLargestRoot, "largest root (auto-vacuum)"},
    {header::kTextEncoding, "text encoding"},           {header::kUserVersion, "user version"},
    {header::kIncrementalVacuum, "incremental vacuum"}, {header::kApplicationId, "application id"},
    {header::kVersionValidFor, "version valid for"},    {header::kLibraryVersion, "library version"},
};

unsigned byte_at(std::span<const std::byte> bytes, std::size_t at) { return static_cast<unsigned>(bytes[at]); }

}  // namespace

Status dump_header(View& view, base::TextBuilder& out) {
  PL_ASSIGN(const PageRef page, view.fetch(PageNo(1)));
  const auto bytes = page.bytes();
  const std::uint32_t raw_size = base::load_be16(bytes.data() + header::kPageSize);
  base::append_printf(out, "page size                    %d\n", static_cast<int>(raw_size == 1 ? 65536 : raw_size));
  base::append_printf(out, "write, read version          %d %d\n",
                      static_cast<int>(byte_at(bytes, header::kWriteVersion)),
                      static_cast<int>(byte_at(bytes, header::kReadVersion)));
  base::append_printf(out, "reserved bytes a page        %d\n",
                      static_cast<int>(byte_at(bytes, header::kReservedBytes)));
  base::append_printf(out, "payload fractions            %d %d %d\n", static_cast<int>(byte_at(bytes, 21)),
                      static_cast<int>(byte_at(bytes, 22)), static_cast<int>(byte_at(bytes, 23)));
  for (const Field& field : kFields) {
    base::append_printf(out, "%-28s %lld\n", field.name,
                        static_cast<long long>(base::load_be32(bytes.data() + field.offset)));
  }
  return {};
}

void dump_bytes(std::span<const std::byte> bytes, std::size_t offset, base::TextBuilder& out) {
  constexpr std::size_t kPerLine = 16;
  for (std::size_t at = 0; at < bytes.size(); at += kPerLine) {
    base::append_printf(out, "%06x ", static_cast<int>(offset + at));
    char letters[kPerLine];
    std::size_t count = 0;
    for (; count < kPerLine && at + count < bytes.size(); ++count) {
      const unsigned byte = byte_at(bytes, at + count);
      base::append_printf(out, " %02x", static_cast<int>(byte));
      letters[count] = byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    out.append_fill(3 * (kPerLine - count) + 2, ' ');
    out.append(std::string_view(letters, count));
    out.append('\n');
  }
}

}  // namespace perlite::pager
