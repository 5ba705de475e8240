// SPDX-License-Identifier: LGPL-2.1-or-later
// A publication as a door's thread fills it and one consumer drains it.
#pragma once

#include "gst-plugins/common/gate/item_queue.hpp"

namespace stagedoor::gate {

/** What is known when a publisher is admitted. */
struct Admission
{
  std::string name;     ///< "live/demo"
  std::string protocol; ///< "rtmp", "srt"
  keys::Grant grant;
  Endpoint peer;
  std::string why_it_ends = "the key's time is over"; ///< when grant.ends_ms has come
  std::shared_ptr<void> visit = {}; ///< its end tells the authority that has let it in, if any
};

/** How the network between the publisher and here does. */
struct NetworkStats
{
  double rtt_ms = 0;
  std::uint64_t received = 0, lost = 0, retransmitted = 0, dropped = 0; ///< packets
  int buffer_ms = 0;                                                    ///< held for reordering
  int latency_ms = 0;                                                   ///< agreed on
  double jitter_ms = 0;
  std::uint64_t key_frame_requests = 0; ///< sent to the publisher
};

class LivePublication final : public Publication
{
public:
  /** @p closer asks the gate thread to close the publisher; any thread calls it. */
  LivePublication (Admission admission, std::function<void (std::string)> closer);

  const std::string &name () const override { return admission_.name; }
  const keys::Grant &grant () const override { return admission_.grant; }
  std::string protocol () const override { return admission_.protocol; }
  Endpoint peer () const override { return admission_.peer; }
  const std::string &why_it_ends () const { return admission_.why_it_ends; }
  std::optional<Item> pop (Interrupt &interrupt, Deadline deadline) override;
  void request_key_frame () override
  {
    if (key_frame_requester_)
      key_frame_requester_ ();
  }
  void close (std::string why) override { closer_ (std::move (why)); }
  GstStructure *stats () const override;

  /** Before it is announced. @p requester: any thread calls it. */
  void on_key_frame_request (std::function<void ()> requester)
  {
    key_frame_requester_ = std::move (requester);
  }

  // The publisher's thread; end() the gate's.
  void set_caps (Track track, Ref<GstCaps> caps);
  void push (Frame frame);
  void push (rtmp::Metadata metadata);
  void end (std::string why);
  void count_broken (std::uint64_t frames = 1);
  void count_repair ();
  void set_network (const NetworkStats &stats);

  // By whom hands it out and takes it back.
  void claim ();
  void release ();

private:
  const Admission admission_;
  const std::function<void (std::string)> closer_;
  std::function<void ()> key_frame_requester_; // set before others know of it
  mutable std::mutex mutex_; // innermost but for an Interrupt's, which comes before
  std::condition_variable changed_;
  // Protected by mutex_:
  ItemQueue queue_;
  std::uint64_t bytes_ = 0, video_frames_ = 0, audio_frames_ = 0, broken_ = 0, repairs_ = 0;
  std::optional<NetworkStats> network_;
};

} // namespace stagedoor::gate
