// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/ice_session.hpp"

#include "gst-plugins/common/webrtc/port_core.hpp"
#include "libs/webrtc/ice_fragment.hpp"

namespace stagedoor::webrtc {

namespace {

tl::unexpected<Rejection>
reject (int status, const char *text)
{
  return tl::make_unexpected (Rejection{status, text});
}

} // namespace

IceSession::IceSession (IceCredentials local, IceCredentials remote, const OfferedMedia &transport)
    : m_line_ (transport.kind + " 9 " + transport.protocol + " " + transport.format),
      mid_ (transport.mid), local_ (std::move (local)), remote_ (std::move (remote))
{
}

std::string
IceSession::etag () const
{
  std::lock_guard lock (mutex_);
  return '"' + local_.ufrag + '"';
}

/** Under mutex_. */
bool
IceSession::is_restart (const IceCredentials &offered) const
{
  return (!offered.ufrag.empty () && offered.ufrag != remote_.ufrag)
         || (!offered.password.empty () && offered.password != remote_.password);
}

/** RFC 9725 sections 4.3.2 and 4.3.3. Other credentials are a restart even without If-Match, but
 * not with the tag of another ICE session: those would be candidates that come late. */
tl::expected<IcePatch, Rejection>
IceSession::patch (
    PortCore &core, std::string_view fragment, std::optional<std::string_view> if_match)
{
  auto offered = parse_ice_fragment (fragment);
  if (!offered)
    return tl::make_unexpected (offered.error ());
  std::lock_guard lock (mutex_);
  const auto condition = evaluate_if_match (if_match, '"' + local_.ufrag + '"');
  if (condition == Precondition::fails)
    return reject (412, "If-Match isn't the ETag of the current ICE session");
  if (is_restart (offered->ice)) {
    if (offered->ice.password.empty ())
      return reject (400, "the fragment has another a=ice-ufrag, but no a=ice-pwd");
    return restart (core, std::move (offered->ice));
  }
  if (condition == Precondition::absent)
    return reject (428, "If-Match has to say which ICE session the candidates are of");
  return IcePatch{204, {}, {}}; // we answer checks, wherever they come from
}

/** Under mutex_. */
IcePatch
IceSession::restart (PortCore &core, IceCredentials remote)
{
  const auto former = std::exchange (local_, make_ice_credentials ());
  remote_ = std::move (remote);
  core.worker.post ([&core, ufrag = former.ufrag, local = local_, remote = remote_] {
    core.worker.restart_ice (ufrag, local, remote);
  });
  return {200, write_ice_fragment (m_line_, mid_, local_, core.candidates ()),
      '"' + local_.ufrag + '"'};
}

} // namespace stagedoor::webrtc
