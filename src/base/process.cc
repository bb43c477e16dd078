#include "base/process.h"

namespace perlite::base {

ProcessSettings& process_settings() noexcept {
  static constinit ProcessSettings settings;
  return settings;
}

void log(int code, const char* message) noexcept {
  const ProcessSettings& settings = process_settings();
  if (settings.log != nullptr) settings.log(settings.log_context, code, message);
}

}  // namespace perlite::base
