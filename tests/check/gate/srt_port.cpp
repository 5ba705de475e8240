// SPDX-License-Identifier: LGPL-2.1-or-later
// That libsrt has the UDP port while somebody calls, and only then.
#include "gst-plugins/common/gate/srt_port.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "gst-plugins/common/listen_address.hpp"
#include "tests/check/gate/fixture.hpp"
#include "tests/check/gate/srt_caller.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::SrtPort;

namespace {

const IpAddress loopback = *IpAddress::parse ("127.0.0.1");

gate::SrtListenOptions
counting (std::atomic<int> &questions)
{
  return {20, 5000, 8,
      [] (void *count, SRTSOCKET, int, const sockaddr *, const char *) {
        ++*static_cast<std::atomic<int> *> (count);
        return 0;
      },
      &questions};
}

bool
is_called (const SrtPort &port, int wait_ms)
{
  pollfd waiting{port.fd (), POLLIN, 0};
  return poll (&waiting, 1, wait_ms) > 0;
}

void
send_rubbish (std::uint16_t port)
{
  const Fd stranger (socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons (port);
  to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  ck_assert_int_eq (
      sendto (stranger.get (), "rubbish", 7, 0, reinterpret_cast<sockaddr *> (&to), sizeof to), 7);
}

std::size_t
threads_that_read ()
{
  std::size_t out = 0;
  for (const auto &task : std::filesystem::directory_iterator ("/proc/self/task")) {
    std::string name;
    std::getline (std::ifstream (task.path () / "comm"), name);
    out += name.starts_with ("SRT:RcvQ") ? 1 : 0;
  }
  return out;
}

} // namespace

/** No moment is lost: libsrt still takes leave of its last listener when it gets the next. */
START_TEST (callers_come_in_however_often_it_rested)
{
  gate::start_srt ();
  SrtPort port;
  ck_assert (port.open ({loopback, 0}));
  std::atomic<int> questions = 0;
  for (int i = 1; i <= 8; ++i) {
    ck_assert (!is_called (port, 0));
    std::jthread call ([&] {
      const SrtCaller caller (port.number (), {"hello"});
      ck_assert_int_eq (caller.reject_reason (), 0);
    });
    ck_assert (is_called (port, 20'000));
    ck_assert (port.wake (counting (questions)));
    call.join ();
    ck_assert (port.heard ());
    ck_assert_int_eq (questions, i);
    port.rest ();
    ck_assert_int_eq (port.listener (), SRT_INVALID_SOCK);
    // What the caller says as it goes is for nobody.
    std::array<char, 2048> bytes;
    while (recv (port.fd (), bytes.data (), bytes.size (), MSG_DONTWAIT) >= 0)
      ;
  }
}
END_TEST

START_TEST (both_families_reach_all_addresses)
{
  gate::start_srt ();
  SrtPort port;
  ck_assert (port.open ({}));
  ck_assert_uint_ne (port.number (), 0);
  send_rubbish (port.number ());
  ck_assert (is_called (port, 20'000));
  std::atomic<int> questions = 0;
  ck_assert (port.wake (counting (questions)));
  ck_assert_int_eq (SrtCaller (port.number (), {"hello"}).reject_reason (), 0);
  gate::SrtSocket by_v6 (srt_create_socket ());
  sockaddr_storage address;
  const auto size = to_sockaddr ({*IpAddress::parse ("::1"), port.number ()}, address);
  ck_assert_int_eq (
      srt_connect (by_v6.get (), reinterpret_cast<sockaddr *> (&address), static_cast<int> (size)),
      0);
  ck_assert_int_eq (questions, 2);
}
END_TEST

START_TEST (the_port_stays_reserved)
{
  gate::start_srt ();
  std::atomic<int> questions = 0;
  std::uint16_t number = 0;
  {
    SrtPort port, other;
    ck_assert (port.open ({loopback, 0}));
    number = port.number ();
    ck_assert (!other.open ({loopback, number}));
    ck_assert (port.wake (counting (questions)));
    ck_assert (!other.open ({loopback, number}));
    port.rest ();
    ck_assert (!other.open ({loopback, number}));
    ck_assert (port.wake (counting (questions)));
  }
  // Libsrt's thread may be reading from it for another moment.
  ck_assert (eventually ([&] { return SrtPort ().open ({loopback, number}).has_value (); }));
}
END_TEST

START_TEST (rubbish_wakes_for_a_while_only)
{
  TestGate gate;
  const auto gone = [] {
    return threads_that_read () == 0;
  };
  ck_assert (eventually (gone)); // those of the tests before
  const auto port = open_srt_door (*gate.pointer ());
  ck_assert (gone ());
  send_rubbish (port);
  ck_assert (eventually ([] { return threads_that_read () == 1; }));
  // Twice: it is quiet for 10 s, and libsrt takes a few more.
  ck_assert (eventually (gone) || eventually (gone));
  SrtCaller caller (port, {"publish:live/demo?key=" + key_for ("live/demo")});
  ck_assert_int_eq (caller.reject_reason (), 0);
  ck_assert (gate.claim () != nullptr);
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run (
      "srt port", {callers_come_in_however_often_it_rested, both_families_reach_all_addresses,
                      the_port_stays_reserved, rubbish_wakes_for_a_while_only});
}
