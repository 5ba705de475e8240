// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers publishers' offers and holds what their owners have of them, on callers' threads.
#include "gst-plugins/common/webrtc/ingest.hpp"

#include "gst-plugins/common/sdp_offer.hpp"
#include "gst-plugins/common/webrtc/ice_session.hpp"
#include "gst-plugins/common/webrtc/receive.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::size_t max_compound = 1200;

class IngestOnPort final : public Ingest
{
public:
  IngestOnPort (std::shared_ptr<PortCore> core, IncomingPlan plan, std::shared_ptr<IngestLine> line,
      std::unique_ptr<IceSession> ice)
      : core_ (std::move (core)), plan_ (std::move (plan)), line_ (std::move (line)),
        ice_ (std::move (ice))
  {
  }
  ~IngestOnPort () override
  {
    core_->worker.run ([this] {
      line_->calls = {};
      if (line_->contributor != nullptr)
        line_->contributor->end ("ended by request");
    });
  }

  const IncomingPlan &plan () const override { return plan_; }
  void send_rtcp (Bytes compound) override
  {
    if (compound.size () > max_compound)
      return;
    core_->worker.post ([line = line_, compound = std::move (compound)] {
      if (line->contributor != nullptr)
        line->contributor->send_rtcp (compound);
    });
  }
  std::string etag () const override { return ice_->etag (); }
  tl::expected<IcePatch, Rejection> patch (
      std::string_view fragment, std::optional<std::string_view> if_match) override
  {
    return ice_->patch (*core_, fragment, if_match);
  }

private:
  const std::shared_ptr<PortCore> core_;
  const IncomingPlan plan_;
  const std::shared_ptr<IngestLine> line_;
  const std::unique_ptr<IceSession> ice_;
};

std::bitset<128>
payload_types (const IncomingPlan &plan)
{
  std::bitset<128> out;
  for (const auto &track : plan.tracks) {
    out.set (track.payload_type);
    if (track.rtx_payload_type)
      out.set (*track.rtx_payload_type);
  }
  return out;
}

} // namespace

tl::expected<Received, Rejection>
receive (const std::shared_ptr<PortCore> &core, std::string_view sdp, const std::string &peer,
    const std::vector<Codec> &codecs, IngestCalls calls)
{
  const auto offer = parse_offer (sdp);
  if (!offer)
    return tl::unexpected (offer.error ());
  auto agreement = negotiate_incoming (*offer, codecs);
  if (!agreement)
    return tl::unexpected (agreement.error ());
  auto ticket = core->publishers->admit (peer);
  if (!ticket)
    return tl::unexpected (Rejection{503, std::move (ticket.error ())});

  const auto details = core->answer_details ();
  auto ice = std::make_unique<IceSession> (
      details.local_ice, agreement->remote_ice, offer->media[agreement->transport]);
  auto line = std::make_shared<IngestLine> (IngestLine{std::move (calls)});
  ContributorPlan plan{{random_text (16), details.local_ice, agreement->remote_ice,
                           agreement->remote_fingerprint, std::move (*ticket)},
      payload_types (agreement->plan), line};
  Received out{plan.transport.id, write_incoming_answer (*offer, *agreement, details), ice->etag (),
      nullptr};
  core->worker.post ([worker = &core->worker, plan = std::move (plan)] () mutable {
    worker->add (std::move (plan));
  });
  // Only now: its end comes after that beginning.
  out.ingest = std::make_shared<IngestOnPort> (
      core, std::move (agreement->plan), std::move (line), std::move (ice));
  return out;
}

} // namespace stagedoor::webrtc
