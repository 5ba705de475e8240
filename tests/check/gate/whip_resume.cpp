// SPDX-License-Identifier: LGPL-2.1-or-later
// Publishers by WHIP that go away, fall silent and come back: the rules are those of other doors.
#include <algorithm>

#include "tests/check/gate/whip_studio.hpp"

#include "tests/check/common/publication.hpp" // after it: check.h defines "fail"
#include "tests/check/gate/house.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *patient = "reconnect-grace=60000";
constexpr std::uint64_t first_index = 65500; // what video_packets() and audio_packets() begin with

/** Sends what it was made with, bit by bit. */
class Whip
{
public:
  explicit Whip (House &house) : token_ (house.stream.substr (house.stream.find ('=') + 1))
  {
    const auto address =
        house.gate->add_door ("whip://127.0.0.1:0", {.whip = {.webrtc_address = "127.0.0.1:0"}});
    ck_assert_msg (address.has_value (), "%s", address ? "" : address.error ().c_str ());
    http_ = port_of (*address);
    const auto made = ask ("POST", "/live/demo/whip", "Content-Type: application/sdp\r\n",
        as_publisher (peer_.offer ()));
    ck_assert_msg (made.status == 201, "%d %s", made.status, made.body.c_str ());
    const auto at = made.head.find ("\r\nLocation: ") + 12;
    session_ = made.head.substr (at, made.head.find ("\r\n", at) - at);
    peer_.answer (made.body);
    ck_assert (peer_.connect ());
  }

  /** Pictures @p from to @p to; the first and every fifteenth are key frames. */
  void show (int from, int to)
  {
    int picture = 0;
    for (std::size_t i = 0; i < video_.size () && picture < to; ++i) {
      if (picture >= from)
        send (video_[i], first_index + i);
      picture += (video_[i][1] & 0x80) != 0;
    }
    for (auto i = static_cast<std::size_t> (from); i < static_cast<std::size_t> (to); ++i)
      send (audio_[i], first_index + i);
  }
  int leave () { return ask ("DELETE", session_).status; }
  bool was_told (const char *why)
  {
    peer_.pump_until ([&] {
      return std::ranges::any_of (peer_.rtcp, [&] (const Bytes &compound) {
        return std::string (compound.begin (), compound.end ()).find (why) != std::string::npos;
      });
    });
    return true;
  }

private:
  Response ask (const std::string &method, const std::string &path, const std::string &headers = "",
      const std::string &body = "")
  {
    Client client (http_);
    client.send (method + " " + path + " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " + token_
                 + "\r\nContent-Length: " + std::to_string (body.size ()) + "\r\n" + headers
                 + "\r\n" + body);
    return client.receive ();
  }
  void send (const Bytes &packet, std::uint64_t index)
  {
    Bytes out (packet.size () + webrtc::srtp_overhead);
    out.resize (peer_.srtp ().protect_rtp (
        index, ByteView (packet).first (12), ByteView (packet).subspan (12), out.data ()));
    peer_.send (out);
  }

  const std::string token_;
  const std::vector<Bytes> video_ =
      video_packets ("x264enc tune=zerolatency key-int-max=15 ! rtph264pay config-interval=-1", 60);
  const std::vector<Bytes> audio_ = audio_packets (60);
  std::uint16_t http_ = 0;
  std::string session_;
  Viewer peer_;
};

std::string
protocol_of (const Ref<GstMessage> &message)
{
  ck_assert (message);
  return gst_structure_get_string (gst_message_get_structure (message.get ()), "protocol");
}

START_TEST (by_whip_and_back_by_rtmp)
{
  House house (patient);
  appear (house)->close ();
  ck_assert (house.message ("stagedoor-interrupted"));
  Whip whip (house);
  whip.show (0, 15);
  assert_text (protocol_of (house.message ("stagedoor-resumed")), "whip");
  ck_assert (house.gets ("video", 5 + 15) && house.gets ("audio", 5 + 15));
  ck_assert_int_eq (whip.leave (), 200);
  ck_assert (house.message ("stagedoor-interrupted"));
  appear (house);
  assert_text (protocol_of (house.message ("stagedoor-resumed")), "rtmp");
  house.trace.assert_whole (2);
}
END_TEST

START_TEST (taken_over_while_it_sends)
{
  House house (patient);
  Whip whip (house);
  whip.show (0, 15);
  ck_assert (house.gets ("video", 15) && house.gets ("audio", 15));
  appear (house);
  ck_assert (whip.was_told ("the same key publishes from another connection now"));
  ck_assert (house.message ("stagedoor-resumed"));
  house.trace.assert_whole (1);
  ck_assert_int_eq (whip.leave (), 404);
}
END_TEST

START_TEST (silence_is_an_interruption_and_ends_by_itself)
{
  House house (patient);
  Whip whip (house);
  whip.show (0, 15);
  ck_assert (house.gets ("video", 15));
  assert_text (why_of (house.message ("stagedoor-interrupted")), "the publisher sends nothing");
  whip.show (15, 30);
  assert_text (protocol_of (house.message ("stagedoor-resumed")), "whip");
  ck_assert (house.gets ("video", 30) && house.gets ("audio", 30));
  house.trace.assert_whole (1);
}
END_TEST

START_TEST (what_was_lost_in_the_silence_costs_pictures_up_to_a_key_frame)
{
  House house (patient);
  Whip whip (house);
  whip.show (0, 15);
  ck_assert (house.gets ("video", 15));
  ck_assert (house.message ("stagedoor-interrupted"));
  whip.show (20, 45); // 15 was the key frame
  ck_assert (house.gets ("video", 15 + 15));
  ck_assert_uint_eq (house.trace.count ("video"), 15 + 15);
  house.trace.assert_whole (1);
}
END_TEST

START_TEST (silent_for_longer_than_the_grace)
{
  House house ("reconnect-grace=300");
  Whip whip (house);
  whip.show (0, 15);
  ck_assert (house.message ("stagedoor-interrupted"));
  ck_assert (whip.was_told ("the publisher sent nothing for too long"));
  assert_text (
      why_of (house.message ("stagedoor-unpublished")), "the publisher sent nothing for too long");
  ck_assert (house.pipeline.wait_for (GST_MESSAGE_EOS));
  ck_assert_int_eq (whip.leave (), 404);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("whip-resume", {by_whip_and_back_by_rtmp, taken_over_while_it_sends,
                                 silence_is_an_interruption_and_ends_by_itself,
                                 what_was_lost_in_the_silence_costs_pictures_up_to_a_key_frame,
                                 silent_for_longer_than_the_grace});
}
