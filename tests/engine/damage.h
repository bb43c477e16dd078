// tests/engine/damage.h: a database with what stands beside it, and harm done to it by the dice.
//
// Harm is blind (bytes, pages, lengths) or knows the format: numbers where the format has numbers, and the checksums of
// journal and log made right again, so that what they protect is believed. Layouts: docs/format.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "tests/compat/sql_generator.h"
#include "tests/engine/harness.h"

namespace perlite::engine_test {

// The files of one database; those that are empty are not there.
struct FileSet {
  std::string database, journal, log, index;
  int page_size = 0;

  static FileSet read(const std::string& path, int page_size) {
    return {read_file(path), read_file(path + "-journal"), read_file(path + "-wal"), read_file(path + "-shm"), page_size};
  }
  void write(const std::string& path) const {
    const auto one = [](const std::string& name, const std::string& bytes) {
      if (!bytes.empty()) std::ofstream(name, std::ios::binary) << bytes;
    };
    std::ofstream(path, std::ios::binary) << database;
    one(path + "-journal", journal);
    one(path + "-wal", log);
    one(path + "-shm", index);
  }
};

// ---- numbers of the formats ----

inline std::uint32_t load_be32(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
inline void store_be(std::string& bytes, std::size_t at, std::uint32_t value, std::size_t size = 4) {
  for (std::size_t i = 0; i < size && at + i < bytes.size(); ++i) bytes[at + i] = static_cast<char>(value >> (8 * (size - 1 - i)));
}

// The sums of a log or of its index go on from (a, b) over whole pairs of words.
inline void sum_words(const std::string& bytes, std::size_t from, std::size_t size, bool big_endian, std::uint32_t& a, std::uint32_t& b) {
  const auto word = [&](std::size_t at) {
    const std::uint32_t value = load_be32(bytes, at);
    return big_endian ? value : __builtin_bswap32(value);
  };
  for (std::size_t at = from; at + 8 <= from + size; at += 8) {
    a += word(at) + b;
    b += word(at + 4) + a;
  }
}

// docs/format/wal.md, "The log file".
inline void mend_log(FileSet& files) {
  std::string& log = files.log;
  if (log.size() < 32) return;
  const bool big_endian = (load_be32(log, 0) & 1) != 0;
  std::uint32_t a = 0, b = 0;
  sum_words(log, 0, 24, big_endian, a, b);
  store_be(log, 24, a);
  store_be(log, 28, b);
  const std::size_t page = static_cast<std::size_t>(files.page_size);
  for (std::size_t at = 32; at + 24 + page <= log.size(); at += 24 + page) {
    log.replace(at + 8, 8, log, 16, 8);
    sum_words(log, at, 8, big_endian, a, b);
    sum_words(log, at + 24, page, big_endian, a, b);
    store_be(log, at + 16, a);
    store_be(log, at + 20, b);
  }
}

// docs/format/wal.md, "The index": both headers, in the words of this machine.
inline void mend_index(FileSet& files) {
  std::string& index = files.index;
  if (index.size() < 96) return;
  std::uint32_t a = 0, b = 0;
  sum_words(index, 0, 40, false, a, b);
  store_be(index, 40, __builtin_bswap32(a));
  store_be(index, 44, __builtin_bswap32(b));
  index.replace(48, 48, index, 0, 48);
}

// docs/format/rollback_journal.md, "Layout": the records of the first segment.
inline void mend_journal(FileSet& files) {
  std::string& journal = files.journal;
  const std::size_t page = static_cast<std::size_t>(files.page_size);
  if (journal.size() < 512) return;
  const std::uint32_t nonce = load_be32(journal, 12);
  for (std::size_t at = 512; at + 8 + page <= journal.size(); at += 8 + page) {
    std::uint32_t sum = nonce;
    for (std::size_t i = page; i > 200;) sum += static_cast<unsigned char>(journal[at + 4 + (i -= 200)]);
    store_be(journal, at + 4 + page, sum);
  }
}

// ---- harm ----

class Damage {
 public:
  explicit Damage(std::uint64_t seed) : random_(seed) {}

  // One to a few strokes on one of the files, mostly on those beside the database.
  void strike(FileSet& files) {
    std::vector<std::string FileSet::*> targets{&FileSet::database};
    for (auto beside : {&FileSet::journal, &FileSet::log}) {
      if (!(files.*beside).empty()) targets.insert(targets.end(), 3, beside);
    }
    if (!files.index.empty()) targets.push_back(&FileSet::index);
    const auto target = random_.pick(targets);
    const int strokes = random_.chance(10) ? 100 : 1 + random_.below(6);
    for (int i = 0; i < strokes && !(files.*target).empty(); ++i) {
      if (random_.chance(50)) {
        blind(files.*target, files.page_size);
      } else if (target == &FileSet::database) {
        page_number(files.database, random_.below(static_cast<int>(files.database.size()) / files.page_size + 1) * files.page_size, files);
      } else if (target == &FileSet::journal) {
        journal_number(files);
      } else if (target == &FileSet::log) {
        log_number(files);
      } else {
        index_number(files);
      }
    }
    if (random_.chance(70)) mend_journal(files);
    if (random_.chance(70)) mend_log(files);
    if (random_.chance(70)) mend_index(files);
  }

 private:
  static int size_of(const std::string& bytes) { return static_cast<int>(bytes.size()); }

  void blind(std::string& bytes, int page) {
    const int size = size_of(bytes), pages = size / page;
    const int kind = random_.below(20);
    if (kind == 0) {
      bytes.resize(static_cast<std::size_t>(random_.below(size)));
    } else if (kind == 1 && pages > 0) {  // a page is another
      bytes.replace(static_cast<std::size_t>(random_.below(pages) * page), static_cast<std::size_t>(page),
                    bytes.substr(static_cast<std::size_t>(random_.below(pages) * page), static_cast<std::size_t>(page)));
    } else if (kind == 2 && pages > 0) {
      bytes.replace(static_cast<std::size_t>(random_.below(pages) * page), static_cast<std::size_t>(page), std::string(static_cast<std::size_t>(page), '\0'));
    } else if (kind == 3) {
      bytes += bytes.substr(static_cast<std::size_t>(random_.below(size)));
    } else {
      int at = random_.below(size);
      if (kind < 6) at = random_.below(std::min(size, 100));
      if (kind > 12 && pages > 0) at = random_.below(pages) * page + random_.below(24);  // where numbers stand
      bytes[static_cast<std::size_t>(at)] = static_cast<char>(random_.chance(30) ? 0xff : random_.below(256));
    }
  }

  // A number that is likely to be believed, or just not.
  std::uint32_t number(const FileSet& files) {
    const int pages = size_of(files.database) / files.page_size;
    switch (random_.below(8)) {
      case 0:
        return 0;
      case 1:
        return static_cast<std::uint32_t>(pages + random_.below(3) - 1);
      case 2:
        return 0xffffffffu;
      case 3:
        return 0x7fffffffu;
      case 4:
        return 1u << random_.below(32);
      case 5:
        return static_cast<std::uint32_t>((1 << 30) / files.page_size + 1);  // the lock-byte page
      default:
        return static_cast<std::uint32_t>(random_.below(pages + 2));
    }
  }

  // A page at `at`: its header, a cell's place, or what begins there.
  void page_number(std::string& bytes, int at, const FileSet& files) {
    const int header = at == 0 ? 100 : 0;
    switch (random_.below(7)) {
      case 0:  // kind of page
        store_be(bytes, static_cast<std::size_t>(at + header), random_.pick(std::vector<std::uint32_t>{2, 5, 10, 13, 0}), 1);
        return;
      case 1:  // count of cells, begin of their content, first free block
        store_be(bytes, static_cast<std::size_t>(at + header + 1 + 2 * random_.below(3)), number(files), 2);
        return;
      case 2:  // right child, or the next of a chain
        store_be(bytes, static_cast<std::size_t>(at + (random_.chance(50) ? header + 8 : 0)), number(files));
        return;
      case 3:  // where a cell begins
        store_be(bytes, static_cast<std::size_t>(at + header + 8 + 2 * random_.below(12)), static_cast<std::uint32_t>(random_.below(files.page_size + 8)), 2);
        return;
      case 4:  // a number of the database's header
        store_be(bytes, random_.pick(std::vector<std::size_t>{24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 92}), number(files));
        return;
      default: {  // a cell: a child, a payload size, a rowid, a record header
        const int cell_at = at + header + 8 + 2 * random_.below(8);
        if (cell_at + 2 > size_of(bytes)) return;
        const int cell = at + static_cast<int>(load_be32(bytes + std::string(4, '\0'), static_cast<std::size_t>(cell_at)) >> 16) + random_.below(10);
        store_be(bytes, static_cast<std::size_t>(cell), number(files), random_.chance(50) ? 1 : 4);
      }
    }
  }

  void journal_number(FileSet& files) {
    const int record = files.page_size + 8, records = std::max(1, (size_of(files.journal) - 512) / record);
    const int at = 512 + random_.below(records) * record;
    switch (random_.below(4)) {
      case 0:  // count, nonce, pages, sector size, page size
        store_be(files.journal, static_cast<std::size_t>(8 + 4 * random_.below(5)),
                 random_.chance(50) ? number(files) : random_.pick(std::vector<std::uint32_t>{1, 32, 256, 512, 513, 1024, 4096, 65536, 131072}));
        return;
      case 1:
        store_be(files.journal, static_cast<std::size_t>(at), number(files));
        return;
      case 2: {  // a super-journal that is not there, or is no name
        std::string name = random_.chance(50) ? "/nonexistent/super" : std::string(static_cast<std::size_t>(1 + random_.below(600)), 'n');
        std::uint32_t sum = 0;
        for (const char letter : name) sum += static_cast<std::uint32_t>(static_cast<signed char>(letter));
        std::string tail(4, '\0'), numbers(8, '\0');
        store_be(tail, 0, static_cast<std::uint32_t>((1 << 30) / files.page_size + 1));
        store_be(numbers, 0, random_.chance(20) ? number(files) : static_cast<std::uint32_t>(name.size()));
        store_be(numbers, 4, sum);
        files.journal += tail + name + numbers + files.journal.substr(0, 8);
        return;
      }
      default:
        page_number(files.journal, at + 4, files);
    }
  }

  void log_number(FileSet& files) {
    const int frame = files.page_size + 24, frames = std::max(1, (size_of(files.log) - 32) / frame);
    const int at = 32 + random_.below(frames) * frame;
    switch (random_.below(4)) {
      case 0:
        store_be(files.log, static_cast<std::size_t>(4 * random_.below(6)),
                 random_.chance(50) ? number(files) : random_.pick(std::vector<std::uint32_t>{0x377f0682, 0x377f0683, 3007000, 512, 1024, 65536}));
        return;
      case 1:  // page, or pages after the commit
        store_be(files.log, static_cast<std::size_t>(at + 4 * random_.below(2)), number(files));
        return;
      default:
        page_number(files.log, at + 24, files);
    }
  }

  void index_number(FileSet& files) {
    const int at = random_.chance(60) ? 4 * random_.below(34) : random_.chance(50) ? 136 + 4 * random_.below(200) : 16384 + 2 * random_.below(8192);
    const std::uint32_t value = number(files);
    store_be(files.index, static_cast<std::size_t>(at), random_.chance(50) ? __builtin_bswap32(value) : value);
  }

  compat::Random random_;
};

}  // namespace perlite::engine_test
