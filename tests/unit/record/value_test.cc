// Values own what they say they own, change their representation without changing what they say, and bend to an
// affinity as SQLite's do.
#include "record/value.h"

#include <gtest/gtest.h>

#include <string>

#include "base/number.h"
#include "record/affinity.h"

namespace perlite::record {
namespace {

std::string text_of(const Value& value) { return TextScratch().text(value).empty() ? "" : std::string(value.bytes()); }

TEST(Value, SharedBytesLiveUntilTheLastReference) {
  const auto before = base::Allocator::blocks_used();
  {
    OwnedValue first;
    first->set_text_copy("hello");
    OwnedValue second;
    second->share(*first);
    EXPECT_EQ(first->block->references, 2u);
    EXPECT_EQ(first->data, second->data);
    first->set_integer(1);
    EXPECT_EQ(second->bytes(), "hello");
    EXPECT_EQ(second->data[5], '\0');
    OwnedValue deep;
    deep->copy_deep(*second);
    EXPECT_NE(deep->data, second->data);
    second->set_text_copy(second->bytes().substr(1));  // from inside itself
    EXPECT_EQ(second->bytes(), "ello");
  }
  EXPECT_EQ(base::Allocator::blocks_used(), before);
}

// A copy goes where the copy before it lies, as long as nobody else looks at that.
TEST(Value, CopiesAreMadeWhereTheLastOneLies) {
  OwnedValue value;
  value->set_text_copy("the first text");
  const char* const place = value->data;
  value->set_text_copy("another");
  EXPECT_EQ(value->data, place);
  EXPECT_EQ(value->bytes(), "another");
  EXPECT_EQ(place[7], '\0');
  value->set_blob_copy("blob");
  EXPECT_EQ(value->data, place);
  // Of its own bytes, and with somebody who shares them.
  value->set_text_copy("0123456789");
  value->set_text_copy(value->bytes().substr(3));
  EXPECT_EQ(value->bytes(), "3456789");
  OwnedValue shared;
  shared->share(*value);
  value->set_text_copy("new");
  EXPECT_EQ(shared->bytes(), "3456789");
  EXPECT_EQ(value->bytes(), "new");
  // A large block is not kept for a few bytes.
  value->set_text_copy(std::string(100000, 'x'));
  const char* const large = value->data;
  value->set_text_copy("few");
  EXPECT_NE(value->data, large);
}

int destroyed = 0;
TEST(Value, HostMemoryAndPointersAreDestroyedOnce) {
  destroyed = 0;
  static char bytes[] = "abc";
  const auto destroy = [](void* memory) {
    EXPECT_EQ(memory, bytes);
    ++destroyed;
  };
  {
    OwnedValue value;
    value->set_text_owned(ValueBlock::make_external(bytes, destroy), {bytes, 3}, TextEncoding::Utf8,
                          Value::kTerminated);
    OwnedValue other(*value);
    EXPECT_EQ(other->data, bytes);
  }
  EXPECT_EQ(destroyed, 1);
  {
    OwnedValue value;
    value->set_pointer(bytes, "kind", destroy);
    EXPECT_TRUE(value->is_null());
    EXPECT_EQ(value->pointer("kind"), bytes);
    EXPECT_EQ(value->pointer("other"), nullptr);
    OwnedValue copy;
    copy->copy_deep(*value);
    EXPECT_EQ(copy->pointer("kind"), nullptr);
  }
  EXPECT_EQ(destroyed, 2);
}

TEST(Value, NumbersReadAsTextStayNumbers) {
  OwnedValue value;
  value->set_integer(-12);
  EXPECT_EQ(value->read_text(TextEncoding::Utf8), "-12");
  EXPECT_EQ(value->type, ValueType::Integer);
  EXPECT_EQ(value->integer, -12);
  EXPECT_EQ(value->read_text(TextEncoding::Utf16be), std::string("\0-\0001\0002", 6));
  OwnedValue shared(*value);
  EXPECT_EQ(shared->read_text(TextEncoding::Utf16be).size(), 6u);
  value->convert_to_text(TextEncoding::Utf8);
  EXPECT_EQ(value->type, ValueType::Text);
  EXPECT_EQ(value->bytes(), "-12");
}

TEST(Value, TextIsConvertedAndTerminatedInPlace) {
  OwnedValue value;
  value->set_text_borrowed("h\xc3\xa9!");
  EXPECT_EQ(value->read_text(TextEncoding::Utf16le), std::string("h\0\xe9\0!\0", 6));
  EXPECT_EQ(value->data[6] | value->data[7], 0);
  EXPECT_EQ(value->read_text(TextEncoding::Utf8), "h\xc3\xa9!");
  value->set_zero_blob(3);
  EXPECT_EQ(value->read_text(TextEncoding::Utf8), std::string(3, '\0'));
  EXPECT_EQ(value->type, ValueType::Blob);
  value->set_null();
  EXPECT_EQ(value->read_text(TextEncoding::Utf8).data(), nullptr);
}

TEST(Affinity, OfDeclaredTypes) {
  struct Case {
    const char* type;
    Affinity affinity;
  };
  for (const Case& c :
       {Case{"INT", Affinity::Integer}, Case{"CHARINT", Affinity::Integer}, Case{"FLOATING POINT", Affinity::Integer},
        Case{"STRING", Affinity::Numeric}, Case{"varchar(10)", Affinity::Text}, Case{"cLoB", Affinity::Text},
        Case{"", Affinity::Blob}, Case{"BLOB", Affinity::Blob}, Case{"double precision", Affinity::Real},
        Case{"DECIMAL(10,5)", Affinity::Numeric}, Case{"TEXTBLOB", Affinity::Text}, Case{"REALBLOB", Affinity::Blob},
        Case{"ANY", Affinity::Numeric}, Case{"XFLOAT", Affinity::Real}}) {
    EXPECT_EQ(affinity_of_declared_type(c.type), c.affinity) << c.type;
  }
}

// input, NUMERIC column, CAST AS NUMERIC, CAST AS INTEGER; i and r mark types, t text that stays (SQLite 3.54)
TEST(Affinity, NumericTextBecomesWhatItSays) {
  struct Case {
    const char* text;
    const char* column;
    const char* numeric;
    const char* integer;
  };
  for (const Case& c : {
           Case{"9223372036854775807", "i9223372036854775807", "i9223372036854775807", "i9223372036854775807"},
           Case{"9223372036854775808", "r9.2233720368547758e+18", "r9.2233720368547758e+18", "i9223372036854775807"},
           Case{"-9223372036854775808", "i-9223372036854775808", "i-9223372036854775808", "i-9223372036854775808"},
           Case{"-9223372036854775808.0", "r-9.2233720368547758e+18", "r-9.2233720368547758e+18",
                "i-9223372036854775808"},
           Case{"1e15", "i1000000000000000", "i1000000000000000", "i1"},
           Case{"1e18", "i1000000000000000000", "r1.0e+18", "i1"},
           Case{"2251799813685248.0", "i2251799813685248", "r2251799813685248.0", "i2251799813685248"},
           Case{" 12 ", "i12", "i12", "i12"},
           Case{"12 x", "t", "i12", "i12"},
           Case{".5", "r0.5", "r0.5", "i0"},
           Case{"5.", "i5", "i5", "i5"},
           Case{".", "t", "i0", "i0"},
           Case{"+-5", "t", "i0", "i0"},
           Case{"-0.0", "i0", "i0", "i0"},
           Case{"0x10", "t", "i0", "i0"},
           Case{"1_000", "t", "i1", "i1"},
           Case{"1e400", "rInf", "rInf", "i1"},
           Case{"1e-400", "i0", "i0", "i1"},
           Case{"1e", "t", "i1", "i1"},
           Case{"inf", "t", "i0", "i0"},
           Case{"", "t", "i0", "i0"},
           Case{"100000000000000000000000000000e-29", "i1", "i1", "i9223372036854775807"},
           Case{"1.5e+0002", "i150", "i150", "i1"},
       }) {
    const auto shown = [](Value& value) -> std::string {
      if (value.type == ValueType::Text) return "t";
      return (value.type == ValueType::Integer ? "i" : "r") + std::string(value.read_text(TextEncoding::Utf8));
    };
    for (const TextEncoding enc : {TextEncoding::Utf8, TextEncoding::Utf16le, TextEncoding::Utf16be}) {
      OwnedValue value;
      value->set_text_borrowed(c.text);
      value->convert_to_text(enc);
      OwnedValue column(*value), numeric(*value), integer(*value);
      apply_affinity(*column, Affinity::Numeric, enc);
      cast(*numeric, Affinity::Numeric, enc);
      cast(*integer, Affinity::Integer, enc);
      EXPECT_EQ(shown(*column), c.column) << c.text;
      EXPECT_EQ(shown(*numeric), c.numeric) << c.text;
      EXPECT_EQ(shown(*integer), c.integer) << c.text;
    }
  }
}

TEST(Affinity, OfComparisons) {
  const auto both = [](Affinity left, Affinity right) {
    const ComparisonAffinity c = comparison_affinity(left, right);
    return std::pair(c.left, c.right);
  };
  EXPECT_EQ(both(Affinity::Integer, Affinity::None), std::pair(Affinity::None, Affinity::Numeric));
  EXPECT_EQ(both(Affinity::Blob, Affinity::Real), std::pair(Affinity::Numeric, Affinity::None));
  EXPECT_EQ(both(Affinity::Text, Affinity::None), std::pair(Affinity::None, Affinity::Text));
  EXPECT_EQ(both(Affinity::Text, Affinity::Blob), std::pair(Affinity::None, Affinity::None));
  EXPECT_EQ(both(Affinity::Text, Affinity::Text), std::pair(Affinity::None, Affinity::None));
  EXPECT_EQ(both(Affinity::Integer, Affinity::Real), std::pair(Affinity::None, Affinity::None));
}

TEST(Value, TextOfNumbersForColumns) {
  OwnedValue value;
  value->set_real(1.5);
  apply_affinity(*value, Affinity::Text, TextEncoding::Utf8);
  EXPECT_EQ(text_of(*value), "1.5");
  value->set_real(1e20);
  apply_affinity(*value, Affinity::Text, TextEncoding::Utf8);
  EXPECT_EQ(text_of(*value), "1.0e+20");
}

}  // namespace
}  // namespace perlite::record
