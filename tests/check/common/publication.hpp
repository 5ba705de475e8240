// SPDX-License-Identifier: LGPL-2.1-or-later
// An owner of an ingest, and the publisher that a test holds in its hands.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "gst-plugins/common/webrtc/port.hpp"
#include "tests/check/whep/viewer.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

inline const std::vector<webrtc::Codec> taken = {webrtc::Codec::vp8, webrtc::Codec::opus};
inline constexpr std::uint8_t vp8_type = 96, opus_type = 111;

/** The same m-lines, but of one who sends. */
std::string as_publisher (std::string offer);

/** A receiver report without blocks. */
Bytes compound (std::uint32_t ssrc = 7);

class Publication
{
public:
  explicit Publication (
      const std::shared_ptr<webrtc::Port> &on = *webrtc::Port::open ("127.0.0.1:0"),
      const std::string &fingerprint = {});

  void connect ();
  /** A packet of the publisher's, in the clear. */
  static Bytes packet (std::uint64_t index, std::uint8_t type = vp8_type, std::uint32_t ssrc = 1);
  /** The same under way. */
  Bytes wire (std::uint64_t index, std::uint8_t type = vp8_type, std::uint32_t ssrc = 1);
  void send (std::uint64_t index, std::uint8_t type = vp8_type, std::uint32_t ssrc = 1)
  {
    peer.send (wire (index, type, ssrc));
  }
  /** Sends one more packet, and waits for it: whatever was sent before has been read then. */
  void still_sends ();

  /** "connected", or why it ended. */
  void wait_for (const std::string &event);
  void wait_for_packet (const Bytes &expected);
  std::vector<std::string> events ();
  /** Those that came, without those of still_sends (). */
  std::vector<Bytes> packets ();
  std::vector<Bytes> compounds ();

  const std::shared_ptr<webrtc::Port> port;
  Viewer peer;

private:
  webrtc::IngestCalls calls ();
  void note (std::string event);
  /** Nothing comes before "connected" or after the end. */
  void take (ByteView packet, std::vector<Bytes> &to);

  std::uint64_t next_ = 0;
  std::mutex mutex_;
  std::vector<std::string> events_; // protected by mutex_
  std::vector<Bytes> rtp_, rtcp_;   // protected by mutex_

public:
  std::shared_ptr<webrtc::Ingest> ingest; // last: its end is that of the calls
};

} // namespace stagedoor::test
