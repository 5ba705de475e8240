// SPDX-License-Identifier: LGPL-2.1-or-later
// How many viewers there may be, in total and per address, connected and not.
#include "gst-plugins/common/webrtc/admission.hpp"

#include <vector>

#include "tests/unit/suite.hpp" // last: check.h defines "fail"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

const auto says = [] (const tl::expected<Admission::Ticket, std::string> &refused,
                      const char *text) {
  return !refused && refused.error ().find (text) != std::string::npos;
};

/** A port's places and who holds them. */
struct House
{
  void fill (const std::string &peer, std::size_t count)
  {
    for (std::size_t i = 0; i < count; ++i) {
      auto ticket = admission->admit (peer);
      ck_assert_msg (ticket.has_value (), "%s", ticket ? "" : ticket.error ().c_str ());
      held.push_back (std::move (*ticket));
    }
  }
  void fill_connected (const std::string &peer, std::size_t count)
  {
    for (std::size_t i = 0; i < count; ++i) {
      fill (peer, 1);
      ck_assert (held.back ()->connect ());
    }
  }

  const std::shared_ptr<Admission> admission = std::make_shared<Admission> ();
  std::vector<Admission::Ticket> held;
};

std::string
address (std::size_t number)
{
  return "198.51." + std::to_string (number / 250) + "." + std::to_string (number % 250);
}

START_TEST (pending_of_an_address)
{
  House house;
  house.fill ("192.0.2.1", Admission::max_pending_per_address);
  ck_assert (says (house.admission->admit ("192.0.2.1"), "connecting from your address"));
  ck_assert (house.admission->admit ("192.0.2.2").has_value ());
  ck_assert (house.held.back ()->connect ());
  house.fill ("192.0.2.1", 1);
  ck_assert (!house.admission->admit ("192.0.2.1"));
  house.held.pop_back ();
  house.fill ("192.0.2.1", 1);
}
END_TEST

START_TEST (newcomer_takes_the_oldest_pending_place)
{
  House house;
  house.fill_connected ("192.0.2.1", 1);
  house.fill ("192.0.2.1", 2);
  for (std::size_t i = 2; i < Admission::max_pending; ++i)
    house.fill (address (i), 1);
  for (const auto &place : house.held)
    ck_assert (!place->is_lost ());
  house.fill ("192.0.2.3", 1);
  ck_assert (!house.held[0]->is_lost ()); // connected
  ck_assert (house.held[1]->is_lost ());
  ck_assert (!house.held[1]->connect ()); // too late
  ck_assert (!house.held[2]->is_lost ());
  ck_assert (house.held[2]->connect ());
  house.fill ("192.0.2.4", 1); // where that one was
  ck_assert (!house.held[3]->is_lost ());
  house.fill ("192.0.2.5", 1);
  ck_assert (house.held[3]->is_lost ());
  ck_assert (house.held.back ()->connect ());
}
END_TEST

START_TEST (a_lost_place_is_not_pending_for_its_address)
{
  House house;
  house.fill ("192.0.2.1", Admission::max_pending_per_address);
  for (std::size_t i = Admission::max_pending_per_address; i <= Admission::max_pending; ++i)
    house.fill (address (i), 1);
  ck_assert (house.held.front ()->is_lost ());
  house.fill ("192.0.2.1", 1);
  ck_assert (house.held[1]->is_lost ());
}
END_TEST

START_TEST (all_of_an_address)
{
  House house;
  house.fill_connected ("192.0.2.1", Admission::max_viewers_per_address);
  ck_assert (says (house.admission->admit ("192.0.2.1"), "your address has 500 viewers"));
  ck_assert (house.admission->admit ("192.0.2.2").has_value ());
  house.held.pop_back ();
  house.fill ("192.0.2.1", 1);
  ck_assert (!house.admission->admit ("192.0.2.1")); // those that are pending count
}
END_TEST

START_TEST (all)
{
  House house;
  for (std::size_t i = 0; i < Admission::max_viewers; ++i)
    house.fill_connected (address (i), 1);
  for (const char *peer : {"192.0.2.1", "127.0.0.1", ""})
    ck_assert (says (house.admission->admit (peer), "this server has 10000 viewers"));
  house.held.pop_back ();
  house.fill ("192.0.2.1", 1);
  ck_assert (!house.admission->admit ("192.0.2.2"));
  house.held.clear ();
  house.fill ("192.0.2.2", 1);
}
END_TEST

START_TEST (who_is_one)
{
  House house;
  for (std::size_t i = 0; i < Admission::max_pending_per_address; ++i)
    house.fill ("2001:db8:1:2::" + std::to_string (i), 1);
  ck_assert (!house.admission->admit ("2001:db8:1:2:ffff::")); // the same /64
  house.fill ("2001:db8:1:3::", 1);
  // A proxy; an application that has its own HTTP server doesn't say where an offer is from.
  for (const char *peer : {"127.0.0.1", "::1", ""}) {
    house.fill (peer, Admission::max_pending_per_address + 1);
    house.fill_connected (peer, Admission::max_viewers_per_address);
  }
}
END_TEST

} // namespace

int
main ()
{
  return run ("webrtc-admission",
      {pending_of_an_address, newcomer_takes_the_oldest_pending_place,
          a_lost_place_is_not_pending_for_its_address, all_of_an_address, all, who_is_one});
}
