// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/srt_session.hpp"

namespace stagedoor::gate {
namespace {

/** Per wakeup, so that one fast publisher can't starve the others. */
constexpr int messages_per_wakeup = 64;

} // namespace

SrtSession::~SrtSession ()
{
  if (reader_)
    reader_->finish ();
}

void
SrtSession::begin (Core::Live publication)
{
  publication_ = std::move (publication);
  reader_.emplace (*publication_);
  last_read_ = Clock::now ();
}

std::optional<std::string>
SrtSession::receive (std::span<std::uint8_t> scratch)
{
  for (int i = 0; i < messages_per_wakeup; ++i) {
    const int n = srt_recvmsg (socket_.get (), reinterpret_cast<char *> (scratch.data ()),
        static_cast<int> (scratch.size ()));
    if (n < 0 && srt_getlasterror (nullptr) == SRT_EASYNCRCV)
      return std::nullopt;
    if (n <= 0)
      return "the publisher closed the connection, or it broke";
    last_read_ = Clock::now ();
    const auto taken = reader_->take (scratch.first (static_cast<std::size_t> (n)), last_read_);
    if (!taken) {
      is_to_blame_ = true;
      return taken.error ();
    }
  }
  return std::nullopt;
}

std::optional<std::string>
SrtSession::check (
    Clock::time_point now, std::chrono::milliseconds most_silence, std::span<std::uint8_t> scratch)
{
  // A socket that broke before it was waited for has no event; what it still holds comes first.
  if (srt_getsockstate (socket_.get ()) != SRTS_CONNECTED)
    if (auto over = receive (scratch))
      return over;
  if (left_of (publication_->grant ()).count () == 0)
    return publication_->why_it_ends ();
  if (now >= last_read_ + most_silence)
    return "the publisher sent nothing for too long";
  return std::nullopt;
}

void
SrtSession::measure ()
{
  SRT_TRACEBSTATS stats;
  if (srt_bistats (socket_.get (), &stats, 0, 1) != 0)
    return;
  const auto count = [] (auto n) {
    return static_cast<std::uint64_t> (std::max<decltype (n)> (n, 0));
  };
  publication_->set_network ({.rtt_ms = stats.msRTT,
      .received = count (stats.pktRecvTotal),
      .lost = count (stats.pktRcvLossTotal),
      .retransmitted = count (stats.pktRcvRetrans),
      .dropped = count (stats.pktRcvDropTotal),
      .buffer_ms = stats.msRcvBuf,
      .latency_ms = stats.msRcvTsbPdDelay});
}

} // namespace stagedoor::gate
