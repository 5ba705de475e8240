// SPDX-License-Identifier: LGPL-2.1-or-later
// How a stream looks to who watches it, and what it costs the process.
#pragma once

#include <fstream>

#include "tests/check/transcode/fixture.hpp"

namespace stagedoor::test {

/** What reaches the peer, in running time. */
class Screen
{
public:
  explicit Screen (Peer &peer) : pad_ (share (peer.pad ()))
  {
    gst_pad_add_probe (
        peer.pad (),
        static_cast<GstPadProbeType> (
            GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
        [] (GstPad *, GstPadProbeInfo *info, gpointer self) {
          static_cast<Screen *> (self)->take (info);
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }

  std::size_t frames () const { return look (&Screen::frames_); }
  std::size_t changes () const { return look (&Screen::changes_); }
  GstClockTime latest () const { return look (&Screen::latest_); }
  GstClockTime longest_gap () const { return look (&Screen::longest_gap_); }
  std::size_t went_back () const { return look (&Screen::went_back_); }
  /** Beginnings of another stream, and those of the same by another encoder, that are no key frame.
   */
  std::size_t without_key () const { return look (&Screen::without_key_); }
  std::size_t beginnings () const { return look (&Screen::beginnings_); }

private:
  template <class T>
  T look (T Screen::*member) const
  {
    const std::lock_guard lock{mutex_};
    return this->*member;
  }

  void take (GstPadProbeInfo *info)
  {
    const std::lock_guard lock{mutex_};
    if ((GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) != 0)
      return take (GST_PAD_PROBE_INFO_BUFFER (info));
    auto *event = GST_PAD_PROBE_INFO_EVENT (info);
    if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
      gst_event_copy_segment (event, &segment_);
    if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
      return;
    GstCaps *caps = nullptr;
    gst_event_parse_caps (event, &caps);
    if (caps_ && gst_caps_is_equal (caps_.get (), caps))
      return;
    caps_ = share (caps);
    fresh_ = true;
    ++changes_;
  }

  void take (GstBuffer *buffer)
  {
    const auto now =
        gst_segment_to_running_time (&segment_, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
    if (frames_++ > 0) {
      went_back_ += now <= latest_;
      longest_gap_ = MAX (longest_gap_, now > latest_ ? now - latest_ : 0);
    }
    const bool begins = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    beginnings_ += begins;
    without_key_ +=
        (fresh_ || begins) && GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    fresh_ = false;
    latest_ = now;
  }

  const Ref<GstPad> pad_;
  mutable std::mutex mutex_; // guards all below
  GstSegment segment_{};
  Ref<GstCaps> caps_;
  bool fresh_ = true;
  std::size_t frames_ = 0, changes_ = 0, went_back_ = 0, without_key_ = 0, beginnings_ = 0;
  GstClockTime latest_ = 0, longest_gap_ = 0;
};

/** A number of /proc/self/status: "Threads:", or "VmRSS:" in KiB. */
inline int
of_process (const char *what)
{
  std::ifstream status ("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == what) {
      int count = 0;
      status >> count;
      return count;
    }
  return 0;
}

inline int
threads ()
{
  return of_process ("Threads:");
}

} // namespace stagedoor::test
