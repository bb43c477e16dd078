// Handlers of values and operators that are not worth a place in the dispatch loop.
#include <algorithm>

#include "catalog/shape.h"
#include "record/affinity.h"
#include "vm/comparison.h"
#include "vm/machine.h"

namespace perlite::vm::ops {

using record::Value;

Status OffsetLimit(Machine& m, const Instruction& i, bool*) {
  const Value& limit = m.reg(i.p1);
  const std::int64_t offset = i.p3 != 0 ? std::max<std::int64_t>(m.reg(i.p3).integer, 0) : 0;
  std::int64_t sum;
  if (limit.integer < 0 || __builtin_add_overflow(limit.integer, offset, &sum)) sum = -1;
  set_integer(m.reg(i.p2), sum);
  return {};
}

Status Remainder(Machine& m, const Instruction& i, bool*) {
  const Value& left = m.reg(i.p1);
  const Value& right = m.reg(i.p2);
  Value& out = m.reg(i.p3);
  if (left.is_null() || right.is_null()) {
    set_null(out);
    return {};
  }
  // The operands count as CAST makes integers of them ('1e2' is 1); where one is a real the result is one, too.
  const record::Number left_number = record::to_number(left);
  const record::Number right_number = record::to_number(right);
  const std::int64_t a = left_number.is_integer ? left_number.integer : record::to_integer(left);
  const std::int64_t b = right_number.is_integer ? right_number.integer : record::to_integer(right);
  if (b == 0) {
    set_null(out);
    return {};
  }
  const std::int64_t rest = b == -1 ? 0 : a % b;
  if (left_number.is_integer && right_number.is_integer) {
    set_integer(out, rest);
  } else {
    set_real(out, static_cast<double>(rest));
  }
  return {};
}

Status Concat(Machine& m, const Instruction& i, bool*) {
  const Value& left = m.reg(i.p1);
  const Value& right = m.reg(i.p2);
  Value& out = m.reg(i.p3);
  if (left.is_null() || right.is_null()) {
    set_null(out);
    return {};
  }
  record::TextScratch left_scratch;
  record::TextScratch right_scratch;
  const std::string_view a = left_scratch.bytes(left, m.encoding);
  const std::string_view b = right_scratch.bytes(right, m.encoding);
  const std::uint64_t size = std::uint64_t{a.size()} + b.size();
  if (size > static_cast<std::uint64_t>(m.length_limit())) return Code::TooBig;

  // Text built piece by piece in one register grows in place, and what a register held for the row before gives its
  // block to that of the next.
  record::ValueBlock* const held =
      out.type == ValueType::Text && out.has(Value::kOwned) && out.block->references == 1 &&
              out.block->destroy == nullptr && out.block->capacity >= size + 2
          ? out.block
          : nullptr;
  const auto is_inside = [&](std::string_view text) {
    return std::greater_equal<>()(text.data(), held->bytes()) &&
           std::less<>()(text.data(), held->bytes() + held->capacity);
  };
  if (held != nullptr && !is_inside(b) && (a.data() == held->bytes() || !is_inside(a))) {
    char* const bytes = held->bytes();
    if (a.data() != bytes && !a.empty()) std::memcpy(bytes, a.data(), a.size());
    if (!b.empty()) std::memcpy(bytes + a.size(), b.data(), b.size());
    bytes[size] = bytes[size + 1] = '\0';
    out.data = bytes;
    out.size = static_cast<std::uint32_t>(size);
    out.encoding = m.encoding;
    out.subtype = 0;
    out.flags = Value::kOwned | Value::kTerminated;
    return {};
  }
  const std::size_t capacity =
      &out == &left ? static_cast<std::size_t>(size) * 2 + 2 : static_cast<std::size_t>(size) + 2;
  auto* block = record::ValueBlock::make(std::min<std::size_t>(capacity, 0x7fffff00));
  char* bytes = block->bytes();
  if (!a.empty()) std::memcpy(bytes, a.data(), a.size());
  if (!b.empty()) std::memcpy(bytes + a.size(), b.data(), b.size());
  bytes[size] = bytes[size + 1] = '\0';
  out.set_text_owned(block, {bytes, static_cast<std::size_t>(size)}, m.encoding, Value::kTerminated);
  return {};
}

namespace {

const char* strict_type_name(ValueType type) noexcept {
  switch (type) {
    case ValueType::Integer:
      return "INT";
    case ValueType::Real:
      return "REAL";
    case ValueType::Text:
      return "TEXT";
    case ValueType::Blob:
      return "BLOB";
    default:
      return "NULL";
  }
}

bool is_type(const catalog::Column& column, std::string_view name) noexcept {
  if (column.declared_type.size() != name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if ((column.declared_type[i] & ~0x20) != name[i]) return false;
  }
  return true;
}

}  // namespace

Status TypeCheck(Machine& m, const Instruction& i, bool*) {
  const catalog::Table& table = *i.p4.table;
  for (const catalog::Column& column : table.columns) {
    if (column.storage_index < 0 || column.storage_index >= i.p2) continue;
    if (is_type(column, "ANY")) continue;
    Value& value = m.reg(i.p1 + column.storage_index);
    if (value.is_null()) continue;
    ValueType wanted = ValueType::Integer;
    if (is_type(column, "REAL")) wanted = ValueType::Real;
    if (is_type(column, "TEXT")) wanted = ValueType::Text;
    if (is_type(column, "BLOB")) wanted = ValueType::Blob;
    if (wanted != ValueType::Blob) {
      const Affinity affinity = wanted == ValueType::Integer ? Affinity::Integer
                                : wanted == ValueType::Real  ? Affinity::Real
                                                             : Affinity::Text;
      record::apply_affinity(value, affinity, m.encoding);
    }
    if (value.type == wanted) continue;
    const std::string_view type = column.declared_type;
    return Status::format(Code::ConstraintDatatype, -1, "cannot store %s value in %.*s column %.*s.%.*s",
                          strict_type_name(value.type), static_cast<int>(type.size()), type.data(),
                          static_cast<int>(table.name.size()), table.name.data(), static_cast<int>(column.name.size()),
                          column.name.data());
  }
  return {};
}

}  // namespace perlite::vm::ops
