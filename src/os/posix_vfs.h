// os/posix_vfs.h: the VFSes over POSIX files: "unix", "unix-none", "unix-dotfile", "unix-excl".
#pragma once

namespace perlite::os {

void register_posix_vfs() noexcept;

}  // namespace perlite::os
