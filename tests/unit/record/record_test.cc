// Records: what the distribution's SQLite wrote is read as the values that went in, and the same values give the same
// bytes; a record cut anywhere is Missing or Corrupt, never read past its end.
// Order: compare_values, sort keys and probes over stored bytes agree with SQLite and with each other.
#include "record/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/number.h"
#include "pager/page_ref.h"
#include "record/record_probe.h"

namespace perlite::record {
namespace {

std::ifstream open_data(const char* name) {
  const std::string path = std::string(PERLITE_SOURCE_DIR "/tests/unit/record/data/") + name;
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  return file;
}

std::string unhex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(base::hex_digit(hex[i]) * 16 + base::hex_digit(hex[i + 1])));
  }
  return bytes;
}

base::Bytes as_bytes(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }
std::string as_text(base::Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Values that keep their bytes themselves.
class Values {
 public:
  Values() = default;
  Values(Values&&) = default;
  ~Values() {
    for (Value& value : values_) value.release();
  }
  Value& add() { return values_.emplace_back(); }
  std::span<Value> span() { return values_; }

 private:
  std::vector<Value> values_;
};

bool identical(const Value& a, const Value& b) {
  if (a.type != b.type) return false;
  if (a.is_null()) return true;
  if (a.is_numeric()) return a.integer == b.integer;
  return a.bytes() == b.bytes();
}

struct StoredRecord {
  bool real_column;
  TextEncoding encoding;
  Values values;
  std::string bytes;
};

std::vector<StoredRecord> stored_records() {
  std::vector<StoredRecord> records;
  std::ifstream file = open_data("records.txt");
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string kind, fields, hex;
    int encoding;
    words >> kind >> encoding >> fields >> hex;
    StoredRecord record{kind == "r", static_cast<TextEncoding>(encoding), {}, unhex(hex)};
    std::istringstream parts(fields);
    std::string part;
    while (std::getline(parts, part, ',')) {
      const std::size_t star = part.find('*');
      const std::string body = part.substr(1, star - 1);
      for (int n = std::atoi(part.c_str() + star + 1); n > 0; --n) {
        Value& value = record.values.add();
        if (part[0] == 'i') value.set_integer(base::parse_integer_prefix(body));
        if (part[0] == 'r') {
          const std::string bits = unhex(body);
          value.set_real(std::bit_cast<double>(base::load_be64(as_bytes(bits).data())));
        }
        if (part[0] == 't') value.set_text_copy(unhex(body), record.encoding);
        if (part[0] == 'b') value.set_blob_copy(unhex(body));
      }
    }
    records.push_back(std::move(record));
  }
  return records;
}

TEST(Record, BuildsTheBytesOfSqlite) {
  RecordBuilder builder;
  for (StoredRecord& record : stored_records()) {
    const std::vector<FieldFormat> formats(record.values.span().size(), FieldFormat{record.real_column});
    auto built = builder.build(record.values.span(), formats, 1000000000);
    ASSERT_TRUE(built.ok());
    EXPECT_EQ(as_text(built.value()), record.bytes);
    EXPECT_EQ(builder.size_of(record.values.span(), formats), record.bytes.size());
  }
}

TEST(Record, ReadsTheBytesOfSqlite) {
  RecordReader reader;
  for (StoredRecord& record : stored_records()) {
    reader.reset(as_bytes(record.bytes), record.bytes.size(), record.encoding);
    const std::span<Value> values = record.values.span();
    for (std::size_t i = values.size(); i-- > 0;) {
      Value value;
      ASSERT_EQ(reader.field(static_cast<std::uint32_t>(i), &value), RecordReader::Found::Ok);
      if (record.real_column && value.type == ValueType::Integer) value.set_real(static_cast<double>(value.integer));
      if (record.real_column && values[i].real == 0) continue;  // -0.0 comes back as 0.0
      EXPECT_TRUE(identical(value, values[i])) << record.bytes.size() << " " << i;
    }
    Value beyond;
    EXPECT_EQ(reader.field(static_cast<std::uint32_t>(values.size()), &beyond), RecordReader::Found::Absent);
    std::uint32_t count = 0;
    EXPECT_EQ(reader.field_count(&count), RecordReader::Found::Ok);
    EXPECT_EQ(count, values.size());
  }
}

