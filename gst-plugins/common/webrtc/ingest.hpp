// SPDX-License-Identifier: LGPL-2.1-or-later
// What a WHIP publisher's media arrives through: one connection that receives.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "libs/webrtc/incoming.hpp"

namespace stagedoor::webrtc {

/** What a PATCH with an application/trickle-ice-sdpfrag did (RFC 9725 section 4.3). */
struct IcePatch
{
  int status;           ///< 204: nothing to say, no ETag either; 200: ICE restarts
  std::string fragment; ///< the body of 200
  std::string etag;     ///< with its quotes, for 200
};

/** Called on the webrtc thread, in this order: connected, then rtp and rtcp, then ended, and
 * nothing after that. Must not block, and must not destroy the Ingest. The bytes are valid during
 * the call. All but `ended` may be empty. */
struct IngestCalls
{
  std::function<void ()> connected;
  /** Authentic packets in the clear, not replayed, of the plan's payload types, in order of
   * arrival: all that came with one reading of the socket. */
  std::function<void (std::span<const ByteView> packets)> rtp;
  /** A compound packet. A BYE in it is nothing more than that; who leaves ends DTLS. */
  std::function<void (ByteView compound)> rtcp;
  /** Why, as words for a log. Not called when it's the owner who ends it. */
  std::function<void (std::string why)> ended;
};

/** One publisher's connection. Any thread, but where it says otherwise. */
class Ingest
{
public:
  /** Ends the connection with close_notify. It waits for the webrtc thread, so not on that; no
   * callback is running or comes afterwards. */
  virtual ~Ingest () = default;

  virtual const IncomingPlan &plan () const = 0;
  /** Protects and sends it: reports, NACK, PLI, transport-wide feedback. Never blocks; lost before
   * the connection stands and after its end. At most 1200 bytes, larger ones are dropped. */
  virtual void send_rtcp (Bytes compound) = 0;

  /** Of the current ICE session: strong, with its quotes. */
  virtual std::string etag () const = 0;
  /** @p fragment is the body of a PATCH, @p if_match its If-Match header. Rejections are 400, 412,
   * 428 and change nothing. */
  virtual tl::expected<IcePatch, Rejection> patch (
      std::string_view fragment, std::optional<std::string_view> if_match) = 0;
};

/** A publisher whose offer was taken. */
struct Received
{
  std::string id; ///< unguessable, for the URL of its session
  std::string answer;
  std::string etag;
  std::shared_ptr<Ingest> ingest;
};

} // namespace stagedoor::webrtc
