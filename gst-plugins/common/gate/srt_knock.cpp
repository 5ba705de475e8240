// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/srt_knock.hpp"

#include <srt/access_control.h>
#include <srt/srt.h>

#include "libs/srt/streamid.hpp"

namespace stagedoor::gate {

int
reject_code (const std::string &reason)
{
  if (reason == "bad-name")
    return SRT_REJX_BAD_REQUEST;
  if (reason == "offline")
    return SRT_REJX_NOTFOUND;
  if (reason == "busy")
    return SRT_REJX_CONFLICT;
  if (reason == "limit" || reason == "back-off")
    return SRT_REJX_OVERLOAD;
  if (reason == "wrong-role" || reason == "wrong-stream" || reason == "wrong-network"
      || reason == "not-accepted")
    return SRT_REJX_FORBIDDEN;
  return SRT_REJX_UNAUTHORIZED;
}

tl::expected<Knock, Denial>
read_knock (std::string_view streamid, const Endpoint &peer)
{
  auto id = srt::parse_streamid (streamid);
  if (!id)
    return tl::unexpected (Denial{"bad-name", id.error ()});
  const auto role =
      id->mode == srt::StreamId::Mode::request ? keys::Role::play : keys::Role::publish;
  return Knock{"srt", std::move (id->app), std::move (id->stream), std::move (id->query),
      std::move (id->url), peer, role};
}

Refused
refusal_of (const Knock &knock, const Denial &denial)
{
  return {.name = name_of (knock),
      .peer = knock.peer,
      .reason = denial.reason,
      .text = denial.text,
      .role = knock.role};
}

} // namespace stagedoor::gate
