// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/srt_asked.hpp"

namespace stagedoor::gate {

void
SrtAsked::add (SRTSOCKET socket, Refused otherwise)
{
  const std::lock_guard lock (mutex_);
  asked_[socket] = std::move (otherwise);
}

void
SrtAsked::came (SRTSOCKET socket)
{
  const std::lock_guard lock (mutex_);
  asked_.erase (socket);
}

std::vector<Refused>
SrtAsked::take_lost ()
{
  std::vector<SRTSOCKET> lost;
  {
    const std::lock_guard lock (mutex_);
    for (const auto &[socket, otherwise] : asked_)
      lost.push_back (socket);
  }
  std::erase_if (
      lost, [] (SRTSOCKET socket) { return srt_getsockstate (socket) <= SRTS_CONNECTED; });
  std::vector<Refused> out;
  const std::lock_guard lock (mutex_);
  for (const auto socket : lost)
    if (auto node = asked_.extract (socket))
      out.push_back (std::move (node.mapped ()));
  return out;
}

} // namespace stagedoor::gate
