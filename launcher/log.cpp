// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/log.hpp"

#include <unistd.h>

namespace stagedoor {
namespace {
constexpr std::size_t longest_line = 1000;
}

std::string
printable (std::string_view text)
{
  std::string out (text.substr (0, longest_line));
  for (char &c : out)
    if (static_cast<unsigned char> (c) < 0x20 || c == 0x7f)
      c = '?';
  return out;
}

void
log_line (std::string_view text)
{
  const auto line = printable (text) + "\n";
  // One call a line, so that lines of several threads don't mix.
  [[maybe_unused]] const auto written = ::write (STDERR_FILENO, line.data (), line.size ());
}

} // namespace stagedoor
