// SPDX-License-Identifier: LGPL-2.1-or-later
// The process's WebRTC port: one UDP socket from which all streams are sent to all their viewers,
// and to which WHIP publishers send.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "gst-plugins/common/webrtc/ingest.hpp"
#include "libs/webrtc/negotiation.hpp"
#include "libs/webrtc/packetizer.hpp"

namespace stagedoor::webrtc {

/** Sums over a feed's life, but for viewers and pending, which are as of now. */
struct FeedStats
{
  std::uint64_t viewers = 0; ///< connected
  std::uint64_t pending = 0; ///< have an answer, aren't connected yet
  std::uint64_t joined = 0;  ///< ever connected
  std::uint64_t packets = 0, bytes = 0;
  std::uint64_t retransmitted = 0;     ///< packets sent again for a NACK
  std::uint64_t lost = 0;              ///< as the viewers report it
  std::uint64_t keyframe_requests = 0; ///< PLI and FIR received
  std::uint64_t unsent = 0;            ///< packets that the socket had no room for
  std::uint64_t skipped = 0;           ///< frames given up because the webrtc thread was behind
};

/** One stream: its tracks, which all its viewers share. Thread safe. Destroying it ends the viewers
 * with BYE and close_notify and waits for the webrtc thread, so it isn't done on that. */
class Feed
{
public:
  virtual ~Feed () = default;

  /** What @p track consists of from now on; nullopt: nothing that could be offered. Another codec
   * than before ends the viewers of the track; the first track of a kind ends those who asked for
   * that kind earlier, so that they come again for all of it. */
  virtual void set_source (std::size_t track, std::optional<Source> source) = 0;

  /** Sends @p frame to every viewer of @p track. The caller filled rtp_timestamp: running time in
   * units of the codec's clock. Never blocks: when the webrtc thread is behind, frames up to the
   * next key frame are given up. One thread per track. */
  virtual void submit (
      std::size_t track, std::shared_ptr<PacketizedFrame> frame, std::int64_t running_time_ns) = 0;

  struct Joined
  {
    std::string id; ///< unguessable
    std::string answer;
    std::string etag; ///< of its ICE session
  };
  /** Answers an SDP offer and expects its viewer. @p peer is the address that it came from, for
   * limits. 409 when there is nothing to send yet, 503 when there are too many viewers. When too
   * many are connecting, the one that has been for longest is ended. */
  virtual tl::expected<Joined, Rejection> join (
      std::string_view offer, const std::string &peer) = 0;
  /** As Ingest::patch(); 404 when there is no such viewer (any more). */
  virtual tl::expected<IcePatch, Rejection> patch (const std::string &id, std::string_view fragment,
      std::optional<std::string_view> if_match) = 0;
  /** False when there is no such viewer (any more). */
  virtual bool end (const std::string &id) = 0;
  virtual bool has (const std::string &id) const = 0;
  virtual void end_all () = 0;

  virtual FeedStats stats () const = 0;
};

/** A viewer needs a key frame on this track. Called on the webrtc thread, at most once a second per
 * track; must not block. */
using KeyframeWanted = std::function<void (std::size_t track)>;

/** The feed has its first viewer, who may still be connecting, or has lost its last. Called on the
 * webrtc thread; must not block. */
using Watched = std::function<void (bool watched)>;

/** One UDP port, served by a thread of its own, "webrtc-0" and so on. */
class Port
{
public:
  /** @p address "host:port", ":port", ":0". @p public_address is an IP address under which viewers
   * reach this machine (1:1 NAT), put before those of the interfaces. Returns the port that is
   * already open on @p address when there is one. */
  static tl::expected<std::shared_ptr<Port>, std::string> open (
      const std::string &address, const std::string &public_address = {});
  virtual ~Port () = default;

  /** With the port really bound; open (address ()) finds this one. */
  virtual std::string address () const = 0;
  virtual std::uint16_t port () const = 0;

  virtual std::shared_ptr<Feed> new_feed (
      std::size_t tracks, KeyframeWanted keyframe_wanted, Watched watched = nullptr) = 0;

  /** Answers a publisher's SDP offer and expects the publisher. @p peer is the address that it came
   * from, for limits. @p codecs is what the caller can depayload. Rejections are 400, 406, 422, and
   * 503 when there are too many publishers. It has 10 s to connect, and 10 s of silence are its
   * end. */
  virtual tl::expected<Received, Rejection> receive (std::string_view offer,
      const std::string &peer, const std::vector<Codec> &codecs, IngestCalls calls) = 0;
};

} // namespace stagedoor::webrtc
