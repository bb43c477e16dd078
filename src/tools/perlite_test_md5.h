// tools/perlite_test_md5.h: MD5 (RFC 1321), which sqllogictest uses to name long results.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace perlite::tools {

class Md5 {
 public:
  void add(std::string_view bytes);
  std::string hex();  // ends the sum

 private:
  void block(const unsigned char* bytes);

  std::uint32_t state_[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::uint64_t size_ = 0;
  unsigned char buffer_[64] = {};
};

}  // namespace perlite::tools
