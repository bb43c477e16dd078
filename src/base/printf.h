// base/printf.h: the formatting language of sqlite3_mprintf() and of the SQL function format() (manual: printf.html;
// compat/sql.md 5). One engine; where arguments come from is an interface.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <string_view>

#include "base/text_builder.h"

namespace perlite::base {

// Gives the arguments of a format, one after the other.
class FormatArguments {
 public:
  enum class IntegerSize : std::uint8_t { Int, Long, LongLong, Pointer };
  struct Text {
    const char* data;    // null: NULL
    std::size_t size;    // kUnknownSize: up to the NUL
    bool owned = false;  // to be given to dispose() when it was written
  };
  static constexpr std::size_t kUnknownSize = static_cast<std::size_t>(-1);

  // Of a signed conversion the value, of an unsigned one its bits widened without sign.
  virtual std::int64_t integer(IntegerSize size, bool is_signed) = 0;
  virtual double real() = 0;
  // takes_over: conversion z, which frees its argument in C. Ends with the next call.
  virtual Text text(bool takes_over) = 0;
  // The letter of conversion c as UTF-8 in `out` (4 bytes); returns its size.
  virtual std::size_t letter(char* out) = 0;
  // Conversion n.
  virtual void store_count(std::size_t count) = 0;
  virtual void dispose(const Text&) {}

 protected:
  ~FormatArguments() = default;
};

// Appends the formatted text; failures are those of the builder.
void append_format(TextBuilder& out, std::string_view format, FormatArguments& arguments);
// The C form: arguments as printf takes them. The z conversion releases its argument through the Allocator.
void append_vprintf(TextBuilder& out, const char* format, std::va_list arguments);
void append_printf(TextBuilder& out, const char* format, ...);

}  // namespace perlite::base
