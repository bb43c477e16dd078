// shell/interrupt.h: Ctrl-C stops the statement that runs, or gives up the line that is typed, never the shell.
#pragma once

#include <csetjmp>
#include <csignal>

#include "sqlite3.h"

namespace perlite::shell {

extern sigjmp_buf prompt_jump;                  // valid while at_prompt is set
extern volatile std::sig_atomic_t at_prompt;    // the editor waits for a line
extern volatile std::sig_atomic_t interrupted;  // set by each Ctrl-C while a statement or a script runs

void watch_interrupts(bool interactive);
// The connection whose statement Ctrl-C interrupts; null for none.
void set_running(sqlite3* db);

}  // namespace perlite::shell
