// A record that is patched is the record that would be made anew, and bad records are left to the long way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "vm/record_writer.h"

namespace perlite::vm {
namespace {

using record::Value;

struct Random {
  std::mt19937_64 engine;
  std::uint64_t below(std::uint64_t limit) { return engine() % limit; }
};

// Values that fit the affinity letter; texts borrow from `texts`.
Value value_of(Random& random, char letter, std::vector<std::unique_ptr<std::string>>& texts) {
  Value value{};
  const std::uint64_t kind = random.below(6);
  if (kind == 0) return value;
  if (letter == 'E') {
    value.set_real(kind < 3 ? static_cast<double>(random.below(1000)) : static_cast<double>(random.engine()) / 7);
  } else if (letter == 'D' || (letter == 'A' && kind < 3)) {
    value.set_integer(static_cast<std::int64_t>(random.engine()) >> random.below(64));
  } else {
    const std::uint64_t size = kind == 1 ? 0 : kind < 5 ? random.below(40) : random.below(20000);
    texts.push_back(std::make_unique<std::string>(size, static_cast<char>('a' + random.below(26))));
    value.set_text_borrowed(*texts.back(), TextEncoding::Utf8, 0);
    if (letter == 'A' && kind > 3) value.type = ValueType::Blob;
  }
  return value;
}

std::vector<std::byte> made_of(RecordWriter& writer, std::span<const Value> values, const char* letters, bool ones) {
  std::vector<std::byte> out(writer.measure(values, letters, ones));
  writer.write(out.data());
  return out;
}

TEST(PatchedRecord, IsTheRecordMadeAnew) {
  RecordWriter writer;
  int patched = 0;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    Random random{std::mt19937_64(seed)};
    std::vector<std::unique_ptr<std::string>> texts;
    const std::size_t count = 1 + random.below(20);
    const bool ones = random.below(2) != 0;
    std::string letters;
    std::vector<Value> values;
    for (std::size_t n = 0; n < count; ++n) {
      letters += "ABDE"[random.below(4)];
      values.push_back(value_of(random, letters.back(), texts));
    }
    const std::vector<std::byte> before = made_of(writer, values, letters.c_str(), ones);
    std::vector<std::uint16_t> changed;
    for (std::size_t n = 0; n < count && changed.size() < RecordPatch::kMaxChanged; ++n) {
      if (random.below(3) != 0) continue;
      changed.push_back(static_cast<std::uint16_t>(n));
      values[n] = value_of(random, letters[n], texts);
    }
    const RecordPatch patch{1, static_cast<std::uint32_t>(count), changed, letters.c_str(), ones};
    const std::vector<std::byte> wanted = made_of(writer, values, letters.c_str(), ones);
    // What is not changed is not looked at.
    for (std::size_t n = 0; n < count; ++n) {
      if (std::find(changed.begin(), changed.end(), n) == changed.end()) values[n] = Value{};
    }
    const std::uint64_t size = writer.measure_patched(before, patch, values);
    if (size == RecordWriter::kUnfit) {
      // Only for a long header or a field beyond two bytes of type.
      const auto is_long = [](const auto& record) { return static_cast<unsigned>(record[0]) >= 0x80; };
      const bool is_big = before.size() > 8000;
      EXPECT_TRUE(is_long(before) || is_long(wanted) || is_big) << "seed " << seed;
      continue;
    }
    ++patched;
    ASSERT_EQ(size, wanted.size()) << "seed " << seed;
    std::vector<std::byte> out(size);
    writer.write_patched(out.data());
    ASSERT_EQ(out, wanted) << "seed " << seed;
  }
  EXPECT_GT(patched, 2000);
}

TEST(PatchedRecord, AValueOfAnotherAffinityIsLeftToTheLongWay) {
  RecordWriter writer;
  std::vector<Value> values(2);
  values[1].set_integer(5);
  const std::vector<std::byte> record = made_of(writer, values, "AD", true);
  const std::uint16_t second[] = {1};
  values[1].set_text_borrowed("5", TextEncoding::Utf8, 0);
  EXPECT_EQ(writer.measure_patched(record, {1, 2, second, "AD", true}, values), RecordWriter::kUnfit);
  EXPECT_NE(writer.measure_patched(record, {1, 2, second, "AB", true}, values), RecordWriter::kUnfit);
}

// Whatever a file says, nothing beyond the record is read: the memory ends where it does.
TEST(PatchedRecord, DamagedRecordsAreNotReadBeyondTheirEnd) {
  RecordWriter writer;
  const std::uint16_t changed[] = {1, 3};
  std::vector<Value> values(5);
  values[1].set_integer(77);
  int fit = 0;
  for (std::uint64_t seed = 1; seed <= 20000; ++seed) {
    Random random{std::mt19937_64(seed)};
    const std::size_t size = 1 + random.below(30);
    const std::unique_ptr<std::byte[]> record(new std::byte[size]);
    for (std::size_t n = 0; n < size; ++n) {
      record[n] = static_cast<std::byte>(random.below(4) == 0 ? random.below(256) : random.below(14));
    }
    if (random.below(2) == 0) record[0] = std::byte{6};
    const std::uint64_t made = writer.measure_patched({record.get(), size}, {1, 5, changed, "AAAAA", true}, values);
    if (made == RecordWriter::kUnfit) continue;
    ++fit;
    ASSERT_LE(made, size + 2);
    std::vector<std::byte> out(made);
    writer.write_patched(out.data());
  }
  EXPECT_GT(fit, 50);
}

}  // namespace
}  // namespace perlite::vm
