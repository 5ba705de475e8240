// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/ready.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace stagedoor {

bool
is_writable (int fd)
{
  const int flags = fcntl (fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

void
write_ready (int fd)
{
  constexpr std::string_view word = "READY\n";
  [[maybe_unused]] const auto written = ::write (fd, word.data (), word.size ());
  ::close (fd);
}

void
notify_manager (const char *state)
{
  const char *path = std::getenv ("NOTIFY_SOCKET");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path == nullptr || (*path != '/' && *path != '@') || std::strlen (path) >= sizeof to.sun_path)
    return;
  std::memcpy (to.sun_path, path, std::strlen (path));
  if (*path == '@')
    to.sun_path[0] = 0; // an abstract name
  const int fd = ::socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  const auto size = static_cast<socklen_t> (offsetof (sockaddr_un, sun_path) + std::strlen (path));
  ::sendto (fd, state, std::strlen (state), MSG_NOSIGNAL, reinterpret_cast<sockaddr *> (&to), size);
  ::close (fd);
}

} // namespace stagedoor
