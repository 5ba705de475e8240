// SPDX-License-Identifier: LGPL-2.1-or-later
// The gate: listeners that admit publishers by key and hand each out as a Publication, by stream
// name.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "gst-plugins/common/authority.hpp"
#include "gst-plugins/common/outlet.hpp"
#include "gst-plugins/common/ref.hpp"
#include "libs/base/address.hpp"
#include "libs/keys/verifier.hpp"
#include "libs/rtmp/session.hpp"

namespace stagedoor {
class Certificate;
}

namespace stagedoor::gate {

enum class Track { video, audio };

/** The track starts, or its codec setup changed: complete caps (codec_data, size, profile, level,
 * rate, channels). */
struct TrackCaps
{
  Track track;
  Ref<GstCaps> caps;
};

/** One access unit or audio frame. Buffer PTS (and DTS, for H.26x) are nanoseconds on the
 * publication's timeline, which starts between 0 and 1 s; DELTA_UNIT and DISCONT are set. The
 * consumer owns the only reference, so it may restamp the buffer. */
struct Frame
{
  Track track;
  Ref<GstBuffer> buffer;
  std::chrono::steady_clock::time_point arrived; ///< when its last byte was read
};

/** The publisher is gone. Always the last item; text is for people. */
struct End
{
  std::string why;
};

using Item = std::variant<TrackCaps, Frame, rtmp::Metadata, End>;

/** Wakes whoever blocks in Publication::pop() or Gate::wait_for() with it. Sticky until reset().
 * Any thread; the caller of set() holds no lock that a waiter takes. */
class Interrupt
{
public:
  void set ();
  void reset () { set_ = false; }
  bool is_set () const { return set_; }

  /** Makes set() notify @p changed, under @p mutex, during this object's life. Constructed before
   * and destroyed after the waiter holds @p mutex: set() locks its own mutex first. */
  class Attached
  {
  public:
    Attached (Interrupt &interrupt, std::mutex &mutex, std::condition_variable &changed);
    ~Attached ();
    Attached (const Attached &) = delete;
    Attached &operator= (const Attached &) = delete;

  private:
    friend class Interrupt;
    Interrupt &interrupt_;
    std::mutex &mutex_;
    std::condition_variable &changed_;
  };

private:
  std::atomic<bool> set_ = false;
  std::mutex mutex_; // taken before any waiter's mutex
  std::vector<Attached *> attached_;
};

/** How much of a publication is kept for a consumer that is late or not there yet. */
constexpr std::size_t queue_bytes = 16 * 1024 * 1024;
constexpr std::chrono::seconds queue_time{10};

/** Until when a consumer waits. */
using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline no_deadline = Deadline::max ();

/** An admitted publisher. Filled by its door's thread, drained by one consumer at a time. */
class Publication
{
public:
  virtual ~Publication () = default;
  virtual const std::string &name () const = 0; ///< "live/demo"
  virtual const keys::Grant &grant () const = 0;
  virtual std::string protocol () const = 0; ///< "rtmp", "rtmps" or "srt"
  virtual Endpoint peer () const = 0;

  /** Next item, in order; blocks. nullopt when interrupted, when there is none at @p deadline, and
   * after End. The queue is bounded by queue_bytes and queue_time: a consumer that falls behind
   * loses the oldest groups of pictures, up to a key frame, never order; the first frame after a
   * loss is marked DISCONT. */
  virtual std::optional<Item> pop (Interrupt &interrupt, Deadline deadline = no_deadline) = 0;

  /** Asks the publisher for a key frame, where the protocol can. Any thread. */
  virtual void request_key_frame () {}

  /** Tells the publisher why and closes, soon. The consumer then pops End. Any thread. */
  virtual void close (std::string why) = 0;

