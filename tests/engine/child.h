// tests/engine/child.h: what may crash runs in a process of its own, and its end is part of the answer.
#pragma once

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <string>

namespace perlite::engine_test {

// The frames of a sanitizer's build are larger than those that a limit is about.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kFrameFactor = 4;
#elif defined(__has_feature)  // clang's way to say it
constexpr std::size_t kFrameFactor = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ? 4 : 1;
#else
constexpr std::size_t kFrameFactor = 1;
#endif

// Runs `body` in a child process, in a thread with that stack; its text, or how the child died. It may use that many
// seconds of the processor, and ten times as long on a clock: other work on the machine is no endless loop.
inline std::string in_child(const std::function<std::string()>& body, std::size_t stack_bytes = std::size_t{8} << 20,
                            unsigned seconds = 120) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    const rlimit limit{seconds, seconds + 1};
    ::setrlimit(RLIMIT_CPU, &limit);
    ::alarm(10 * seconds);
    struct Work {
      const std::function<std::string()>* body;
      std::string text;
    } work{&body, ""};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes * kFrameFactor);
    pthread_t thread;
    const auto run = [](void* data) -> void* {
      Work& one = *static_cast<Work*>(data);
      one.text = (*one.body)();
      return nullptr;
    };
    if (pthread_create(&thread, &attributes, run, &work) != 0) ::_exit(3);
    pthread_join(thread, nullptr);
    const auto written = ::write(ends[1], work.text.data(), work.text.size());
    ::_exit(written >= 0 ? 0 : 4);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "exit code " + std::to_string(WEXITSTATUS(status));
  return text;
}

inline bool died(const std::string& answer) { return answer.starts_with("killed by") || answer.starts_with("exit code"); }

}  // namespace perlite::engine_test
