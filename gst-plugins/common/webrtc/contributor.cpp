// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/contributor.hpp"

namespace stagedoor::webrtc {

Contributor::Contributor (ContributorPlan plan, TransportContext context, std::int64_t now_us)
    : line_ (std::move (plan.line)), payload_types_ (plan.payload_types),
      transport_ (std::move (plan.transport), std::move (context), *this, now_us)
{
  line_->contributor = this;
}

Contributor::~Contributor ()
{
  line_->contributor = nullptr;
}

void
Contributor::on_connected (std::int64_t)
{
  srtp_.emplace (transport_.keys ());
  if (line_->calls.connected)
    line_->calls.connected ();
}

bool
Contributor::on_rtp (std::span<std::uint8_t> packet)
{
  const auto plain = srtp_->unprotect (packet);
  if (!plain)
    return false;
  if (payload_types_[(*plain)[1] & 0x7f]) {
    if (batch_.empty ())
      transport_.note_received ();
    batch_.push_back (*plain);
  }
  return true;
}

void
Contributor::on_batch_end ()
{
  if (!batch_.empty () && line_->calls.rtp)
    line_->calls.rtp (batch_);
  batch_.clear ();
}

void
Contributor::on_rtcp (ByteView compound, std::int64_t)
{
  on_batch_end (); // in order of arrival
  if (line_->calls.rtcp)
    line_->calls.rtcp (compound);
}

void
Contributor::send_rtcp (ByteView compound)
{
  if (transport_.connected () && !transport_.ended ())
    transport_.send_rtcp (compound);
}

void
Contributor::on_end (const char *why)
{
  on_batch_end ();
  if (line_->calls.ended)
    line_->calls.ended (why);
  line_->calls = {};
}

} // namespace stagedoor::webrtc
