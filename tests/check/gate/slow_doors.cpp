// SPDX-License-Identifier: LGPL-2.1-or-later
// Slow and half-open strangers at the doors that take TLS and HTTP: the honest publisher still gets
// in.
#include <algorithm>

#include "gst-plugins/common/http_server.hpp"
#include "tests/check/gate/certificate_files.hpp"
#include "tests/check/slow_crowd.hpp"
#include "tests/unit/tls/client.hpp"

#include "tests/check/gate/whip_client.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Limits;

namespace {

Limits
hurried ()
{
  Limits out;
  out.authentication_time = std::chrono::milliseconds (2000);
  return out;
}

struct TlsHouse
{
  CertificateFiles files;
  std::shared_ptr<Certificate> certificate = files.open ();
  TestGate gate{hurried (), {.certificate = certificate}};
  std::uint16_t port =
      port_of (*gate->add_door ("rtmps://127.0.0.1:0", {.certificate = certificate}));
};

/** As an encoder does, it tries again when it was turned away; how often it took. */
int
attempts_by_tls (TestGate &gate, std::uint16_t port, const char *from)
{
  int attempts = 0;
  const auto query = "demo?key=" + key_for ("live/demo");
  ck_assert (eventually ([&] {
    ++attempts;
    Publisher honest (port, from);
    return honest.start_tls () && honest.publish (query, "live", "rtmps");
  }));
  assert_text (gate.claim ()->protocol (), "rtmps");
  return attempts;
}

std::string
slow_hello ()
{
  TlsClient client;
  client.shake_hands ();
  auto said = client.said ();
  said.pop_back (); // never the last byte
  said[3] = 0x20;   // of a record that is longer
  return std::string (text (said));
}

START_TEST (slow_hellos_from_one_address)
{
  TlsHouse house;
  const auto opening = slow_hello ();
  for (const auto port : {house.port, house.gate.port ()}) { // TLS is found out there
    const SlowCrowd crowd ({.port = port, .opening = opening, .addresses = 1});
    ck_assert (eventually ([&] { return crowd.is_there (); }));
    ck_assert_int_eq (attempts_by_tls (house.gate, port, "127.0.0.9"), 1);
    attempts_by_tls (house.gate, port, "127.0.2.1");
    ck_assert (eventually ([&] { return crowd.closed () > 400; }));
    ck_assert_uint_le (house.gate->counters ().open, Limits{}.unauthenticated_per_address + 2);
  }
}
END_TEST

START_TEST (slow_hellos_from_everywhere)
{
  TlsHouse house;
  const auto opening = slow_hello ();
  const auto token = house.gate->admit ("live/other", keyring ());
  Publisher live (house.port);
  ck_assert (live.start_tls ());
  ck_assert (live.publish ("other?key=" + key_for ("live/other"), "live", "rtmps"));
  live.send_aac_setup ();
  const auto publication = house.gate.claim ("live/other");
  const SlowCrowd crowd (
      {.port = house.port, .opening = opening, .connections = 600, .addresses = 200});
  ck_assert (eventually ([&] { return crowd.is_there (); }));
  for (std::uint32_t i = 1; i <= 3; ++i) {
    attempts_by_tls (house.gate, house.port, "127.0.0.9");
    live.send_audio (100 * i);
    const auto item = pop_until (*publication,
        [] (const gate::Item &item) { return std::holds_alternative<gate::Frame> (item); });
    ck_assert (item.has_value ());
  }
  ck_assert (eventually ([&] { return crowd.closed () > 600; }));
  ck_assert_uint_le (house.gate->counters ().open, Limits{}.unauthenticated + 2);
}
END_TEST

/** The handshake is what costs: those who finish it and then say nothing are pushed out as well. */
START_TEST (finished_handshakes_and_nothing_after)
{
  TlsHouse house;
  std::vector<std::unique_ptr<Publisher>> strangers;
  for (std::size_t i = 0; i < Limits{}.unauthenticated_per_address + 20; ++i) {
    strangers.push_back (std::make_unique<Publisher> (house.port, "127.0.2.1"));
    ck_assert (strangers.back ()->start_tls ());
  }
  ck_assert_int_eq (attempts_by_tls (house.gate, house.port, "127.0.0.9"), 1);
  ck_assert_int_eq (attempts_by_tls (house.gate, house.port, "127.0.2.1"), 1);
  ck_assert_uint_le (house.gate->counters ().open, Limits{}.unauthenticated_per_address + 2);
  ck_assert (eventually ([&] { return house.gate->counters ().open == 0; }));
}
END_TEST

/** A gate with a WHIP door on a server of few connections. */
struct WebHouse
{
  static std::shared_ptr<http::Server> open_server ()
  {
    auto opened = http::Server::open (
        "127.0.0.1:0", {.connections = 100, .patience = std::chrono::milliseconds (1500)});
    ck_assert (opened.has_value ());
    return *opened;
  }
  /** How often it took until the gate had a session of ours. */
  int attempts () const
  {
    int attempts = 0;
    ck_assert (eventually ([&] {
      ++attempts;
      const auto answer = Client (port).ask (whip_request ("/live/demo/whip", key));
      return answer.status == 201;
    }));
    return attempts;
  }

  const std::string key = key_for ("live/demo"); // the same each time, so that it takes over
  std::shared_ptr<http::Server> server = open_server ();
  TestGate gate;
  std::uint16_t port = open_whip_door (*gate.pointer (), server->address ());
};

std::string
slow_offer (std::size_t claimed)
{
  return "POST /live/demo/whip HTTP/1.1\r\nHost: test\r\nContent-Type: application/sdp\r\n"
         "Content-Length: "
         + std::to_string (claimed) + "\r\n\r\nv=0\r\n" + std::string (100, 's');
}

void
check_slow_web (std::string_view opening, int connections)
{
  WebHouse house;
  const SlowCrowd crowd ({.port = house.port,
      .opening = opening,
      .connections = connections,
      .pause_ms = 100,
      .addresses = 50});
  ck_assert (eventually ([&] { return crowd.is_there (); }));
  for (int i = 0; i < 3; ++i)
    house.attempts ();
  ck_assert_uint_eq (house.gate->counters ().admitted, 3);
  ck_assert (eventually ([&] { return crowd.closed () > connections; }));
  house.attempts ();
}

START_TEST (slow_heads_of_requests)
{
  check_slow_web (slow_offer (60000).substr (0, 80), 80);  // all have their room
  check_slow_web (slow_offer (60000).substr (0, 80), 150); // some push others out
}
END_TEST

/** No key is asked for until the body is there: it costs what a head costs. */
START_TEST (slow_offers)
{
  const auto opening = slow_offer (60000);
  check_slow_web (opening, 80);
  check_slow_web (opening, 150);
}
END_TEST

/** A session's address takes bodies, too. */
START_TEST (slow_patches)
{
  auto opening = slow_offer (60000);
  opening.replace (0, opening.find (" HTTP"), "PATCH /live/demo/whip/AAAAAAAAAAAAAAAAAAAAAA");
  check_slow_web (opening, 150);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("slow doors", {slow_hellos_from_one_address, slow_hellos_from_everywhere,
                                finished_handshakes_and_nothing_after, slow_heads_of_requests,
                                slow_offers, slow_patches});
}
