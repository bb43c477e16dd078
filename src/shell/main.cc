// perlite: the shell. `perlite [OPTIONS] [FILE] [SQL]...`; a user of the public interface like any other.
//
// Exit code: 0 all went well, 1 a statement or command failed, 2 wrong call.
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "shell/interrupt.h"
#include "shell/shell.h"

namespace perlite::shell {
namespace {

constexpr const char* kUsage =
    "Usage: perlite [OPTIONS] [FILE] [SQL]...\n"
    "FILE is a database, made when it is not there; without one the database is in memory.\n"
    "Each SQL is run, a dot command too; without any, they are read from the terminal or from standard input.\n"
    "\n"
    "  -box -list -csv -json -table -markdown -line -insert -quote -tabs -column\n"
    "                     how rows look; on a terminal box, else list\n"
    "  -header -noheader  names above the rows of list, csv and quote\n"
    "  -separator SEP     between columns of list\n"
    "  -nullvalue TEXT    what stands for NULL\n"
    "  -readonly          open the file for reading only\n"
    "  -cmd COMMAND       run this first\n"
    "  -init FILE         read this first\n"
    "  -bail              stop at the first error\n"
    "  -echo              print each line before it runs\n"
    "  -batch             no prompts, even on a terminal\n"
    "  -version, -help\n";

std::vector<std::string> complete(void* context, const std::string& prefix, bool at_line_start) {
  return static_cast<Shell*>(context)->complete(prefix, at_line_start);
}

std::string history_file() {
  if (const char* named = std::getenv("PERLITE_HISTORY"); named != nullptr) return named;
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : std::string(home) + "/.perlite_history";
}

int run(int count, char** arguments) {
  Shell shell;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  shell.format.set_mode(terminal ? Mode::Box : Mode::List);
  shell.format.headers = terminal;
  std::string file;
  bool file_given = false;
  bool batch = false;
  std::vector<std::string> first;
  std::vector<std::string> texts;
  for (int i = 1; i < count; ++i) {
    const char* word = arguments[i];
    if (word[0] != '-' || word[1] == '\0') {
      if (file_given) {
        texts.emplace_back(word);
      } else {
        file = word;
        file_given = true;
      }
      continue;
    }
    word += word[1] == '-' ? 2 : 1;
    const auto value = [&]() -> const char* {
      if (i + 1 < count) return arguments[++i];
      std::fprintf(stderr, "perlite: -%s needs a value\n", word);
      std::exit(2);
    };
    Mode mode{};
    if (parse_mode(word, &mode)) {
      const bool headers = shell.format.headers;
      shell.format.set_mode(mode);
      shell.format.headers = headers || mode == Mode::Column;
    } else if (std::strcmp(word, "ascii") == 0) {
      shell.format.set_mode(Mode::List);
    } else if (std::strcmp(word, "header") == 0) {
      shell.format.headers = true;
    } else if (std::strcmp(word, "noheader") == 0) {
      shell.format.headers = false;
    } else if (std::strcmp(word, "separator") == 0) {
      shell.format.column_separator = value();
    } else if (std::strcmp(word, "nullvalue") == 0) {
      shell.format.null_text = value();
    } else if (std::strcmp(word, "readonly") == 0) {
      shell.read_only = true;
    } else if (std::strcmp(word, "cmd") == 0) {
      first.emplace_back(value());
    } else if (std::strcmp(word, "init") == 0) {
      first.emplace_back(std::string(".read ") + value());
    } else if (std::strcmp(word, "bail") == 0) {
      shell.bail = true;
    } else if (std::strcmp(word, "echo") == 0) {
      shell.echo = true;
    } else if (std::strcmp(word, "batch") == 0) {
      batch = true;
    } else if (std::strcmp(word, "version") == 0) {
      std::printf("%s %s\n", sqlite3_libversion(), sqlite3_sourceid());
      return 0;
    } else if (std::strcmp(word, "help") == 0) {
      std::fputs(kUsage, stdout);
      return 0;
    } else {
      std::fprintf(stderr, "perlite: unknown option: %s\n%s", arguments[i], kUsage);
      return 2;
    }
  }
  if (!shell.open(file, shell.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) return 1;
  const bool interactive = texts.empty() && !batch && isatty(STDIN_FILENO) != 0;
  watch_interrupts(interactive);
  for (const std::string& text : first) {
    if (!shell.run_text(text) && shell.bail) return 1;
    if (shell.wants_exit()) return shell.exit_code();
  }
  if (!texts.empty()) {
    for (const std::string& text : texts) {
      if (!shell.run_text(text)) return 1;
      if (shell.wants_exit()) return shell.exit_code();
    }
    return 0;
  }
  if (interactive) {
    std::printf("Perlite, SQLite %s compatible. \".help\" for help, Ctrl-D to leave.\n", sqlite3_libversion());
    if (file.empty()) std::printf("The database is in memory and will be lost; \".open FILE\" opens one that stays.\n");
    TerminalSource source(history_file(), complete, &shell);
    shell.run(source, true);
    if (!shell.wants_exit()) std::printf("\n");
    return shell.exit_code();
  }
  StreamSource source(stdin);
  const bool good = shell.run(source, false);
  return shell.wants_exit() && shell.exit_code() != 0 ? shell.exit_code() : good ? 0 : 1;
}

}  // namespace
}  // namespace perlite::shell

int main(int count, char** arguments) {
  // Wide characters take their room in boxes, also where the environment names no language.
  const char* locale = std::setlocale(LC_CTYPE, "");
  if (locale == nullptr || std::strcmp(locale, "C") == 0 || std::strcmp(locale, "POSIX") == 0)
    std::setlocale(LC_CTYPE, "C.UTF-8");
  return perlite::shell::run(count, arguments);
}
