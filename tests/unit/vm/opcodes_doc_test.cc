// docs/opcodes.md says what vm/opcodes.def says. PERLITE_UPDATE_DOCS=1 writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "vm/program.h"

namespace perlite::vm {
namespace {

const char* operand_name(Operand operand) {
  switch (operand) {
    case Operand::Unused:
      return "";
    case Operand::Number:
      return "number";
    case Operand::Reg:
      return "register, read";
    case Operand::OutReg:
      return "register, written";
    case Operand::Cursor:
      return "cursor";
    case Operand::Jump:
      return "address";
    case Operand::Database:
      return "database";
    case Operand::Tree:
      return "tree";
    case Operand::Count:
      return "count";
  }
  return "";
}

std::string escaped(const char* text) {
  std::string out;
  for (; *text != '\0'; ++text) {
    if (*text == '|') out += '\\';
    out += *text;
  }
  return out;
}

std::string document() {
  std::ostringstream out;
  out << "# Opcodes\n\n"
         "Made from `src/vm/opcodes.def`; the test `unit_vm` fails when it is not current, and writes it with\n"
         "`PERLITE_UPDATE_DOCS=1`. `r[]` are registers, `c[]` cursors. A program is printed by `EXPLAIN`.\n\n"
         "Registers that a reading opcode fills may borrow bytes from their cursor until it moves, closes or its tree\n"
         "is written; `Copy` makes a value that lasts.\n\n"
         "| opcode | P1 | P2 | P3 | meaning |\n|---|---|---|---|---|\n";
  for (int i = 0; i < static_cast<int>(Opcode::kCount); ++i) {
    const OpcodeInfo& info = opcode_info(static_cast<Opcode>(i));
    out << "| " << info.name << " | " << operand_name(info.p1) << " | " << operand_name(info.p2) << " | "
        << operand_name(info.p3) << " | " << escaped(info.meaning) << " |\n";
  }
  return out.str();
}

TEST(Documentation, OpcodesAreCurrent) {
  std::filesystem::path root = std::filesystem::current_path();
  while (!std::filesystem::exists(root / "src/vm/opcodes.def")) {
    if (root == root.root_path()) GTEST_SKIP() << "not run inside the source tree";
    root = root.parent_path();
  }
  const std::filesystem::path path = root / "docs/opcodes.md";
  if (const char* update = std::getenv("PERLITE_UPDATE_DOCS"); update != nullptr && *update == '1') {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << document();
  }
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  EXPECT_EQ(content.str(), document());
}

}  // namespace
}  // namespace perlite::vm
