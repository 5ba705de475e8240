// SPDX-License-Identifier: LGPL-2.1-or-later
// A feed: answers viewers' offers on callers' threads, before the webrtc thread takes over.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gst-plugins/common/webrtc/fan_out.hpp"
#include "gst-plugins/common/webrtc/port_core.hpp"

namespace stagedoor::webrtc {

class FeedOnPort final : public Feed
{
public:
  FeedOnPort (std::shared_ptr<PortCore> core, std::size_t tracks, KeyframeWanted keyframe_wanted,
      Watched watched)
      : core_ (std::move (core)), fan_out_ (std::make_shared<FanOut> (
                                      tracks, std::move (keyframe_wanted), std::move (watched))),
        sources_ (tracks)
  {
    core_->worker.post ([core = core_.get (), f = fan_out_] { core->worker.add (f); });
  }
  ~FeedOnPort () override
  {
    core_->worker.run ([this] { core_->worker.remove (fan_out_); });
  }

  void set_source (std::size_t track, std::optional<Source> source) override;
  void submit (std::size_t track, std::shared_ptr<PacketizedFrame> frame,
      std::int64_t running_time_ns) override
  {
    fan_out_->submit (track, std::move (frame), running_time_ns);
    core_->worker.wake ();
  }
  tl::expected<Joined, Rejection> join (std::string_view sdp, const std::string &peer) override;
  tl::expected<IcePatch, Rejection> patch (const std::string &id, std::string_view fragment,
      std::optional<std::string_view> if_match) override;
  bool end (const std::string &id) override;
  bool has (const std::string &id) const override { return fan_out_->has (id); }
  void end_all () override
  {
    core_->worker.post ([f = fan_out_] { f->end_all ("ended by request"); });
  }
  FeedStats stats () const override { return fan_out_->stats (); }

private:
  struct Offerable
  {
    std::vector<Source> sources;
    std::vector<std::size_t> tracks; ///< of each source
    std::uint64_t changes;
  };
  Offerable offerable () const;
  Joined answer (
      const Offer &offer, const Offerable &have, const Agreement &agreement, ViewerPlan &plan);
  bool expect (ViewerPlan &plan, const std::shared_ptr<IceSession> &ice, std::uint64_t changes);

  const std::shared_ptr<PortCore> core_;
  const std::shared_ptr<FanOut> fan_out_;
  mutable std::mutex mutex_;                   // before FanOut's and Worker's
  std::vector<std::optional<Source>> sources_; // protected by mutex_; by track
  std::uint64_t changes_ = 0;                  // protected by mutex_; of sources_
};

} // namespace stagedoor::webrtc
