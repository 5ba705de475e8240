// SPDX-License-Identifier: LGPL-2.1-or-later
// Hands items from a door's thread to a consumer.
#include "gst-plugins/common/gate/live_publication.hpp"

namespace stagedoor::gate {

LivePublication::LivePublication (Admission admission, std::function<void (std::string)> closer)
    : admission_ (std::move (admission)), closer_ (std::move (closer))
{
}

std::optional<Item>
LivePublication::pop (Interrupt &interrupt, Deadline deadline)
{
  const Interrupt::Attached attached (interrupt, mutex_, changed_);
  std::unique_lock lock (mutex_);
  const bool ready =
      changed_.wait_until (lock, deadline, [&] { return interrupt.is_set () || queue_.ready (); });
  if (!ready || interrupt.is_set ())
    return std::nullopt;
  return queue_.pop ();
}

GstStructure *
LivePublication::stats () const
{
  const std::lock_guard lock (mutex_);
  auto *out =
      gst_structure_new ("stagedoor-publication", "name", G_TYPE_STRING, admission_.name.c_str (),
          "protocol", G_TYPE_STRING, protocol ().c_str (), "bytes", G_TYPE_UINT64, bytes_,
          "video-frames", G_TYPE_UINT64, video_frames_, "audio-frames", G_TYPE_UINT64,
          audio_frames_, "dropped-frames", G_TYPE_UINT64, queue_.dropped (), "broken-frames",
          G_TYPE_UINT64, broken_, "timeline-repairs", G_TYPE_UINT64, repairs_, nullptr);
  if (network_)
    gst_structure_set (out, "rtt-ms", G_TYPE_DOUBLE, network_->rtt_ms, "packets", G_TYPE_UINT64,
        network_->received, "lost-packets", G_TYPE_UINT64, network_->lost, "retransmitted-packets",
        G_TYPE_UINT64, network_->retransmitted, "dropped-packets", G_TYPE_UINT64, network_->dropped,
        "buffer-ms", G_TYPE_INT, network_->buffer_ms, "latency-ms", G_TYPE_INT,
        network_->latency_ms, "jitter-ms", G_TYPE_DOUBLE, network_->jitter_ms, "key-frame-requests",
        G_TYPE_UINT64, network_->key_frame_requests, nullptr);
  return out;
}

void
LivePublication::set_caps (Track track, Ref<GstCaps> caps)
{
  const std::lock_guard lock (mutex_);
  queue_.set_caps (track, std::move (caps));
}

void
LivePublication::push (Frame frame)
{
  {
    const std::lock_guard lock (mutex_);
    bytes_ += gst_buffer_get_size (frame.buffer.get ());
    ++(frame.track == Track::video ? video_frames_ : audio_frames_);
    queue_.push (std::move (frame));
  }
  changed_.notify_all (); // not under the lock, for which whoever wakes up would wait at once
}

void
LivePublication::push (rtmp::Metadata metadata)
{
  const std::lock_guard lock (mutex_);
  queue_.push (std::move (metadata));
  changed_.notify_all ();
}

void
LivePublication::end (std::string why)
{
  const std::lock_guard lock (mutex_);
  queue_.push (End{std::move (why)});
  changed_.notify_all ();
}

void
LivePublication::count_broken (std::uint64_t frames)
{
  const std::lock_guard lock (mutex_);
  broken_ += frames;
}

void
LivePublication::count_repair ()
{
  const std::lock_guard lock (mutex_);
  ++repairs_;
}

void
LivePublication::set_network (const NetworkStats &stats)
{
  const std::lock_guard lock (mutex_);
  network_ = stats;
}

void
LivePublication::claim ()
{
  const std::lock_guard lock (mutex_);
  queue_.claim ();
}

void
LivePublication::release ()
{
  const std::lock_guard lock (mutex_);
  queue_.release ();
}

} // namespace stagedoor::gate
