// tests/support/actor.h: a process of its own that uses one library and does as it is told, until it is killed.
//
// The program crash_actor (tests/crash/actor.cc) reads commands and writes one line for each. Header only.
#pragma once

#include <gtest/gtest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

namespace perlite::test {

class Actor {
 public:
  // `library` is a path; `program` that of crash_actor.
  Actor(const std::string& program, const std::string& library) {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(to[0], 0);
      ::dup2(from[1], 1);
      ::execl(program.c_str(), program.c_str(), library.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    to_ = to[1];
    from_ = ::fdopen(from[0], "r");
  }
  ~Actor() { end(SIGKILL); }
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  // The answer to a command; "dead" when there is none.
  std::string tell(const std::string& command) {
    send(command);
    return answer();
  }
  void send(const std::string& command) {
    const std::string line = command + "\n";
    static_cast<void>(!::write(to_, line.data(), line.size()));
  }
  std::string answer() {
    char* line = nullptr;
    std::size_t size = 0;
    const ssize_t got = ::getline(&line, &size, from_);
    std::string text = got <= 0 ? "dead" : std::string(line, static_cast<std::size_t>(got - 1));
    ::free(line);
    return text;
  }
  pid_t pid() const { return pid_; }
  // Ends it by `signal`, or by closing its input (0); how it ended.
  int end(int signal) {
    if (pid_ <= 0) return 0;
    if (signal != 0) ::kill(pid_, signal);
    ::close(to_);
    ::fclose(from_);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  int to_ = -1;
  std::FILE* from_ = nullptr;
};

}  // namespace perlite::test
