// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/whip/whip_session.hpp"

#include <algorithm>

#include "libs/base/hmac.hpp"

namespace stagedoor::gate {

ShownToken::ShownToken (const std::string &bearer)
{
  if (bearer.empty ())
    return;
  const String digest (
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, bearer.data (), gssize (bearer.size ())));
  digest_ = digest.get ();
}

bool
ShownToken::operator== (const ShownToken &other) const
{
  return equal_constant_time (view (digest_), view (other.digest_));
}

WhipSession::WhipSession (Core::Live publication, std::shared_ptr<webrtc::Ingest> connection,
    ShownToken token, std::uint64_t guest, std::function<void (std::string)> failed)
    : publication_ (std::move (publication)), token_ (std::move (token)), guest_ (guest),
      connection_ (std::move (connection)),
      media_ (std::make_shared<WhipMedia> (publication_, *connection_, std::move (failed)))
{
  publication_->on_key_frame_request ([media = std::weak_ptr (media_)] {
    if (const auto to = media.lock ())
      to->request_key_frame ();
  });
}

/** Whoever calls WhipMedia goes first. */
WhipSession::~WhipSession ()
{
  media_->disconnect ();
  connection_.reset ();
}

std::optional<std::string>
WhipSession::check (Clock::time_point now, std::chrono::milliseconds most_silence)
{
  media_->measure ();
  if (left_of (publication_->grant ()).count () == 0)
    return publication_->why_it_ends ();
  if (now >= media_->last_heard () + most_silence)
    return "the publisher sent nothing for too long";
  return std::nullopt;
}

void
WhipSession::say_goodbye (const std::string &why)
{
  constexpr std::uint32_t nobody = 1; // has sent nothing
  constexpr std::size_t most_reason = 200;
  Bytes out;
  Writer writer (out);
  writer.u32 (0x80c90001);
  writer.u32 (nobody);
  const auto reason = std::string_view (why).substr (0, std::min (why.size (), most_reason));
  const auto words = 1 + (1 + reason.size () + 3) / 4;
  writer.u32 (0x81cb0000 | static_cast<std::uint32_t> (words));
  writer.u32 (nobody);
  writer.u8 (static_cast<std::uint8_t> (reason.size ()));
  writer.bytes (reason);
  out.resize (8 + 4 + 4 * words);
  connection_->send_rtcp (std::move (out));
}

} // namespace stagedoor::gate