TEST(Record, FormatOneHasNoTypesForZeroAndOne) {
  Values values;
  values.add().set_integer(0);
  values.add().set_integer(1);
  RecordBuilder builder(1);
  auto built = builder.build(values.span(), {}, 100);
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(as_text(built.value()), std::string("\x03\x01\x01\x00\x01", 5));
  EXPECT_EQ(builder.build(values.span(), {}, 4).status().code(), Code::TooBig);
}

TEST(Record, PrefixesAreMissingAndRubbishIsCorrupt) {
  RecordReader reader;
  for (StoredRecord& record : stored_records()) {
    if (record.bytes.size() > 400) continue;
    for (std::size_t cut = 0; cut < record.bytes.size(); ++cut) {
      const std::string prefix = record.bytes.substr(0, cut);
      for (const std::size_t total : {record.bytes.size(), cut}) {
        reader.reset(as_bytes(prefix), total, record.encoding);
        for (std::uint32_t i = 0; i < record.values.span().size(); ++i) {
          Value value;
          const auto found = reader.field(i, &value);
          if (total == cut && cut > 0) {
            EXPECT_NE(found, RecordReader::Found::Missing);
          }
          if (total != cut) {
            EXPECT_NE(found, RecordReader::Found::Corrupt);
          }
        }
      }
    }
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 20, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 4 != 0 ? random() % 24 : random());
    reader.reset(as_bytes(bytes), bytes.size(), TextEncoding::Utf8);
    for (std::uint32_t i = 0; i < 20; ++i) {
      Value value;
      if (reader.field(i, &value) == RecordReader::Found::Ok && value.is_bytes()) {
        EXPECT_LE(value.data + value.size, bytes.data() + bytes.size());
      }
    }
    KeyField fields[3] = {};
    const KeyInfo info{fields, TextEncoding::Utf8};
    Values wanted;
    wanted.add().set_integer(1);
    wanted.add().set_text_borrowed("a");
    const RecordProbe probe(info, wanted.span(), 0);
    // A stored key is followed by bytes of no meaning (btree/key_order.h).
    const std::string padded = bytes + std::string(pager::kFrameSlack, '\x7f');
    const auto stored = as_bytes(padded).first(bytes.size());
    static_cast<void>(probe.compare(stored, true));
    static_cast<void>(probe.compare(stored, false));
    static_cast<void>(compare_records(as_bytes(bytes), as_bytes(bytes), info, 3, nullptr));
  }
}

struct Ranked {
  int rank;
  Value value;
};

struct RankedList {
  TextEncoding encoding;
  const Collation* collation;
  std::vector<Ranked> entries;
};

std::vector<RankedList> ranked_lists() {
  std::vector<RankedList> lists;
  std::string last;
  std::ifstream file = open_data("order.txt");
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string encoding, collation, type, text;
    int rank;
    words >> encoding >> collation >> rank >> type >> text;
    const TextEncoding enc = encoding == "UTF-8"      ? TextEncoding::Utf8
                             : encoding == "UTF-16le" ? TextEncoding::Utf16le
                                                      : TextEncoding::Utf16be;
    if (encoding + collation != last) lists.push_back({enc, find_builtin_collation(collation), {}});
    last = encoding + collation;
    Value value{};
    if (type == "integer") value.set_integer(base::parse_integer_prefix(text));
    if (type == "real" && text == "Inf") value.set_real(std::numeric_limits<double>::infinity());
    if (type == "real" && text == "-Inf") value.set_real(-std::numeric_limits<double>::infinity());
    if (type == "real" && text.back() != 'f') value.set_real(base::parse_numeric(text).real);
    if (type == "text") value.set_text_copy(unhex(text), enc);
    if (type == "blob") value.set_blob_copy(unhex(text));
    lists.back().entries.push_back({rank, value});
  }
  return lists;
}

int sign(int v) { return v < 0 ? -1 : v > 0 ? 1 : 0; }

