#include "shell/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace perlite::shell {

sigjmp_buf prompt_jump;
volatile std::sig_atomic_t at_prompt = 0;
volatile std::sig_atomic_t interrupted = 0;

namespace {

std::atomic<sqlite3*> running{nullptr};
bool interactive_shell = false;

void on_interrupt(int) {
  if (at_prompt != 0) siglongjmp(prompt_jump, 1);
  interrupted = 1;
  if (sqlite3* db = running.load(); db != nullptr) {
    sqlite3_interrupt(db);
  } else if (!interactive_shell) {
    _exit(130);
  }
}

}  // namespace

void watch_interrupts(bool interactive) {
  interactive_shell = interactive;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

void set_running(sqlite3* db) { running.store(db); }

}  // namespace perlite::shell
