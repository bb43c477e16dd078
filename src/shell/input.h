// shell/input.h: where lines come from: the terminal with editing, history and completion, or a plain stream.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace perlite::shell {

class LineSource {
 public:
  virtual ~LineSource() = default;
  // The next line without its end; false at the end of input. *interrupted when the user gave the line up (Ctrl-C).
  virtual bool next(const char* prompt, std::string* line, bool* interrupted) = 0;
  virtual void remember(const std::string&) {}  // a finished statement goes to the history
};

// A stream that the caller keeps open.
class StreamSource : public LineSource {
 public:
  explicit StreamSource(std::FILE* in) : in_(in) {}
  bool next(const char* prompt, std::string* line, bool* interrupted) override;

 private:
  std::FILE* in_;
};

// Words that may stand at the cursor: those that begin with `prefix`.
using Completer = std::vector<std::string> (*)(void* context, const std::string& prefix, bool at_line_start);

// The terminal. With libedit: editing, history kept in `history_file`, completion by Tab.
class TerminalSource : public LineSource {
 public:
  TerminalSource(std::string history_file, Completer completer, void* context);
  ~TerminalSource() override;
  bool next(const char* prompt, std::string* line, bool* interrupted) override;
  void remember(const std::string& text) override;

 private:
  std::string history_file_;
};

}  // namespace perlite::shell