TEST(Order, IsThatOfSqliteInEveryForm) {
  RecordBuilder builder;
  for (RankedList& list : ranked_lists()) {
    ASSERT_NE(list.collation, nullptr);
    for (const bool descending : {false, true}) {
      for (const bool big_nulls : {false, true}) {
        const KeyField field[2] = {{list.collation, descending, big_nulls}, {}};
        const KeyInfo info{field, list.encoding};
        const SortKeyEncoder encoder(info);
        ASSERT_TRUE(encoder.usable());
        std::vector<std::string> keys;
        std::vector<std::string> records;
        for (const Ranked& entry : list.entries) {
          Vector<std::byte> key;
          encoder.append({&entry.value, 1}, &key);
          keys.push_back(as_text(base::Bytes(key.data(), key.size())));
          const Value with_tail[2] = {entry.value, Value{}};
          records.push_back(as_text(builder.build(with_tail, {}, 1000).value()));
        }
        for (std::size_t i = 0; i < list.entries.size(); ++i) {
          for (std::size_t k = 0; k < list.entries.size(); ++k) {
            const Value& a = list.entries[i].value;
            const Value& b = list.entries[k].value;
            int expected = sign(list.entries[i].rank - list.entries[k].rank);
            ASSERT_EQ(compare_values(a, b, *list.collation), expected) << i << " " << k;
            if (big_nulls && a.is_null() != b.is_null()) expected = -expected;
            if (descending) expected = -expected;
            ASSERT_EQ(sign(keys[i].compare(keys[k])), expected) << i << " " << k << list.collation->name;
            ASSERT_EQ(sign(compare_keys({&a, 1}, {&b, 1}, info)), expected);
            ASSERT_EQ(compare_records(as_bytes(records[i]), as_bytes(records[k]), info, 1, nullptr), expected);
            const RecordProbe probe(info, {&b, 1}, 0);
            const RecordProbe after(info, {&b, 1}, -1);
            const PackedProbe packed(info, as_bytes(records[k]), 1, 0);
            const RecordOrder order(info);
            ASSERT_EQ(probe.compare(as_bytes(records[i]), true), expected) << i << " " << k;
            ASSERT_EQ(after.compare(as_bytes(records[i]), true), expected == 0 ? -1 : expected);
            ASSERT_EQ(packed.compare(as_bytes(records[i]), true), expected);
            ASSERT_EQ(order.compare(as_bytes(records[i]), true, as_bytes(records[k])), expected);
            for (std::size_t cut = 0; cut < records[i].size(); ++cut) {
              const std::string prefix = records[i].substr(0, cut);
              const int answer = probe.compare(as_bytes(prefix), false);
              ASSERT_TRUE(answer == btree::kNeedMore || answer == expected) << i << " " << k << " " << cut;
            }
          }
        }
      }
    }
    for (Ranked& entry : list.entries) entry.value.release();
  }
}

// Texts and integers around the sizes that a probe compares as numbers, in their order.
std::vector<Value> close_values(Values& keep) {
  std::vector<std::string> texts;
  for (const std::size_t size : {0u, 1u, 2u, 6u, 7u, 8u, 9u, 12u, 15u, 16u, 17u, 24u, 40u}) {
    for (const std::size_t differs : {0u, 1u, 6u, 7u, 8u, 9u, 14u, 15u, 16u, 23u, 39u}) {
      if (differs > size) continue;
      for (const char letter : {'\0', 'a', 'z', '\xff'}) {
        std::string text(size, 'm');
        if (differs < size) text[differs] = letter;
        texts.push_back(text);
      }
    }
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  for (const int shift : {63, 62, 47, 46, 31, 30, 23, 15, 14, 7, 1, 0}) {
    keep.add().set_integer(std::numeric_limits<std::int64_t>::min() >> (63 - shift));
  }
  for (const int shift : {0, 1, 7, 8, 15, 16, 23, 31, 32, 47, 48, 62}) keep.add().set_integer(std::int64_t{1} << shift);
  for (const std::string& text : texts) keep.add().set_text_copy(text);
  return {keep.span().begin(), keep.span().end()};
}

TEST(Order, ASearchOfAPageEndsWhereComparisonsSay) {
  Values keep;
  const std::vector<Value> values = close_values(keep);
  RecordBuilder builder;
  for (const bool descending : {false, true}) {
    const KeyField fields[2] = {{nullptr, descending, false}, {}};
    const KeyInfo info{fields, TextEncoding::Utf8};
    // Every second value is a key of the page, with a field behind it; those between are looked for in vain.
    constexpr std::uint32_t kUsable = 32768;
    std::vector<std::byte> page(kUsable + 32);
    std::vector<Value> keys;
    for (std::size_t i = 0; i < values.size(); i += 2) keys.push_back(values[descending ? values.size() - 1 - i : i]);
    std::uint32_t at = kUsable;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      Value fields_of_key[2] = {keys[i], Value{}};
      fields_of_key[1].set_integer(static_cast<std::int64_t>(i));
      const std::string record = as_text(builder.build(fields_of_key, {}, 1000).value());
      ASSERT_LT(record.size(), 128u);
      at -= static_cast<std::uint32_t>(record.size()) + 1;
      page[at] = static_cast<std::byte>(record.size());
      std::copy_n(as_bytes(record).begin(), record.size(), page.begin() + at + 1);
      page[2 * i] = static_cast<std::byte>(at >> 8);
      page[2 * i + 1] = static_cast<std::byte>(at & 0xff);
    }
    const btree::PageKeys page_keys{page.data(), page.data(), kUsable, 0, 1000};
    const auto count = static_cast<std::uint32_t>(keys.size());
    for (const Value& value : values) {
      for (const int on_equal : {-1, 0, 1}) {
        const RecordProbe probe(info, {&value, 1}, on_equal);
        std::uint32_t expected = 0;
        bool equal = false;
        while (expected < count) {
          int order = sign(compare_keys({&keys[expected], 1}, {&value, 1}, info));
          equal = order == 0 && on_equal == 0;
          if (order == 0) order = on_equal;
          if (order >= 0) break;
          ++expected;
        }
        const btree::KeyRange range = probe.search(page_keys, {0, count});
        ASSERT_EQ(range.low, expected);
        ASSERT_EQ(range.equal, equal);
      }
    }
    // A cell that points nowhere stops the search at its place.
    page[2 * (count / 2)] = page[2 * (count / 2) + 1] = std::byte{0xff};
    const RecordProbe probe(info, {&values[3], 1}, 0);
    const btree::KeyRange range = probe.search(page_keys, {0, count});
    ASSERT_EQ(range.low, 0u);
    ASSERT_EQ(range.high, count);
    ASSERT_FALSE(range.equal);
  }
}