  /** Counters: bytes, video/audio frames, dropped and broken frames, timeline repairs. By SRT also
   * "rtt-ms", "packets", "lost-packets", "retransmitted-packets", "dropped-packets" (came too
   * late), "buffer-ms" and "latency-ms", at most a second old. Transfer full. */
  virtual GstStructure *stats () const = 0;
};

struct Counters
{
  std::uint64_t connections = 0, admitted = 0, refused = 0, refused_limits = 0,
                refused_back_off = 0, protocol_errors = 0, open = 0, viewers = 0;
};

/** Bounds of a gate, all its doors together. */
struct Limits
{
  std::size_t connections = 2048;
  std::size_t connections_per_address = 256; ///< an IPv6 address counts as its /64
  /** Connections that haven't shown a key yet. One too many pushes out the oldest of them. */
  std::size_t unauthenticated = 512;
  std::size_t unauthenticated_per_address = 64;
  std::chrono::milliseconds authentication_time{10000};
  std::chrono::milliseconds silence{30000}; ///< a publisher that sends nothing for so long is gone
  /** After so many wrong keys from an address (an IPv6 address's /64) further ones are not looked
   * at for a while: back_off_first, then twice that with each wrong key that follows, and so on up
   * to back_off_most. 0: never. It is forgotten with the first right key, or wrong_keys_time after
   * the last wrong one or its back-off. */
  std::size_t wrong_keys = 5;
  std::chrono::milliseconds wrong_keys_time{60000};
  std::chrono::milliseconds back_off_first{1000};
  std::chrono::milliseconds back_off_most{60000};
  std::size_t back_off_sites = 4096; ///< that are remembered; the longest ago is forgotten first
};

/** What happened to a knock, for the log, a bus message and counters. Holds nothing of the key. */
struct Refused
{
  std::string name; ///< "live/demo"; empty when the connection was refused before it named a stream
  Endpoint peer;
  std::string reason;       ///< keys::name(), "bad-name", "busy", "offline" (for viewers), "denied"
                            ///< (by the authority), "no-answer" (from it), "limit", "back-off",
                            ///< "wrong-passphrase", "timeout" or "protocol"
  std::string text;         ///< the sentence that is meant for who was refused
  std::uint64_t untold = 0; ///< refusals before this one that nobody was told of
  keys::Role role = keys::Role::publish; ///< what was asked for
};

struct SrtSettings
{
  /** How long lost packets may take to come again; the publisher may ask for more. */
  std::chrono::milliseconds latency{120};
  /** The passphrase that a stream's publisher and viewers must have: 10 to 79 bytes, or empty for
   * none. Called on libsrt's threads, must not block. The caller chooses the key's length. */
  std::function<std::string (const std::string &name)> passphrase;
};

struct WhipSettings
{
  /** The UDP port that the media comes to, and the address told to publishers, as
   * webrtc::Port::open() takes them. */
  std::string webrtc_address = ":8189", public_address;
  /** How long lost packets may take to come again. */
  std::chrono::milliseconds latency{200};
};

/** Each door takes what concerns its protocol. */
struct DoorSettings
{
  SrtSettings srt;
  WhipSettings whip;
  /** For RTMPS; for RTMP, too: there TLS is found out by its first byte. */
  std::shared_ptr<Certificate> certificate;
};

/** Who may replace a publisher that is live. That one is told, and closed. */
enum class Takeover {
  same_key, ///< whoever shows the same key; on a public stream, whoever has the same address
  any_key,  ///< whoever shows a key that holds
  never,    ///< nobody: not even a publisher that lost its connection, until the old one is gone
};

/** Who may publish under a name. */
struct Terms
{
  /** Whoever has a verifier has terms. */
  template <class V>
  requires std::is_convertible_v<std::shared_ptr<V>, std::shared_ptr<const keys::Verifier>> Terms (
      std::shared_ptr<V> verifier, Takeover takeover = Takeover::same_key,
      std::shared_ptr<Authority> authority = nullptr)
      : verifier (std::move (verifier)), takeover (takeover), authority (std::move (authority))
  {
  }

  std::shared_ptr<const keys::Verifier> verifier;
  Takeover takeover;
  /** Is asked when the key holds. Null: the key is enough. What it lets publish as another stream
   * is let in on the takeover of that one's terms. Without an entry of its own, another stream has
   * to be of the same app. */
  std::shared_ptr<Authority> authority;
};

/** Lets publishers in through one or more doors (RTMP, SRT), all under the same names. One per
 * address in the process: use open(). Thread safe; call it without holding a lock that a callback
 * takes, because most calls wait for the gate thread. */
class Gate
{
public:
  /** @p address is "host:port", ":port" (all addresses) or ":0", for RTMP as it stands or behind
   * "rtmp://", for RTMPS behind "rtmps://", for SRT behind "srt://". Returns the gate that already
   * listens there when there is one, with the limits and settings it has; its doors and publishers
   * are closed when the last holder lets go. Error text is for people. */
  static tl::expected<std::shared_ptr<Gate>, std::string> open (
      const std::string &address, const Limits &limits = {}, const DoorSettings &settings = {});
  virtual ~Gate () = default;

  virtual std::uint16_t port () const = 0; ///< the port really bound, of the first door
  /** Of the first door, with the port really bound: open (address ()) is this gate. */
  virtual std::string address () const = 0;

  /** Opens one more door: @p address as open() takes it. Returns the address really bound; open()
   * of it is this gate. */
  virtual tl::expected<std::string, std::string> add_door (
      const std::string &address, const DoorSettings &settings = {}) = 0;

  /** Who may publish on @p name ("live/demo", or "*" for every name that has no entry of its own).
   * Until the returned token is dropped; a later entry for the same name replaces the earlier one.
   * A name without any entry is refused as wrong-stream. */
  using Token = std::shared_ptr<void>;
  virtual Token admit (const std::string &name, Terms terms) = 0;
  /** Whether @p name has an entry, its own or "*". */
  virtual bool admits (const std::string &name) const = 0;

  /** Called on the gate thread, must not block. Not called, and no longer running, once the token
   * is gone (unless it is dropped inside the call). */
  virtual Token on_published (std::function<void (std::shared_ptr<Publication>)> call) = 0;
  /** In a flood some are left out: at most 50 at once and 10 a second, and the same again for those
   * without a name. The counters have them all. */
  virtual Token on_refused (std::function<void (const Refused &)> call) = 0;

  /** The publication of @p name; waits for one. nullptr when interrupted, and when there is none at
   * @p deadline. It belongs to the caller until that lets go of the returned pointer; a live one
   * can then be claimed again, and starts with its caps and a key frame. One that ended unclaimed
   * is kept for queue_time, or until the next one comes under its name. */
  virtual std::shared_ptr<Publication> wait_for (
      const std::string &name, Interrupt &interrupt, Deadline deadline = no_deadline) = 0;

  /** Ends what runs on a credential or key id that no longer holds (revocation). */
  virtual void close_where (
      const std::function<bool (const Publication &)> &match, const std::string &why) = 0;

  /** Serves @p name to callers of the SRT doors that ask for it, until the outlet is dropped; in
   * the place of the outlet that had the name. @p verifier says who may play; null: what admit()
   * has for the name. Until something is pushed, callers whose key holds are refused as offline. */
  virtual std::shared_ptr<Outlet> serve (
      const std::string &name, std::shared_ptr<const keys::Verifier> verifier) = 0;
  /** close_where() for viewers. */
  virtual void close_viewers_where (
      const std::function<bool (const Viewer &)> &match, const std::string &why) = 0;

  virtual Counters counters () const = 0;
};

} // namespace stagedoor::gate
