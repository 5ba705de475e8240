// SPDX-License-Identifier: LGPL-2.1-or-later
// One WHIP publisher: its publication, its connection and what is between them.
#pragma once

#include "gst-plugins/common/gate/core.hpp"
#include "gst-plugins/common/gate/whip/whip_media.hpp"

namespace stagedoor::gate {

/** The token that a session was opened with, which later requests have to show again; not itself,
 * but what is enough to know it by. */
class ShownToken
{
public:
  explicit ShownToken (const std::string &bearer);
  bool empty () const { return digest_.empty (); }
  bool operator== (const ShownToken &other) const;

private:
  std::string digest_;
};

/** Gate thread. */
class WhipSession
{
public:
  WhipSession (Core::Live publication, std::shared_ptr<webrtc::Ingest> connection, ShownToken token,
      std::uint64_t guest, std::function<void (std::string)> failed);
  ~WhipSession ();

  const Core::Live &publication () const { return publication_; }
  const std::shared_ptr<WhipMedia> &media () const { return media_; }
  webrtc::Ingest &connection () { return *connection_; }
  std::uint64_t guest () const { return guest_; }
  const ShownToken &token () const { return token_; }

  /** Now and then: a text when the session is over. */
  std::optional<std::string> check (Clock::time_point now, std::chrono::milliseconds most_silence);
  /** BYE with a reason, RFC 3550 section 6.6. */
  void say_goodbye (const std::string &why);

private:
  const Core::Live publication_;
  const ShownToken token_;
  const std::uint64_t guest_;
  std::shared_ptr<webrtc::Ingest> connection_;
  std::shared_ptr<WhipMedia> media_;
};

} // namespace stagedoor::gate