TEST(Order, IntegersAndDoublesCompareExactly) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200000; ++round) {
    auto integer = static_cast<std::int64_t>(random()) >> (random() % 64);
    double real = static_cast<double>(static_cast<std::int64_t>(random()) >> (random() % 64));
    if (round % 3 == 0) real = static_cast<double>(integer);
    if (round % 5 == 0) real = std::nextafter(real, round % 2 != 0 ? 1e300 : -1e300);
    const auto wide = static_cast<long double>(integer);  // 64 bits of mantissa
    const int expected = wide < real ? -1 : wide > real ? 1 : 0;
    ASSERT_EQ(compare_integer_real(integer, real), expected) << integer << " " << real;
    KeyField field[1] = {};
    const SortKeyEncoder encoder(KeyInfo{field, TextEncoding::Utf8});
    Value a{}, b{};
    a.set_integer(integer);
    b.set_real(real);
    Vector<std::byte> x, y;
    encoder.append({&a, 1}, &x);
    encoder.append({&b, 1}, &y);
    ASSERT_EQ(x < y ? -1 : y < x ? 1 : 0, expected) << integer << " " << real;
  }
}

TEST(Order, ProbesOverSeveralFieldsAgreeWithTheValues) {
  std::mt19937 random(3);
  const auto fill = [&](Values& values) {
    for (int i = 0; i < 3; ++i) {
      Value& value = values.add();
      switch (random() % 5) {
        case 0:
          break;
        case 1:
          value.set_integer(static_cast<int>(random() % 5) - 2);
          break;
        case 2:
          value.set_real(static_cast<int>(random() % 5) * 0.5);
          break;
        case 3:
          value.set_text_copy(std::string(random() % 3, static_cast<char>('a' + random() % 2)));
          break;
        default:
          value.set_blob_copy(std::string(random() % 3, static_cast<char>(random() % 2)));
      }
    }
  };
  RecordBuilder builder;
  for (int round = 0; round < 20000; ++round) {
    KeyField fields[3];
    for (KeyField& field : fields) field = {nullptr, random() % 2 == 0, random() % 4 == 0};
    const KeyInfo info{fields, TextEncoding::Utf8};
    Values left, right;
    fill(left);
    fill(right);
    const std::string stored = as_text(builder.build(left.span(), {}, 1000).value());
    for (std::size_t count = 1; count <= 3; ++count) {
      const auto wanted = right.span().first(count);
      const int expected = sign(compare_keys(left.span(), wanted, info));
      const RecordProbe probe(info, wanted, 0);
      ASSERT_EQ(probe.compare(as_bytes(stored), true), expected);
      const SortKeyEncoder encoder(info);
      Vector<std::byte> a, b;
      encoder.append(left.span().first(count), &a);
      encoder.append(wanted, &b);
      ASSERT_EQ(a < b ? -1 : b < a ? 1 : 0, expected);
    }
  }
}

}  // namespace
}  // namespace perlite::record
