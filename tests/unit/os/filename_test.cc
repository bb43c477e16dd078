// Each of the three names of a database leads to the other two and to the parameters.
#include "os/filename.h"

#include <gtest/gtest.h>

namespace perlite::os {
namespace {

TEST(Filename, EveryNameLeadsToTheOthers) {
  const UriParameter parameters[] = {{"mode", "ro"}, {"empty", ""}, {"vfs", "unix"}};
  const Filename name = make_filename("/tmp/a.db", parameters);
  const char* any[] = {name.get(), journal_name(name.get()), wal_name(name.get())};
  for (const char* from : any) {
    EXPECT_STREQ(database_name(from), "/tmp/a.db");
    EXPECT_STREQ(journal_name(from), "/tmp/a.db-journal");
    EXPECT_STREQ(wal_name(from), "/tmp/a.db-wal");
    EXPECT_STREQ(uri_parameter(from, "vfs"), "unix");
    EXPECT_STREQ(uri_parameter(from, "empty"), "");
    EXPECT_EQ(uri_parameter(from, "absent"), nullptr);
    EXPECT_STREQ(uri_key(from, 1), "empty");
    EXPECT_EQ(uri_key(from, 3), nullptr);
    EXPECT_EQ(uri_key(from, -1), nullptr);
  }
  EXPECT_EQ(uri_parameter(nullptr, "vfs"), nullptr);
}

TEST(Filename, EmptyNamesAreNames) {
  const Filename name = make_filename("", "", "");
  EXPECT_STREQ(database_name(name.get()), "");
  EXPECT_STREQ(wal_name(name.get()), "");
  EXPECT_EQ(uri_key(name.get(), 0), nullptr);
}

TEST(Boolean, WordsAndNumbers) {
  for (const char* yes : {"1", "YES", "true", "On", "12x"}) EXPECT_TRUE(parse_boolean(yes, false)) << yes;
  for (const char* no : {"0", "no", "FALSE", "off", "00"}) EXPECT_FALSE(parse_boolean(no, true)) << no;
  EXPECT_TRUE(parse_boolean("maybe", true));
  EXPECT_FALSE(parse_boolean("", false));
}

}  // namespace
}  // namespace perlite::os
