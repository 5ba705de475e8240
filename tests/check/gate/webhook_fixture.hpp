// SPDX-License-Identifier: LGPL-2.1-or-later
// A gate that asks a control server.
#pragma once

#include <set>

#include "gst-plugins/common/webhook.hpp"
#include "tests/check/gate/control_server.hpp"

#include "tests/check/gate/fixture.hpp"

namespace stagedoor::test {

using gate::Takeover;
using gate::Terms;
using webhook::Dialect;
using webhook::Webhook;

inline constexpr const char *yes = R"({"allowed":true})";

inline std::string
always_yes (const Told &)
{
  return http (yes);
}

/** A gate that asks @p url about live/demo, and about nobody else. */
struct House
{
  explicit House (const std::string &url, Dialect dialect = Dialect::stagedoor)
      : hook (*Webhook::open ({.url = url, .secret = "hunter2", .dialect = dialect})),
        asked (gate->admit ("live/demo", Terms (keyring (), Takeover::any_key, hook))),
        unasked (gate->admit ("live/free", keyring ()))
  {
  }

  std::string good () const { return "demo?key=" + key_for ("live/demo"); }

  std::shared_ptr<Webhook> hook;
  const webhook::Hook flushed{hook}; // else its thread may outlive main()
  TestGate gate;
  gate::Gate::Token asked, unasked;
};

inline void
assert_refused (House &house, const std::string &reason, const std::string &text)
{
  Publisher publisher (house.gate.port ());
  const auto before = house.gate.refused ().size ();
  ck_assert (!publisher.publish (house.good ()));
  ck_assert_msg (publisher.received ().find (text) != std::string::npos, "not '%s' but %s",
      text.c_str (), house.gate.refused ().back ().text.c_str ());
  ck_assert_uint_eq (house.gate.refused ().size (), before + 1);
  assert_text (house.gate.refused ().back ().reason, reason);
}

/** Each opening has exactly one closing. */
inline bool
is_paired (const ControlServer &server)
{
  std::multiset<std::string> opened, closed;
  for (const auto &told : server.told ("opening"))
    opened.insert (told.member ("id"));
  for (const auto &told : server.told ("closing"))
    closed.insert (told.member ("id"));
  return opened == closed && std::set (opened.begin (), opened.end ()).size () == opened.size ();
}

} // namespace stagedoor::test
