// SPDX-License-Identifier: LGPL-2.1-or-later
// The two ways of sending are one to the receiver; what can't be sent is dropped and told.
#include "gst-plugins/common/webrtc/sender.hpp"

#include <poll.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gst-plugins/common/webrtc/candidates.hpp"
#include "gst-plugins/common/webrtc/outgoing_track.hpp"
#include "gst-plugins/common/webrtc/udp_socket.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

const IpAddress loopback = *IpAddress::parse ("127.0.0.1");
/** Without SO_BROADCAST the kernel refuses it. */
const Destination unsendable (Path{{*IpAddress::parse ("255.255.255.255"), 9}, loopback});

struct Net
{
  Net () : out (*open_udp_socket ({loopback, 0})), in (*open_udp_socket ({loopback, 0})) {}

  Endpoint to_endpoint () const { return {loopback, bound_port (in)}; }
  Destination to () const { return Destination (Path{to_endpoint (), loopback}); }
  std::vector<Bytes> arrived (std::size_t count)
  {
    std::vector<Bytes> got;
    Receiver receiver (in.get ());
    pollfd wait{in.get (), POLLIN, 0};
    while (got.size () < count && poll (&wait, 1, 5000) > 0)
      for (const auto &datagram : receiver.receive ()) {
        ck_assert (datagram.path.remote == (Endpoint{loopback, bound_port (out)}));
        ck_assert (datagram.path.local == loopback);
        got.emplace_back (datagram.bytes.begin (), datagram.bytes.end ());
      }
    return got;
  }

  Fd out, in;
};

Bytes
datagram (std::size_t size, std::size_t number)
{
  Bytes out (size, static_cast<std::uint8_t> (number));
  out[0] = static_cast<std::uint8_t> (number >> 8);
  return out;
}

void
send (Sender &sender, const Destination &to, const Bytes &bytes, std::uint32_t *unsent)
{
  std::ranges::copy (bytes, sender.reserve (bytes.size ()));
  sender.commit (to, bytes.size (), unsent);
}

/** Runs of equal sizes, each with a shorter end; single ones; growing and shrinking ones. */
std::vector<Bytes>
mixed ()
{
  std::vector<Bytes> out;
  const auto add = [&] (std::size_t size) {
    out.push_back (datagram (size, out.size ()));
  };
  for (const std::size_t run : {1u, 2u, 63u, 64u, 65u, 150u}) {
    for (std::size_t i = 0; i < run; ++i)
      add (1188);
    add (300);
  }
  for (const std::size_t size : {40u, 90u, 90u, 40u, 40u, 1200u, 1u, 1u, 2048u, 2048u})
    add (size);
  return out;
}

void
expect_all (Net &net, Sender &sender)
{
  const auto sent = mixed ();
  std::uint32_t unsent = 0;
  for (const auto &bytes : sent)
    send (sender, net.to (), bytes, &unsent);
  sender.flush ();
  ck_assert (net.arrived (sent.size ()) == sent);
  ck_assert_uint_eq (unsent, 0);
}

START_TEST (with_segmentation)
{
  Net net;
  Sender sender (net.out.get ());
  expect_all (net, sender);
  ck_assert (sender.segmentation ());
}
END_TEST

START_TEST (without_segmentation)
{
  Net net;
  Sender sender (net.out.get (), false);
  expect_all (net, sender);
}
END_TEST

START_TEST (segmentation_refused_by_the_kernel)
{
  Net net;
  const int on = 1; // what can't be checksummed can't be cut: EINVAL
  setsockopt (net.out.get (), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on);
  Sender sender (net.out.get ());
  expect_all (net, sender);
  ck_assert (!sender.segmentation ());
  expect_all (net, sender);
}
END_TEST

START_TEST (one_destination_fails_for_itself)
{
  Net net;
  Sender sender (net.out.get ());
  std::uint32_t good = 0, bad = 0;
  for (std::size_t i = 0; i < 20; ++i) {
    send (sender, net.to (), datagram (500, i), &good);
    send (sender, unsendable, datagram (500, i), &bad);
    send (sender, unsendable, datagram (500, i), &bad);
  }
  sender.flush ();
  ck_assert_uint_eq (net.arrived (20).size (), 20);
  ck_assert_uint_eq (good, 0);
  ck_assert_uint_eq (bad, 40);
}
END_TEST

/** Runs of datagrams that the kernel would refuse one by one, too: EINVAL both times, for port 0
 * and for an address of ours that we don't have. */
START_TEST (a_bad_address_costs_nobody_segmentation)
{
  Net net;
  Sender sender (net.out.get ());
  const Destination bad[]{Destination (Path{{loopback, 0}, loopback}),
      Destination (Path{net.to_endpoint (), *IpAddress::parse ("192.0.2.1")})};
  for (const auto &destination : bad) {
    std::uint32_t unsent = 0;
    for (std::size_t i = 0; i < 5; ++i)
      send (sender, destination, datagram (500, i), &unsent);
    expect_all (net, sender);
    ck_assert_uint_eq (unsent, 5);
    ck_assert (sender.segmentation ());
  }
}
END_TEST

SharedFrame
frame_at (std::uint64_t index, bool keyframe)
{
  auto frame = std::make_shared<PacketizedFrame> ();
  frame->codec = Codec::h264;
  frame->keyframe = keyframe;
  frame->first_index = index;
  frame->payloads = {{0, 100}, {100, 100}};
  frame->bytes.assign (200, static_cast<std::uint8_t> (index));
  return frame;
}

/** What a viewer who couldn't be sent to gets when that is over: from a key frame on, and no hole
 * in the sequence numbers but for what was lost. */
