// tests/support/power_cut.h: what a disk may hold after its power was cut, from the changes that a Disk recorded.
//
// A sync makes durable what its file holds; a sync of a directory, the names. Of all other changes some survive: each
// file draws a manner (all, none, a prefix whose last write is torn, whole writes in any order, sectors in any order),
// names survive in order or in any. Where a file grew over bytes that were lost, garbage stands. What the VFS states is
// kept: no garbage after the end with SAFE_APPEND, no torn write with ATOMIC, one order for all with SEQUENTIAL; without
// POWERSAFE_OVERWRITE a sector under a write can be lost whole. Header only.
#pragma once

#include <set>

#include "tests/support/disk.h"

namespace perlite::test {

class PowerCut {
 public:
  enum class Kind { kKeepAll, kDropAll, kDice };

  // With `orders_journals` the writes of a journal survive in their order and whole sectors are not lost: what
  // synchronous=NORMAL relies upon, because it syncs header and records together.
  PowerCut(const Image& start, int characteristics, int sector_size, bool orders_journals = false)
      : characteristics_(characteristics), is_sequential_((characteristics & SQLITE_IOCAP_SEQUENTIAL) != 0), is_ordered_(orders_journals), is_powersafe_((characteristics & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0),
        sector_(is_powersafe_ ? 512 : static_cast<std::size_t>(sector_size)) {
    int number = 1;  // as Disk counts
    for (const auto& [name, bytes] : start) {
      files_[number].durable = bytes;
      now_[name] = durable_[name] = number++;
    }
  }

  // `change` was made, and stays where it is.
  void apply(const Change& change) {
    switch (change.kind) {
      case Change::kCreate:
        now_[change.name] = change.file;
        pending_names_.push_back(&change);
        pending_order_.push_back(&change);
        files_[change.file];
        break;
      case Change::kRemove:
        now_.erase(change.name);
        pending_names_.push_back(&change);
        pending_order_.push_back(&change);
        if (change.directory) settle_names();
        if (change.directory && is_sequential_) settle_all();
        break;
      case Change::kWrite:
      case Change::kTruncate:
        files_[change.file].pending.push_back(&change);
        pending_order_.push_back(&change);
        break;
      case Change::kSync: {
        if (change.swallowed) break;
        if (is_sequential_) settle_all();
        File& file = files_[change.file];
        for (const Change* one : file.pending) keep(file.durable, *one);
        file.pending.clear();
        std::erase_if(pending_order_, [&](const Change* one) { return one->file == change.file && !names_something(*one); });
        if (change.directory) {
          settle_names();
        } else if (now_.contains(change.name) && now_[change.name] == change.file) {
          durable_[change.name] = change.file;
          const auto made = [&](const Change* one) { return one->file == change.file && one->kind == Change::kCreate; };
          std::erase_if(pending_names_, made);
          std::erase_if(pending_order_, made);
        }
        break;
      }
      case Change::kLose:
        files_[change.file].pending.clear();
        std::erase_if(pending_order_, [&](const Change* one) { return one->file == change.file && !names_something(*one); });
        break;
      case Change::kNote:
        break;
    }
  }
  bool has_pending() const { return !pending_order_.empty(); }

  // One of the states that a cut now could leave.
  Image state(Kind kind, std::uint64_t seed) const {
    Dice dice{std::mt19937_64(seed)};
    Image image;
    if (is_sequential_) {
      std::set<const Change*> kept;
      std::size_t count = kind == Kind::kKeepAll ? pending_order_.size() : 0;
      if (kind == Kind::kDice) count = dice.below(pending_order_.size() + 1);
      kept.insert(pending_order_.begin(), pending_order_.begin() + static_cast<std::ptrdiff_t>(count));
      std::map<std::string, int> all = durable_;
      for (const Change* one : pending_names_) {
        if (kept.contains(one)) rename(all, *one);
      }
      for (const auto& [name, number] : all) {
        std::string bytes = files_.at(number).durable;
        for (const Change* one : files_.at(number).pending) {
          if (kept.contains(one)) keep(bytes, *one);
        }
        image[name] = std::move(bytes);
      }
      return image;
    }
    for (const auto& [name, number] : names(kind, dice)) {
      std::string bytes = files_.at(number).durable;
      settle(files_.at(number), kind, dice, is_ordered_ && !name.ends_with(".db"), bytes);
      image[name] = std::move(bytes);
    }
    return image;
  }

 private:
  struct File {
    std::string durable;
    std::vector<const Change*> pending;
  };
  struct Dice {
    std::mt19937_64 random;
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random() % limit); }
    bool chance(unsigned percent) { return random() % 100 < percent; }
  };

