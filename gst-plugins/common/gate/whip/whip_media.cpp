// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/whip/whip_media.hpp"

namespace stagedoor::gate {
namespace {

/** It may have got lost on the way, so it is asked again; encoders don't want it more often. */
constexpr std::chrono::milliseconds key_frame_interval{500};

} // namespace

WhipMedia::WhipMedia (std::shared_ptr<LivePublication> publication, webrtc::Ingest &connection,
    std::function<void (std::string)> failed)
    : publication_ (std::move (publication)), plan_ (connection.plan ()),
      failed_ (std::move (failed)), reader_ (*publication_, plan_), connection_ (&connection)
{
}

std::string
WhipMedia::start (std::chrono::milliseconds latency)
{
  std::string error;
  input_ = RtpInput::open (plan_, latency,
      {.packet = [this] (std::size_t track, ByteView packet) { read (track, packet); },
          .report = [this] (const webrtc::SenderReport &report) { reader_.report (report); },
          .rtcp = [this] (Bytes compound) { send (std::move (compound)); },
          .failed = failed_},
      error);
  return error;
}

void
WhipMedia::disconnect ()
{
  const std::lock_guard lock (connection_mutex_);
  connection_ = nullptr;
}

void
WhipMedia::take (std::span<const ByteView> packets)
{
  last_heard_ = Clock::now ();
  for (const auto packet : packets)
    input_->push (packet);
}

void
WhipMedia::read (std::size_t track, ByteView packet)
{
  switch (reader_.take (track, packet)) {
    case ReadResult::fine:
      return;
    case ReadResult::needs_key_frame:
      return request_key_frame ();
    case ReadResult::unreadable:
      return failed_ (reader_.problem ());
  }
}

void
WhipMedia::send (Bytes compound)
{
  const std::lock_guard lock (connection_mutex_);
  if (connection_ != nullptr)
    connection_->send_rtcp (std::move (compound));
}

void
WhipMedia::request_key_frame ()
{
  const auto now = Clock::now ();
  auto last = last_asked_.load ();
  if (now >= last + key_frame_interval && last_asked_.compare_exchange_strong (last, now))
    input_->request_key_frame ();
}

void
WhipMedia::measure ()
{
  publication_->set_network (input_->stats ());
}

} // namespace stagedoor::gate
