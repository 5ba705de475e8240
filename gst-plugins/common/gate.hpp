// SPDX-License-Identifier: LGPL-2.1-or-later
// The gate: listeners that admit publishers by key and hand each out as a Publication, by stream
// name.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include <tl/expected.hpp>

#include "gst-plugins/common/ref.hpp"
#include "libs/base/address.hpp"
#include "libs/keys/verifier.hpp"
#include "libs/rtmp/session.hpp"

namespace stagedoor::gate {

enum class Track { video, audio };

/** The track starts, or its codec setup changed: complete caps (codec_data, size, profile, level,
 * rate, channels). */
struct TrackCaps
{
  Track track;
  Ref<GstCaps> caps;
};

/** One access unit or audio frame. Buffer PTS/DTS are nanoseconds on the publication's timeline,
 * which starts at 0; DELTA_UNIT and DISCONT are set. */
struct Frame
{
  Track track;
  Ref<GstBuffer> buffer;
};

/** The publisher is gone. Always the last item; text is for people. */
struct End
{
  std::string why;
};

using Item = std::variant<TrackCaps, Frame, rtmp::Metadata, End>;

/** Wakes whoever blocks in Publication::pop() or Gate::wait_for(). May be called from any thread;
 * sticky until reset(). */
class Interrupt;

/** An admitted publisher. Filled by the gate thread, drained by one consumer. */
class Publication
{
public:
  virtual ~Publication () = default;
  virtual const std::string &name () const = 0; ///< "live/demo"
  virtual const keys::Grant &grant () const = 0;
  virtual std::string protocol () const = 0; ///< "rtmp"
  virtual Endpoint peer () const = 0;

  /** Next item, in order; blocks. nullopt when interrupted. The queue is bounded: a consumer that
   * falls behind loses whole groups of pictures up to the next key frame, never order. */
  virtual std::optional<Item> pop (Interrupt &interrupt) = 0;

  /** Tells the publisher why and closes. The consumer then pops End. Any thread. */
  virtual void close (std::string why) = 0;

  /** Counters: bytes, video/audio frames, dropped frames, timeline repairs. Transfer full. */
  virtual GstStructure *stats () const = 0;
};

struct Counters
{
  std::uint64_t connections = 0, admitted = 0, refused = 0, refused_limits = 0, protocol_errors = 0,
                open = 0;
};

/** What happened to a knock, for the log, a bus message and counters. Holds nothing of the key. */
struct Refused
{
  std::string name; ///< "live/demo"; empty when the connection was refused before it named a stream
  Endpoint peer;
  std::string reason; ///< keys::name(), "busy", "limit", "protocol"
  std::string text;   ///< the sentence that the publisher was told
};

/** Listens on one address. One per address in the process: use open(). Thread safe. */
class Gate
{
public:
  /** @p address is "host:port", ":port" (all addresses) or ":0". Returns the gate that already
   * listens there when there is one; the listener closes when the last holder lets go. Error text
   * is for people. */
  static tl::expected<std::shared_ptr<Gate>, std::string> open (const std::string &address);
  virtual ~Gate () = default;

  virtual std::uint16_t port () const = 0; ///< the port really bound

  /** Who may publish on @p name ("live/demo", or "*" for every name that has no entry of its own).
   * Until the returned token is dropped. A name without any entry is refused as wrong-stream. */
  using Token = std::shared_ptr<void>;
  virtual Token admit (const std::string &name, std::shared_ptr<const keys::Verifier> verifier) = 0;

  /** Called on the gate thread, must not block, until the token is dropped. */
  virtual Token on_published (std::function<void (std::shared_ptr<Publication>)> call) = 0;
  virtual Token on_refused (std::function<void (const Refused &)> call) = 0;

  /** The live publication of @p name; waits for one. nullptr when interrupted. Each is handed out
   * once. */
  virtual std::shared_ptr<Publication> wait_for (const std::string &name, Interrupt &interrupt) = 0;

  /** Ends what runs on a credential or key id that no longer holds (revocation). */
  virtual void close_where (
      const std::function<bool (const Publication &)> &match, const std::string &why) = 0;

  virtual Counters counters () const = 0;
};

} // namespace stagedoor::gate
