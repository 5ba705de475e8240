// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/stun.hpp"

#include <algorithm>
#include <set>

#include "tests/unit/allocations.hpp"
#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/stun_message.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using test::allocations;
using test::StunAnswer;
using test::StunMessage;

namespace {

const std::string password = "ourPasswordourPassword";
const Endpoint from{IpAddress::from_v4 (0xc0000201), 32853};

IceLite
ice ()
{
  return IceLite ({"ours", password}, "theirs");
}

/** What a browser sends before signing. */
StunMessage
check ()
{
  StunMessage message;
  message.username ("ours:theirs")
      .add (0xc057, "\x01\x02\x03\x04")
      .add (0x802a, "12345678")
      .add (0x0024, "\x6e\x7f\x1e\xff");
  return message;
}

Bytes
signed_check ()
{
  return check ().sign (password).fingerprint ().bytes ();
}

/** Dropped without an answer and without an allocation. */
void
assert_dropped (const Bytes &packet, const IceLite &agent = ice ())
{
  const auto before = allocations;
  const auto result = agent.on_packet (packet, from);
  const auto after = allocations;
  ck_assert (!result.valid && !result.nominated && result.response.empty ());
  ck_assert_uint_eq (after, before);
}

// RFC 5769 section 2.1: with SOFTWARE, PRIORITY, ICE-CONTROLLED and USERNAME padded with spaces.
const std::uint8_t rfc_5769_request[] = {0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7,
    0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54,
    0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24,
    0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26,
    0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20,
    0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e,
    0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a,
    0x3b, 0xcf};
const std::string rfc_5769_password = "VOkJxbRl1RmTxUk/WvJxBt";

/** A check of ours is one to the other side, and only its answer counts. */
START_TEST (own_checks)
{
  const std::string other_password = "other-other-other-other";
  const IceLite here ({"ours", password}, "theirs", other_password);
  const IceLite there ({"theirs", other_password}, "ours");
  const IceLite::Transaction transaction{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const auto request = here.own_check (transaction);
  ck_assert (local_ufrag_of (request) == "theirs");
  const auto check = there.on_packet (request, from);
  ck_assert (check.valid && !check.nominated);
  ck_assert (!here.is_answer (check.response, transaction)); // 487: it doesn't lead either
  ck_assert (!here.is_answer (request, transaction));

  // The answer of an agent that leads, of which 0x802a is the mark.
  StunMessage leading;
  leading.username ("theirs:ours").add (0x802a, "12345678");
  const auto asked = leading.sign (other_password).fingerprint ().bytes ();
  const auto answer = there.on_packet (asked, from).response;
  IceLite::Transaction theirs;
  std::copy_n (asked.begin () + 8, theirs.size (), theirs.begin ());
  ck_assert (here.is_answer (answer, theirs));
  ck_assert (!here.is_answer (answer, transaction));
  ck_assert (!IceLite ({"ours", password}, "theirs", "wrong").is_answer (answer, theirs));
  for (std::size_t i = 0; i < answer.size (); ++i) {
    auto broken = answer;
    broken[i] ^= 0x10;
    ck_assert (!here.is_answer (broken, theirs));
    ck_assert (!here.is_answer (ByteView (answer).first (i), theirs));
  }
}
END_TEST

} // namespace

START_TEST (demultiplexing)
{
  const auto kind = [] (std::uint8_t first, std::uint8_t second) {
    const std::uint8_t packet[] = {first, second};
    return classify (packet);
  };
  ck_assert (kind (0, 1) == PacketKind::stun);
  ck_assert (kind (3, 0) == PacketKind::stun);
  ck_assert (kind (4, 0) == PacketKind::unknown);
  ck_assert (kind (19, 0) == PacketKind::unknown);
  ck_assert (kind (20, 0) == PacketKind::dtls);
  ck_assert (kind (63, 0) == PacketKind::dtls);
  ck_assert (kind (64, 0) == PacketKind::unknown);
  ck_assert (kind (127, 0) == PacketKind::unknown);
  ck_assert (kind (128, 96) == PacketKind::rtp);
  ck_assert (kind (0x90, 0xe0) == PacketKind::rtp);
  ck_assert (kind (0x80, 191) == PacketKind::rtp);
  ck_assert (kind (0x80, 192) == PacketKind::rtcp);
  ck_assert (kind (0xbf, 223) == PacketKind::rtcp);
  ck_assert (kind (192, 200) == PacketKind::unknown);
  ck_assert (classify ({}) == PacketKind::unknown);
  const std::uint8_t lone[] = {0x80};
  ck_assert (classify (lone) == PacketKind::unknown);
}
END_TEST

START_TEST (rfc_5769_sample_request)
{
  const IceLite agent ({"evtj", rfc_5769_password}, "h6vY");
  const auto result = agent.on_packet (rfc_5769_request, from);
  ck_assert (result.valid);
  ck_assert (!result.nominated);
  // It comes from a controlled agent, which we have to turn down.
  const StunAnswer answer (result.response, rfc_5769_password);
  ck_assert (answer.sound);
  ck_assert_uint_eq (answer.type, 0x0111);
  ck_assert (*local_ufrag_of (rfc_5769_request) == "evtj");
  ck_assert (!IceLite ({"evtj", "VOkJxbRl1RmTxUk/WvJxBT"}, "h6vY")
                  .on_packet (rfc_5769_request, from)
                  .valid);
}
END_TEST

START_TEST (rfc_5769_mapped_addresses)
{
  StunMessage request;
  std::copy_n (rfc_5769_request + 8, 12, request.bytes ().begin () + 8);
  const auto packet = request.username ("ours:theirs").sign (password).fingerprint ().bytes ();
  const auto mapped = [&] (const Endpoint &endpoint) {
    const StunAnswer answer (ice ().on_packet (packet, endpoint).response, password);
    ck_assert (answer.sound);
    ck_assert_uint_eq (answer.type, 0x0101);
    return answer.attributes.at (0x0020);
  };
  const Bytes v4 = {0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43};
  ck_assert (mapped (from) == v4);
  const Bytes v6 = {0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc,
      0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9};
  ck_assert (mapped ({*IpAddress::parse ("2001:db8:1234:5678:11:2233:4455:6677"), 32853}) == v6);
}
END_TEST

START_TEST (answers_checks)
{
  const auto packet = signed_check ();
  ck_assert (*local_ufrag_of (packet) == "ours");
  const auto result = ice ().on_packet (packet, from);
  ck_assert (result.valid && !result.nominated);
  const StunAnswer answer (result.response, password);
  ck_assert (answer.sound);
  ck_assert_uint_eq (answer.type, 0x0101);
  ck_assert (std::ranges::equal (answer.transaction, ByteView (packet).subspan (8, 12)));
  ck_assert (answer.attributes.contains (0x0020));

  const auto nominating = check ().add (0x0025).sign (password).fingerprint ().bytes ();
  ck_assert (ice ().on_packet (nominating, from).nominated);
  ck_assert (IceLite ({"ours", password}, "").on_packet (packet, from).valid);
}
END_TEST

START_TEST (other_users_are_dropped)
{
  for (const char *name : {"ours:other", "other:theirs", "ours", ":theirs", "ours:", "", ":",
           "ours:theirs:", "our:theirs", "ours:theirsX"})
    assert_dropped (StunMessage ().username (name).sign (password).fingerprint ().bytes ());
  assert_dropped (StunMessage ().sign (password).fingerprint ().bytes ());
  // The first USERNAME counts, whatever follows.
  assert_dropped (StunMessage ()
                      .username ("other:theirs")
                      .username ("ours:theirs")
                      .sign (password)
                      .fingerprint ()
                      .bytes ());
}
END_TEST

START_TEST (forgeries_are_dropped)
{
  assert_dropped (check ().sign ("wrong").fingerprint ().bytes ());
  assert_dropped (check ().sign ("").fingerprint ().bytes ());
  assert_dropped (check ().sign (password).bytes ());
  assert_dropped (check ().fingerprint ().bytes ());
  assert_dropped (check ().bytes ());
  assert_dropped (check ().fingerprint ().sign (password).bytes ());
  for (std::size_t size : {0, 4, 16, 19, 21, 24, 32})
    assert_dropped (check ().add (0x0008, Bytes (size)).fingerprint ().bytes ());
  const auto good = signed_check ();
  for (std::size_t bit = 0; bit < 8 * good.size (); ++bit) {
    auto flipped = good;
    flipped[bit / 8] ^= static_cast<std::uint8_t> (1 << bit % 8);
    assert_dropped (flipped);
    // With a FINGERPRINT that fits it's still MESSAGE-INTEGRITY that decides.
    if (bit / 8 >= good.size () - 8)
      continue;
    flipped.resize (flipped.size () - 8);
    const auto crc = test::crc32 (flipped) ^ 0x5354554e;
    Writer writer (flipped);
    writer.u32 (0x80280004);
    writer.u32 (crc);
    assert_dropped (flipped);
  }
}
END_TEST

START_TEST (what_is_not_signed_does_not_count)
{
  const auto packet =
      check ().sign (password).add (0x0025).add (0x0001, "abcd").fingerprint ().bytes ();
  const auto result = ice ().on_packet (packet, from);
  ck_assert (result.valid && !result.nominated);
  ck_assert_uint_eq (StunAnswer (result.response, password).type, 0x0101);
}
END_TEST

START_TEST (cut_and_grown_packets_are_dropped)
{
  const auto good = signed_check ();
  for (std::size_t size = 0; size < good.size (); ++size) {
    Bytes cut (good.begin (), good.begin () + static_cast<std::ptrdiff_t> (size));
    assert_dropped (cut);
    if (size >= 20) {
      put_u16 (&cut[2], static_cast<std::uint16_t> (size - 20));
      assert_dropped (cut);
    }
  }
  auto grown = good;
  grown.push_back (0);
  assert_dropped (grown);
  grown.resize (good.size () + 4);
  assert_dropped (grown);
  auto message = check ();
  message.add (0x8022, std::string (1500, 'x'));
  assert_dropped (message.sign (password).fingerprint ().bytes ());
  ck_assert (!local_ufrag_of (message.bytes ()));
  assert_dropped (Bytes (65507, 0));
}
END_TEST

START_TEST (only_binding_requests)
{
  for (const std::uint16_t type : {0x0000, 0x0011, 0x0101, 0x0111, 0x0002, 0x0003}) {
    StunMessage message (type);
    const auto packet = message.username ("ours:theirs").sign (password).fingerprint ().bytes ();
    assert_dropped (packet);
    ck_assert (!local_ufrag_of (packet));
  }
  StunMessage other_cookie;
  other_cookie.bytes ()[4] ^= 1;
  assert_dropped (other_cookie.username ("ours:theirs").sign (password).fingerprint ().bytes ());
}
END_TEST

START_TEST (role_conflict)
{
  const auto packet = check ().add (0x8029, "12345678").sign (password).fingerprint ().bytes ();
  const auto result = ice ().on_packet (packet, from);
  ck_assert (result.valid && !result.nominated);
  const StunAnswer answer (result.response, password);
  ck_assert (answer.sound);
  ck_assert_uint_eq (answer.type, 0x0111);
  const auto &error = answer.attributes.at (0x0009);
  ck_assert_int_eq (error[2] * 100 + error[3], 487);
}
END_TEST

START_TEST (unknown_attributes)
{
  auto message = check ();
  for (std::uint16_t type = 0x0100; type < 0x0120; ++type)
    message.add (type, "x");
  const auto result =
      ice ().on_packet (message.add (0x0025).sign (password).fingerprint ().bytes (), from);
  ck_assert (result.valid && !result.nominated);
  const StunAnswer answer (result.response, password);
  ck_assert (answer.sound);
  ck_assert_uint_eq (answer.type, 0x0111);
  const auto &error = answer.attributes.at (0x0009);
  ck_assert_int_eq (error[2] * 100 + error[3], 420);
  const auto &unknown = answer.attributes.at (0x000a);
  ck_assert_uint_ge (unknown.size (), 2);
  ck_assert_uint_le (unknown.size (), 32);
  ck_assert_uint_eq (Reader (unknown).u16 (), 0x0100);
}
END_TEST

START_TEST (ufrag_without_any_check)
{
  const auto ufrag = [] (std::string_view name) -> std::optional<std::string> {
    StunMessage message;
    const auto found = local_ufrag_of (message.username (name).bytes ());
    return found ? std::optional<std::string> (*found) : std::nullopt;
  };
  ck_assert (*ufrag ("a:b") == "a");
  ck_assert (*ufrag ("a:b:c") == "a");
  ck_assert (ufrag (":b")->empty ());
  ck_assert (!ufrag ("ab"));
  ck_assert (!ufrag (""));
  ck_assert (!local_ufrag_of (StunMessage ().bytes ()));
  ck_assert (!local_ufrag_of ({}));
  const auto packet = check ().bytes ();
  for (std::size_t size = 0; size < packet.size (); ++size)
    ck_assert (!local_ufrag_of (ByteView (packet).first (size)));
}
END_TEST

START_TEST (credentials)
{
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto made = make_ice_credentials ();
    ck_assert_uint_eq (made.ufrag.size (), 8);
    ck_assert_uint_eq (made.password.size (), 24);
    for (const char c : made.ufrag + made.password)
      ck_assert ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                 || c == '+' || c == '/');
    ck_assert (seen.insert (made.ufrag).second && seen.insert (made.password).second);
  }
}
END_TEST

int
main ()
{
  return test::run (
      "stun", {demultiplexing, rfc_5769_sample_request, rfc_5769_mapped_addresses, answers_checks,
                  other_users_are_dropped, forgeries_are_dropped, what_is_not_signed_does_not_count,
                  cut_and_grown_packets_are_dropped, only_binding_requests, role_conflict,
                  unknown_attributes, ufrag_without_any_check, own_checks, credentials});
}
