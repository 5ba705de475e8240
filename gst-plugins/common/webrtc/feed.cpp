// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/feed.hpp"

#include <algorithm>

#include "gst-plugins/common/sdp_offer.hpp"
#include "gst-plugins/common/webrtc/ice_session.hpp"

namespace stagedoor::webrtc {

namespace {

bool
lacks (const Offer &offer, const std::vector<TrackPlan> &tracks, bool video)
{
  const auto wanted = [&] (const OfferedMedia &media) {
    return media.kind == (video ? "video" : "audio") && !media.rejected;
  };
  const auto sent = [&] (const TrackPlan &plan) {
    return (plan.codec != Codec::opus) == video;
  };
  return std::ranges::any_of (offer.media, wanted) && std::ranges::none_of (tracks, sent);
}

} // namespace

void
FeedOnPort::set_source (std::size_t track, std::optional<Source> source)
{
  std::lock_guard lock (mutex_);
  if (source)
    core_->worker.post (
        [f = fan_out_, track, codec = source->codec] { f->set_codec (track, codec); });
  sources_[track] = std::move (source);
  ++changes_;
}

tl::expected<IcePatch, Rejection>
FeedOnPort::patch (
    const std::string &id, std::string_view fragment, std::optional<std::string_view> if_match)
{
  const auto ice = fan_out_->ice_session (id);
  if (ice == nullptr)
    return tl::make_unexpected (Rejection{404, "there is no such session (any more)"});
  return ice->patch (*core_, fragment, if_match);
}

bool
FeedOnPort::end (const std::string &id)
{
  if (!fan_out_->has (id))
    return false;
  core_->worker.post ([f = fan_out_, id] { f->end (id); });
  return true;
}

FeedOnPort::Offerable
FeedOnPort::offerable () const
{
  Offerable out;
  std::lock_guard lock (mutex_);
  out.changes = changes_;
  for (std::size_t i = 0; i < sources_.size (); ++i)
    if (sources_[i]) {
      out.sources.push_back (*sources_[i]);
      out.tracks.push_back (i);
    }
  return out;
}

Feed::Joined
FeedOnPort::answer (
    const Offer &offer, const Offerable &have, const Agreement &agreement, ViewerPlan &plan)
{
  const auto details = core_->answer_details ();
  plan.transport.id = random_text (16);
  plan.transport.local_ice = details.local_ice;
  plan.transport.remote_ice = agreement.remote_ice;
  plan.transport.remote_fingerprint = agreement.remote_fingerprint;
  plan.cname = details.cname;
  plan.tracks.clear ();
  for (const auto &agreed : agreement.tracks)
    plan.tracks.push_back ({have.tracks[agreed.source], have.sources[agreed.source].codec,
        agreed.payload_type, agreed.ssrc, agreed.nack});
  plan.lacks_video = lacks (offer, plan.tracks, true);
  plan.lacks_audio = lacks (offer, plan.tracks, false);

  return {plan.transport.id, write_answer (offer, have.sources, agreement, details), {}};
}

/** False when the sources are no longer those that were agreed on: the tasks that end the viewers
 * of a former codec would come before this one's. */
bool
FeedOnPort::expect (ViewerPlan &plan, const std::shared_ptr<IceSession> &ice, std::uint64_t changes)
{
  std::lock_guard lock (mutex_);
  if (changes != changes_)
    return false;
  fan_out_->expect (plan.transport.id, ice);
  core_->worker.post ([core = core_.get (), f = fan_out_, plan = std::move (plan)] () mutable {
    core->worker.add (std::move (plan), f);
  });
  return true;
}

tl::expected<Feed::Joined, Rejection>
FeedOnPort::join (std::string_view sdp, const std::string &peer)
{
  const auto offer = parse_offer (sdp);
  if (!offer)
    return tl::unexpected (offer.error ());
  ViewerPlan plan;
  for (;;) {
    const auto have = offerable ();
    if (have.sources.empty ())
      return tl::unexpected (Rejection{409, "this stream is not live at the moment"});
    const auto agreement = negotiate (*offer, have.sources, random_number ());
    if (!agreement)
      return tl::unexpected (agreement.error ());
    if (plan.transport.ticket == nullptr) {
      auto ticket = core_->viewers->admit (peer);
      if (!ticket)
        return tl::unexpected (Rejection{503, std::move (ticket.error ())});
      plan.transport.ticket = std::move (*ticket);
    }
    auto out = answer (*offer, have, *agreement, plan);
    const auto ice = std::make_shared<IceSession> (
        plan.transport.local_ice, agreement->remote_ice, offer->media[agreement->transport]);
    out.etag = ice->etag ();
    if (expect (plan, ice, have.changes))
      return out;
  }
}

} // namespace stagedoor::webrtc
