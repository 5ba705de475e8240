// SPDX-License-Identifier: LGPL-2.1-or-later
// A session's ICE credentials as HTTP sees them: its ETag, and what PATCH makes of it.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gst-plugins/common/webrtc/ingest.hpp"

namespace stagedoor::webrtc {

class PortCore;

/** Any thread. */
class IceSession
{
public:
  /** @p transport is the m-line that the connection is of. */
  IceSession (IceCredentials local, IceCredentials remote, const OfferedMedia &transport);

  /** Strong: a session has a ufrag of its own after each restart. */
  std::string etag () const;
  /** See Ingest::patch(). */
  tl::expected<IcePatch, Rejection> patch (
      PortCore &core, std::string_view fragment, std::optional<std::string_view> if_match);

private:
  bool is_restart (const IceCredentials &offered) const;
  IcePatch restart (PortCore &core, IceCredentials remote);

  const std::string m_line_, mid_;
  mutable std::mutex mutex_;      // before those of PortCore and Worker
  IceCredentials local_, remote_; // protected by mutex_
};

} // namespace stagedoor::webrtc