START_TEST (unsent_packets_skip_to_a_keyframe)
{
  Net net;
  Sender sender (net.out.get ());
  SrtpOutbound srtp (SrtpKeys{});
  const auto good = net.to ();
  const Outlet well{sender, srtp, good}, badly{sender, srtp, unsendable};
  OutgoingTrack track ({0, Codec::h264, 96, 1234, true}, 65000, 0);
  const auto offer = [&] (std::uint64_t index, bool keyframe, const Outlet &out) {
    track.offer (frame_at (index, keyframe), out);
    sender.flush ();
  };
  offer (10, false, well); // nothing before a key frame
  offer (12, true, well);
  offer (14, false, badly);
  offer (16, false, well);
  offer (18, false, well);
  offer (20, true, well);
  const auto got = net.arrived (4);
  ck_assert_uint_eq (got.size (), 4);
  const auto sequence = [&] (std::size_t i) {
    return Reader (ByteView (got[i]).subspan (2)).u16 ();
  };
  ck_assert_uint_eq (sequence (0), 65000);
  ck_assert_uint_eq (sequence (1), 65001);
  ck_assert_uint_eq (sequence (2), 65004); // 65002 and 65003 were lost
  ck_assert_uint_eq (sequence (3), 65005);
  ck_assert_uint_eq (track.take_sent ().unsent, 2);

  // Packets of before the gap aren't of use any more; those after it are.
  History history;
  for (const std::uint64_t index : {12, 14, 16, 18, 20})
    history.add (frame_at (index, index == 12 || index == 20));
  const Nack nack{1234, {65000, 65002, 65004, 65005, 65006, 0}};
  ck_assert_uint_eq (track.retransmit (nack, history, well, 1'000'000), 2);
  sender.flush ();
  const auto again = net.arrived (2);
  ck_assert (again[0] == got[2] && again[1] == got[3]);
}
END_TEST

START_TEST (catching_up_is_paced_and_ends)
{
  Net net;
  Sender sender (net.out.get ());
  SrtpOutbound srtp (SrtpKeys{});
  const auto good = net.to ();
  const Outlet out{sender, srtp, good};
  OutgoingTrack track ({0, Codec::h264, 96, 1234, true}, 65500, 0); // rolls over on the way
  std::vector<SharedFrame> group;
  for (std::uint64_t i = 0; i < 100; ++i)
    group.push_back (frame_at (2 * i, i == 0));
  track.start (group, 0);
  int rounds = 0;
  std::uint64_t next = 200;
  for (bool more = true; more; ++rounds) {
    more = track.catch_up (out);
    if (more && rounds % 2) {
      track.offer (frame_at (next, false), out);
      next += 2;
    }
    sender.flush ();
  }
  const auto got = net.arrived (next);
  ck_assert_uint_eq (got.size (), next);
  ck_assert_int_gt (rounds, 5);
  ck_assert_int_lt (rounds, 20);
  for (std::size_t i = 0; i < got.size (); ++i)
    ck_assert_uint_eq (
        Reader (ByteView (got[i]).subspan (2)).u16 (), static_cast<std::uint16_t> (65500 + i));
}
END_TEST

/** Who is still behind when the next group of pictures begins goes on with that. */
START_TEST (catching_up_skips_to_a_keyframe)
{
  Net net;
  Sender sender (net.out.get ());
  SrtpOutbound srtp (SrtpKeys{});
  const auto good = net.to ();
  const Outlet out{sender, srtp, good};
  OutgoingTrack track ({0, Codec::h264, 96, 1234, true}, 0, 0);
  std::vector<SharedFrame> group;
  for (std::uint64_t i = 0; i < 100; ++i)
    group.push_back (frame_at (2 * i, i == 0));
  track.start (group, 0);
  ck_assert (track.catch_up (out));
  sender.flush ();
  const auto before = track.take_sent ().packets;
  ck_assert_uint_lt (before, 200);
  net.arrived (before);
  track.offer (frame_at (200, true), out);
  track.offer (frame_at (202, false), out);
  sender.flush ();
  ck_assert (!track.catch_up (out));
  track.offer (frame_at (204, false), out);
  sender.flush ();
  const auto got = net.arrived (6);
  ck_assert_uint_eq (got.size (), 6);
  for (std::size_t i = 0; i < got.size (); ++i)
    ck_assert_uint_eq (Reader (ByteView (got[i]).subspan (2)).u16 (), before + i);
}
END_TEST

START_TEST (candidates)
{
  const auto here = host_candidates ({loopback, 5000}, std::nullopt);
  ck_assert (here == (std::vector<Endpoint>{{loopback, 5000}}));
  const auto outside = *IpAddress::parse ("203.0.113.7");
  const auto all = host_candidates ({{}, 5000}, outside);
  ck_assert (all.front () == (Endpoint{outside, 5000}));
  ck_assert (std::ranges::find (all, loopback, &Endpoint::ip) != all.end ());
  for (const auto &candidate : all) {
    ck_assert_uint_eq (candidate.port, 5000);
    ck_assert (!candidate.ip.to_string ().starts_with ("fe80"));
  }
}
END_TEST

} // namespace

int
main ()
{
  return run ("webrtc-sender",
      {with_segmentation, without_segmentation, segmentation_refused_by_the_kernel,
          one_destination_fails_for_itself, a_bad_address_costs_nobody_segmentation,
          unsent_packets_skip_to_a_keyframe, catching_up_is_paced_and_ends,
          catching_up_skips_to_a_keyframe, candidates});
}
