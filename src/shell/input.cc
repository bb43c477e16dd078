#include "shell/input.h"

#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <cstring>

#ifdef PERLITE_HAVE_LIBEDIT
#include <editline/readline.h>
#endif

#include "shell/interrupt.h"

namespace perlite::shell {

bool StreamSource::next(const char*, std::string* line, bool* interrupted) {
  *interrupted = false;
  line->clear();
  bool any = false;
  for (int c; (c = std::getc(in_)) != EOF;) {
    any = true;
    if (c == '\n') break;
    line->push_back(static_cast<char>(c));
  }
  if (!line->empty() && line->back() == '\r') line->pop_back();
  return any;
}

#ifdef PERLITE_HAVE_LIBEDIT
namespace {

constexpr int kHistorySize = 2000;

Completer complete = nullptr;
void* complete_context = nullptr;
std::vector<std::string> candidates;

char* next_candidate(const char*, int state) {
  static std::size_t at;
  if (state == 0) at = 0;
  return at < candidates.size() ? strdup(candidates[at++].c_str()) : nullptr;
}

char** attempt(const char* text, int start, int) {
  rl_attempted_completion_over = 1;  // file names are not what we complete
  candidates = complete(complete_context, text, start == 0);
  return candidates.empty() ? nullptr : rl_completion_matches(text, next_candidate);
}

}  // namespace

TerminalSource::TerminalSource(std::string history_file, Completer completer, void* context)
    : history_file_(std::move(history_file)) {
  complete = completer;
  complete_context = context;
  rl_readline_name = const_cast<char*>("perlite");
  rl_attempted_completion_function = attempt;
  using_history();
  stifle_history(kHistorySize);
  if (!history_file_.empty()) read_history(history_file_.c_str());
}

TerminalSource::~TerminalSource() {
  if (!history_file_.empty()) write_history(history_file_.c_str());
}

bool TerminalSource::next(const char* prompt, std::string* line, bool* interrupted) {
  *interrupted = false;
  // Ctrl-C at the prompt gives up the line: the handler jumps back here, out of the editor.
  if (sigsetjmp(prompt_jump, 1) != 0) {
    at_prompt = 0;
    std::fputs("\n", stdout);
    line->clear();
    *interrupted = true;
    return true;
  }
  at_prompt = 1;
  char* text = readline(prompt);
  at_prompt = 0;
  if (text == nullptr) return false;
  *line = text;
  std::free(text);
  return true;
}

void TerminalSource::remember(const std::string& text) {
  if (!text.empty()) add_history(text.c_str());
}

#else

TerminalSource::TerminalSource(std::string history_file, Completer, void*) : history_file_(std::move(history_file)) {}
TerminalSource::~TerminalSource() = default;
void TerminalSource::remember(const std::string&) {}

bool TerminalSource::next(const char* prompt, std::string* line, bool* interrupted) {
  std::fputs(prompt, stdout);
  std::fflush(stdout);
  if (sigsetjmp(prompt_jump, 1) != 0) {
    at_prompt = 0;
    std::fputs("\n", stdout);
    line->clear();
    *interrupted = true;
    return true;
  }
  at_prompt = 1;
  const bool more = StreamSource(stdin).next(prompt, line, interrupted);
  at_prompt = 0;
  return more;
}

#endif

}  // namespace perlite::shell
