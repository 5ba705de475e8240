// SPDX-License-Identifier: LGPL-2.1-or-later
// What a peer's connection is for: a viewer's or a contributor's. The transport below it is the
// same for both.
#pragma once

#include <cstdint>
#include <span>

#include "libs/base/bytes.hpp"

namespace stagedoor::webrtc {

class Transport;

/** The webrtc thread; times are monotonic microseconds. Owns its transport, which calls it. Nothing
 * is called after on_end(), but on_batch_end(). */
class Session
{
public:
  virtual ~Session () = default;

  virtual Transport &transport () = 0;

  /** Media may go to and come from the peer. */
  virtual void on_connected (std::int64_t now_us) = 0;
  /** As it comes from the peer's path, not yet authentic. True when it is. */
  virtual bool on_rtp (std::span<std::uint8_t> packet) = 0;
  /** What on_rtp() took during one reading of the socket is complete; only for whom
   * TransportContext::received names. */
  virtual void on_batch_end () = 0;
  /** An authentic compound in the clear. */
  virtual void on_rtcp (ByteView compound, std::int64_t now_us) = 0;
  /** Several times a second, while connected. */
  virtual void on_time (std::int64_t now_us) = 0;
  /** Last words, when connected, may still be sent. */
  virtual void on_end (const char *why) = 0;
};

} // namespace stagedoor::webrtc
