// SPDX-License-Identifier: LGPL-2.1-or-later
// How many requests may wait for what isn't there yet.
#include "gst-plugins/hls/endpoint.hpp"

#include "tests/check/hls/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most = 3;
const std::string pad = "audio_0", next = "/live/demo/hls/audio_0.m3u8?_HLS_msn=0&_HLS_part=1";

/** An endpoint whose only playlist has one part. */
struct House
{
  House ()
  {
    presentation->cut (pad, {.dts = 0s, .pts = 0s, .duration = 20ms});
    const hls::Track track{
        .codec = hls::Codec::opus, .timescale = 48'000, .channels = 2, .rate = 48'000};
    presentation->begin_segment (pad, track, 0s, {});
    add_part ();
  }
  ~House () { endpoint->close (); }

  void add_part ()
  {
    presentation->add_part (
        pad, hlssink::to_piece (Bytes (100)), {.duration = 200ms, .independent = true}, false);
    endpoint->notify ();
  }
  std::uint64_t waiting () const { return endpoint->served ().waiting; }

  const std::shared_ptr<http::Server> server = *http::Server::open ("127.0.0.1:0");
  const std::shared_ptr<hlssink::Presentation> presentation =
      std::make_shared<hlssink::Presentation> ([] { return std::nullopt; });
  const std::shared_ptr<hlssink::Endpoint> endpoint =
      hlssink::Endpoint::open (server, {.path = "/live/demo",
                                           .presentation = presentation,
                                           .access = *hlssink::Access::open (nullptr, "/live/demo"),
                                           .most_waiting = most});
};

START_TEST (one_too_many_is_refused)
{
  House house;
  const auto ask = [&] (const std::string &place) {
    return Client (house.server->port ()).ask (get (place));
  };
  std::vector<Client> clients;
  const auto come = [&] {
    clients.emplace_back (house.server->port ());
    clients.back ().send (get (next));
    wait_for ([&] { return house.waiting () == clients.size (); });
  };
  while (clients.size () < most)
    come ();
  // Whatever it is that they would wait for; what is there they get.
  const auto text = ask ("/live/demo/hls/audio_0.m3u8");
  ck_assert_int_eq (text.status, 200);
  const auto hints = lines_with (text.body, "#EXT-X-PRELOAD-HINT:TYPE=PART");
  ck_assert_uint_eq (hints.size (), 1);
  for (const auto &place : {next, "/live/demo/hls/" + uri_in (hints[0])}) {
    const auto refused = ask (place);
    ck_assert_msg (refused.status == 503, "%s: %d", place.c_str (), refused.status);
    ck_assert (refused.has ("Retry-After: 1\r\n"));
  }
  ck_assert_uint_eq (house.endpoint->served ().overload, 2);
  ck_assert_uint_eq (house.waiting (), most);
  // Who leaves makes room.
  clients.pop_back ();
  wait_for ([&] { return house.waiting () == clients.size (); });
  come ();
  house.add_part ();
  for (auto &client : clients)
    ck_assert_int_eq (client.receive ().status, 200);
  ck_assert_uint_eq (house.waiting (), 0);
  ck_assert_uint_eq (house.endpoint->served ().overload, 2);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("hls-waiting", {one_too_many_is_refused});
}
