// SPDX-License-Identifier: LGPL-2.1-or-later
// Offers that meet a change of what the stream consists of, or too many others.
#include "gst-plugins/common/webrtc/port.hpp"

#include <gst/gst.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "gst-plugins/common/webrtc/admission.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

constexpr const char *video_offer =
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\n"
    "a=rtcp-mux\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
    "a=fingerprint:sha-256 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:"
    "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n"
    "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 VP9/90000\r\n";

Source
source_of (Codec codec)
{
  Source out{};
  out.video = true;
  out.codec = codec;
  return out;
}

/** A viewer who was told of a former codec is ended, however close the change came: what it would
 * be sent isn't what its answer says. */
START_TEST (nobody_stays_with_a_former_codec)
{
  const auto port = *Port::open ("127.0.0.1:0");
  const auto feed = port->new_feed (1, nullptr);
  std::vector<std::string> former;
  for (int round = 0; round < 300; ++round) {
    feed->set_source (0, source_of (Codec::vp9));
    std::atomic<bool> begun = false;
    std::thread viewer ([&] {
      begun = true;
      const auto joined = feed->join (video_offer, {});
      if (joined && joined->answer.find ("VP9") != std::string::npos)
        former.push_back (joined->id);
    });
    while (!begun) {
    }
    // The change comes everywhere in a join.
    const auto then = std::chrono::steady_clock::now () + std::chrono::microseconds (round);
    while (std::chrono::steady_clock::now () < then) {
    }
    feed->set_source (0, source_of (Codec::vp8));
    viewer.join ();
    // Well before a viewer who never connects would be gone anyway.
    const auto deadline = std::chrono::steady_clock::now () + std::chrono::seconds (2);
    while (!former.empty () && feed->has (former.back ())) {
      ck_assert (std::chrono::steady_clock::now () < deadline);
      std::this_thread::yield ();
    }
  }
}
END_TEST

/** Who has an answer and doesn't come makes room; the room is that of all feeds. */
START_TEST (newcomer_ends_the_oldest_that_is_pending)
{
  const auto port = *Port::open ("127.0.0.1:0");
  const auto feed = port->new_feed (1, nullptr), other = port->new_feed (1, nullptr);
  feed->set_source (0, source_of (Codec::vp9));
  other->set_source (0, source_of (Codec::vp9));
  const auto oldest = feed->join (video_offer, "127.0.0.1");
  const auto second = feed->join (video_offer, "127.0.0.1");
  ck_assert (oldest && second);
  for (std::size_t i = 2; i < Admission::max_pending; ++i)
    ck_assert (other->join (video_offer, "127.0.0.1"));
  ck_assert (feed->has (oldest->id));
  ck_assert (other->join (video_offer, "192.0.2.1"));
  // A later end would be that of both, for want of a connection.
  while (feed->has (oldest->id))
    std::this_thread::yield ();
  ck_assert (feed->has (second->id));
  ck_assert_uint_eq (other->stats ().pending, Admission::max_pending - 1);
}
END_TEST

START_TEST (too_many_of_an_address_are_refused)
{
  const auto port = *Port::open ("127.0.0.1:0");
  const auto feed = port->new_feed (1, nullptr);
  feed->set_source (0, source_of (Codec::vp9));
  for (std::size_t i = 0; i < Admission::max_pending_per_address; ++i)
    ck_assert (feed->join (video_offer, "192.0.2.1"));
  const auto refused = feed->join (video_offer, "192.0.2.1");
  ck_assert (!refused);
  ck_assert_int_eq (refused.error ().status, 503);
  ck_assert (refused.error ().text.find ("from your address") != std::string::npos);
  ck_assert (feed->join (video_offer, "192.0.2.2"));
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "webrtc-port", {nobody_stays_with_a_former_codec, newcomer_ends_the_oldest_that_is_pending,
                         too_many_of_an_address_are_refused});
}
