// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/srt_audience.hpp"

namespace stagedoor::gate {

void
SrtAudience::add (SrtSocket socket)
{
  const auto id = socket.get ();
  viewers_[id] = std::make_unique<SrtViewer> (std::move (socket));
}

void
SrtAudience::begin (SRTSOCKET socket, Seat seat)
{
  const auto guest = seat.guest;
  const auto found = viewers_.find (socket);
  if (found == viewers_.end ())
    return ended_ (guest, "the viewer was closed before it began");
  found->second->begin (std::move (seat));
}

template <class Step>
void
SrtAudience::for_each (Step step)
{
  for (auto each = viewers_.begin (); each != viewers_.end ();) {
    const std::optional<std::string> over = step (*each->second);
    if (!over) {
      ++each;
      continue;
    }
    const auto guest = each->second->guest ();
    each = viewers_.erase (each);
    if (guest != 0)
      ended_ (guest, *over);
  }
}

void
SrtAudience::send (Clock::time_point now)
{
  for_each ([now] (SrtViewer &viewer) { return viewer.send (now); });
}

void
SrtAudience::sweep (Clock::time_point now)
{
  constexpr std::chrono::seconds measure_interval{1};
  const bool measure = now >= measured_ + measure_interval;
  if (measure)
    measured_ = now;
  for_each ([measure, now] (SrtViewer &viewer) {
    if (measure)
      viewer.measure ();
    return viewer.check (now);
  });
}

void
SrtAudience::close_all (const std::string &why)
{
  for_each ([&why] (SrtViewer &) { return std::optional (why); });
}

} // namespace stagedoor::gate