  static void keep(std::string& bytes, const Change& one) {
    if (one.kind == Change::kTruncate) {
      bytes.resize(one.offset);
    } else {
      if (bytes.size() < one.offset + one.bytes.size()) bytes.resize(one.offset + one.bytes.size());
      bytes.replace(one.offset, one.bytes.size(), one.bytes);
    }
  }
  static bool names_something(const Change& one) { return one.kind == Change::kCreate || one.kind == Change::kRemove; }
  static void rename(std::map<std::string, int>& all, const Change& one) {
    if (one.kind == Change::kCreate) all[one.name] = one.file;
    if (one.kind == Change::kRemove && all.contains(one.name) && all[one.name] == one.file) all.erase(one.name);
  }
  void settle_names() {
    durable_ = now_;
    pending_names_.clear();
    std::erase_if(pending_order_, [](const Change* one) { return names_something(*one); });
  }
  // With one order for all, what was made before something durable is durable.
  void settle_all() {
    settle_names();
    for (auto& [number, file] : files_) {
      for (const Change* one : file.pending) keep(file.durable, *one);
      file.pending.clear();
    }
    pending_order_.clear();
  }
  std::map<std::string, int> names(Kind kind, Dice& dice) const {
    if (kind == Kind::kKeepAll) return now_;
    std::map<std::string, int> all = durable_;
    if (kind == Kind::kDropAll) return all;
    const bool is_prefix = dice.chance(50);
    const std::size_t count = dice.below(pending_names_.size() + 1);
    for (std::size_t i = 0; i < pending_names_.size(); ++i) {
      if (is_prefix ? i >= count : dice.chance(50)) continue;
      rename(all, *pending_names_[i]);
    }
    return all;
  }

  // Bytes that stand where nothing was written yet: zeros or noise.
  static void grow(std::string& bytes, std::size_t size, Dice& dice) {
    const bool zeros = dice.chance(50);
    while (bytes.size() < size) bytes.push_back(zeros ? '\0' : static_cast<char>(dice.random()));
  }

  void settle(const File& file, Kind kind, Dice& dice, bool in_order, std::string& bytes) const {
    if (kind == Kind::kDropAll) return;
    const bool safe_append = (characteristics_ & SQLITE_IOCAP_SAFE_APPEND) != 0;
    const bool atomic = (characteristics_ & SQLITE_IOCAP_ATOMIC) != 0;
    enum { kAll, kNone, kPrefix, kWrites, kSectors, kManners };
    const std::size_t manner = kind == Kind::kKeepAll ? static_cast<std::size_t>(kAll) : dice.below(in_order ? kWrites : kManners);
    const unsigned percent = dice.chance(50) ? 50 : dice.chance(50) ? 15 : 85;
    const std::size_t prefix = manner == kPrefix ? dice.below(file.pending.size() + 1) : 0;
    for (std::size_t i = 0; i < file.pending.size(); ++i) {
      const Change& one = *file.pending[i];
      bool whole = manner == kAll || (manner == kPrefix && i < prefix);
      if (manner == kNone || (manner == kPrefix && i > prefix)) continue;
      if (manner == kWrites || (manner == kSectors && (atomic || one.kind == Change::kTruncate))) {
        if (!dice.chance(percent)) continue;
        whole = true;
      }
      if (safe_append && one.kind == Change::kWrite && one.offset > bytes.size()) continue;
      if (one.offset > bytes.size() && !(manner == kAll)) grow(bytes, one.offset, dice);
      if (whole) {
        keep(bytes, one);
      } else if (manner == kPrefix) {
        if (!atomic && one.kind == Change::kWrite) tear(one, dice, in_order, bytes);
      } else {
        scatter(one, percent, safe_append, dice, bytes);
      }
    }
  }
  // A write that was going on: the disk got to some byte of it.
  void tear(const Change& one, Dice& dice, bool in_order, std::string& bytes) const {
    const std::size_t length = dice.below(one.bytes.size() + 1);
    if (length == 0) return;
    if (bytes.size() < one.offset + length) bytes.resize(one.offset + length);
    bytes.replace(one.offset, length, one.bytes, 0, length);
    if (is_powersafe_ || in_order || dice.chance(50)) return;
    spoil(one.offset + std::min(length, one.bytes.size() - 1), dice, bytes);  // never one that was not written
  }
  // The sector around that byte is lost.
  void spoil(std::size_t at, Dice& dice, std::string& bytes) const {
    const std::size_t from = at / sector_ * sector_, to = std::min(from + sector_, bytes.size());
    for (std::size_t i = from; i < to; ++i) bytes[i] = static_cast<char>(dice.random());
  }
  void scatter(const Change& one, unsigned percent, bool safe_append, Dice& dice, std::string& bytes) const {
    for (std::size_t at = 0; at < one.bytes.size();) {
      const std::size_t begin = one.offset + at, end = std::min(begin / sector_ * sector_ + sector_, one.offset + one.bytes.size());
      if (dice.chance(percent)) {
        if (safe_append && begin > bytes.size()) return;
        if (bytes.size() < begin) grow(bytes, begin, dice);
        if (bytes.size() < end) bytes.resize(end);
        bytes.replace(begin, end - begin, one.bytes, at, end - begin);
        if (!is_powersafe_ && dice.chance(10)) spoil(begin, dice, bytes);
      }
      at += end - begin;
    }
  }

  int characteristics_;
  bool is_sequential_, is_ordered_;
  bool is_powersafe_;
  std::size_t sector_;
  std::map<int, File> files_;
  std::map<std::string, int> now_, durable_;
  std::vector<const Change*> pending_names_, pending_order_;
};

}  // namespace perlite::test
