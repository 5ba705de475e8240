// SPDX-License-Identifier: LGPL-2.1-or-later
// Fifty publishers at once on one SRT port, among others who have no business there.
#include <thread>

#include <srt/access_control.h>

#include "tests/check/gate/fixture.hpp"
#include "tests/check/gate/srt_caller.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Item;

namespace {

constexpr int crowd = 50;
const std::string secret_name = "live/secret", passphrase = "a passphrase of length";

std::string
name_of (int number)
{
  return "live/cam" + std::to_string (number);
}

/** Sends again and again until told to stop, with its own picture in mind. */
class Encoder
{
public:
  Encoder (std::uint16_t port, int number, const Bytes &stream)
      : thread_ ([=, this, &stream] (const std::stop_token &stop) {
          SrtCaller caller (
              port, {"publish:" + name_of (number) + "?key=" + key_for ("live/cam*")});
          reason_ = caller.reject_reason ();
          while (!stop.stop_requested () && reason_ == 0 && caller.send (stream))
            g_usleep (200'000); // the pace of the stream
        })
  {
  }
  int reason () const { return reason_; }

private:
  std::atomic<int> reason_ = -1;
  std::jthread thread_;
};

/** Frames of both tracks. */
bool
has_both (gate::Publication &publication)
{
  bool video = false, audio = false;
  return pop_until (publication, [&] (const Item &item) {
    if (const auto *frame = std::get_if<gate::Frame> (&item))
      (frame->track == gate::Track::video ? video : audio) = true;
    return video && audio;
  }).has_value ();
}

void
assert_others_are_refused (std::uint16_t port)
{
  const auto secret = "publish:" + secret_name + "?key=" + key_for (secret_name.c_str ());
  for (const auto &[call, reason] : {std::pair<SrtCall, int> ({secret}, SRT_REJ_UNSECURE),
           {{secret, "another passphrase"}, SRT_REJ_BADSECRET}, {{""}, SRT_REJX_BAD_REQUEST},
           {{std::string (512, 'a')}, SRT_REJX_BAD_REQUEST},
           {{"publish:live/cam1?key=wrong"}, SRT_REJX_UNAUTHORIZED},
           {{"publish:nowhere"}, SRT_REJX_BAD_REQUEST}}) {
    const SrtCaller caller (port, call);
    ck_assert_msg (caller.reject_reason () == reason, "%s: %d", call.streamid.c_str (),
        caller.reject_reason ());
  }
}

START_TEST (fifty_publishers)
{
  TestGate gate;
  const auto cams = gate->admit ("*", keyring ());
  const auto port = open_srt_door (*gate.pointer (), {.passphrase = [] (const std::string &name) {
    return name == secret_name ? passphrase : std::string ();
  }});
  const auto stream = transport_stream ("h264-aac.mpegts");
  std::vector<std::unique_ptr<Encoder>> encoders;
  for (int i = 0; i < crowd; ++i)
    encoders.push_back (std::make_unique<Encoder> (port, i, stream));
  assert_others_are_refused (port);
  std::vector<std::shared_ptr<gate::Publication>> live;
  for (int i = 0; i < crowd; ++i) {
    live.push_back (gate.claim (name_of (i)));
    assert_text (live.back ()->protocol (), "srt");
    ck_assert_msg (has_both (*live.back ()), "%s", name_of (i).c_str ());
    ck_assert_int_eq (encoders[static_cast<std::size_t> (i)]->reason (), 0);
  }
  const auto counters = gate->counters ();
  ck_assert_uint_eq (counters.open, crowd);
  ck_assert_uint_eq (counters.admitted, crowd);
  assert_others_are_refused (port);
  ck_assert (eventually ([&] { return gate->counters ().refused == 12; }));
  for (const auto &publication : live) // all of them still
    ck_assert_msg (has_both (*publication), "%s", publication->name ().c_str ());
  encoders.clear ();
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
  ck_assert_uint_eq (gate->counters ().protocol_errors, 0);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("srt crowd", {fifty_publishers});
}
