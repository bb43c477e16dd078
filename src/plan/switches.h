// plan/switches.h: one bit a rewrite. A bit that is off leaves the rewrite out; results never depend on them.
#pragma once

#include <cstdint>

namespace perlite::plan {

enum class Rewrite : std::uint32_t {
  Flatten = 1u << 0,           // subqueries and views in FROM become part of the query around them
  PushDown = 1u << 1,          // conditions go into subqueries and compound arms
  StrengthenJoins = 1u << 2,   // LEFT JOIN whose null rows WHERE drops anyway becomes a plain join
  PropagateConstants = 1u << 3,  // a = b AND b = 1 gives a = 1
  IndexAccess = 1u << 4,       // anything but full scans of tables
  CoveringIndex = 1u << 5,     // an index alone where it holds all columns
  MultiIndexOr = 1u << 6,
  InSeek = 1u << 7,            // IN lists and subqueries as index seeks
  LikeRange = 1u << 8,
  SkipScan = 1u << 9,
  MinMax = 1u << 10,           // min(x), max(x) from one end of an index
  JoinOrder = 1u << 11,        // joins other than as written
  HashJoin = 1u << 12,
  OrderByIndex = 1u << 13,     // ORDER BY, GROUP BY, DISTINCT from the order of an index
  TopN = 1u << 14,
  CountPages = 1u << 15,       // count(*) from page headers
  Factor = 1u << 16,           // constants evaluated once (subqueries without outer columns always are: it shows)
  PartialIndex = 1u << 17,
  ExpressionIndex = 1u << 18,
  ScanKernel = 1u << 19,       // conditions and aggregates of a scan inside its step from row to row
};

class Switches {
 public:
  constexpr Switches() = default;
  constexpr explicit Switches(std::uint32_t bits) : bits_(bits) {}
  static constexpr Switches all() { return Switches(); }
  static constexpr Switches none() { return Switches(0); }
  constexpr bool has(Rewrite rewrite) const { return (bits_ & static_cast<std::uint32_t>(rewrite)) != 0; }
  constexpr Switches without(Rewrite rewrite) const { return Switches(bits_ & ~static_cast<std::uint32_t>(rewrite)); }
  constexpr std::uint32_t bits() const { return bits_; }

 private:
  std::uint32_t bits_ = 0xffffffffu;
};

}  // namespace perlite::plan
