// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may replace whom: every policy, by every pair of protocols, with the same key and another;
// and how soon what has no right to go on has ended.
#include <srt/access_control.h>

#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "tests/check/gate/certificate_files.hpp"
#include "tests/check/gate/srt_caller.hpp"

#include "tests/check/gate/whip_client.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Takeover;
using gate::Terms;

namespace {

enum class By { rtmp, rtmps, srt, whip };
constexpr By everything[] = {By::rtmp, By::rtmps, By::srt, By::whip};

struct House
{
  explicit House (Takeover takeover)
      : admitted (gate->admit ("live/demo", Terms (keyring (), takeover)))
  {
  }

  CertificateFiles files;
  TestGate gate{{}, {.certificate = files.open ()}};
  gate::Gate::Token admitted;
  const std::uint16_t srt = open_srt_door (*gate.pointer ());
  const std::uint16_t whip = open_whip_door (*gate.pointer ());
};

/** One that is let in, or not. */
class Someone
{
public:
  Someone (House &house, By by, const std::string &key) : house_ (house), key_ (key)
  {
    if (by == By::srt) {
      srt_ = std::make_unique<SrtCaller> (house.srt, SrtCall{"publish:live/demo?key=" + key});
      is_in_ = srt_->reject_reason () == 0;
    } else if (by == By::whip) {
      answer_ = Client (house.whip).ask (whip_request ("/live/demo/whip", key));
      is_in_ = answer_.status == 201;
    } else {
      rtmp_ = std::make_unique<Publisher> (house.gate.port ());
      ck_assert (by == By::rtmp || rtmp_->start_tls ());
      is_in_ = rtmp_->publish ("demo?key=" + key);
    }
  }
  ~Someone ()
  {
    if (answer_.status == 201)
      Client (house_.whip).ask (http_request ("DELETE", location (), bearer (key_)));
  }

  bool is_in () const { return is_in_; }
  bool is_busy ()
  {
    return srt_    ? srt_->reject_reason () == SRT_REJX_CONFLICT
           : rtmp_ ? rtmp_->expect ("NetStream.Publish.BadName")
                   : answer_.status == 409 && answer_.has ("Retry-After: ");
  }
  bool is_told (const std::string &why) { return !rtmp_ || rtmp_->expect (why); }
  bool is_closed ()
  {
    return srt_    ? srt_->closed_by_peer ()
           : rtmp_ ? rtmp_->closed_by_peer ()
                   : session_has_ended (house_.whip, location (), key_);
  }

private:
  std::string location () const { return value_of (answer_, "Location"); }

  const House &house_;
  const std::string key_;
  std::unique_ptr<Publisher> rtmp_;
  std::unique_ptr<SrtCaller> srt_;
  Response answer_; // by WHIP
  bool is_in_ = false;
};

std::string
why_ended (gate::Publication &publication)
{
  const auto end = pop_until (
      publication, [] (const gate::Item &i) { return std::holds_alternative<gate::End> (i); });
  ck_assert (end.has_value ());
  return std::get<gate::End> (*end).why;
}

struct Case
{
  Takeover takeover;
  By first, second;
  bool same_key, replaces;
};

void
check (const Case &c)
{
  House house (c.takeover);
  const auto key = key_for ("live/demo");
  Someone first (house, c.first, key);
  ck_assert (first.is_in ());
  const auto publication = house.gate.claim ();
  Someone second (house, c.second, c.same_key ? key : key_for ("live/*"));
  ck_assert_msg (second.is_in () == c.replaces, "takeover %d, %d to %d, same key %d",
      static_cast<int> (c.takeover), static_cast<int> (c.first), static_cast<int> (c.second),
      c.same_key);
  if (!c.replaces) {
    ck_assert (second.is_busy ());
    ck_assert_uint_eq (house.gate->counters ().admitted, 1);
    assert_text (house.gate.refused ().back ().reason, "busy");
    return;
  }
  const std::string why = c.same_key ? "the same key publishes from another connection now"
                                     : "another key publishes on this stream now";
  ck_assert (first.is_told (why));
  ck_assert (first.is_closed ());
  assert_text (why_ended (*publication), why);
}

void
check_policy (Takeover takeover, bool same_key_replaces, bool other_key_replaces)
{
  for (const auto first : everything)
    for (const auto second : everything) {
      check ({takeover, first, second, true, same_key_replaces});
      check ({takeover, first, second, false, other_key_replaces});
    }
}

START_TEST (same_key)
{
  check_policy (Takeover::same_key, true, false);
}
END_TEST

START_TEST (any_key)
{
  check_policy (Takeover::any_key, true, true);
}
END_TEST

START_TEST (never)
{
  check_policy (Takeover::never, false, false);
}
END_TEST

START_TEST (name_is_free_once_the_publisher_has_gone)
{
  House house (Takeover::never);
  const auto key = key_for ("live/demo");
  std::uint64_t admitted = 0;
  const auto is_admitted = [&] (const Someone &someone) { // SRT connects before that
    ++admitted;
    return someone.is_in ()
           && eventually ([&] { return house.gate->counters ().admitted == admitted; });
  };
  for (const auto by : everything) {
    {
      Someone first (house, by, key);
      ck_assert (is_admitted (first));
    }
    ck_assert (eventually ([&] { return house.gate->counters ().open == 0; }));
    Someone second (house, by == By::whip ? By::rtmp : By::whip, key_for ("live/*"));
    ck_assert (is_admitted (second));
    house.gate->close_where ([] (const gate::Publication &) { return true; }, "make room");
    ck_assert (second.is_closed ());
    ck_assert (eventually ([&] { return house.gate->counters ().open == 0; }));
  }
}
END_TEST

/** A key's end and its revocation, for publishers that say nothing. */
START_TEST (silence_is_no_excuse)
{
  for (const auto by : everything) {
    House house (Takeover::same_key);
    Someone brief (house, by, key_for ("live/demo", keys::Role::publish, 3));
    ck_assert (brief.is_in ());
    const auto first = house.gate.claim ();
    assert_text (why_ended (*first), "the key's time is over");
    const auto late = g_get_real_time () / 1000 - first->grant ().ends_ms;
    ck_assert_msg (late >= 0 && late < 1000, "%d ms late", static_cast<int> (late));
    ck_assert (brief.is_told ("the key's time is over"));
    ck_assert (brief.is_closed ());
    Someone revoked (house, by, key_for ("live/demo"));
    ck_assert (revoked.is_in ());
    const auto second = house.gate.claim ();
    const auto id = second->grant ().credential_id;
    const auto start = g_get_monotonic_time ();
    house.admitted = house.gate->admit ("live/demo", keyring (id));
    house.gate->close_where (
        [&] (const gate::Publication &p) { return p.grant ().credential_id == id; }, "revoked");
    assert_text (why_ended (*second), "revoked");
    ck_assert_int_lt (g_get_monotonic_time () - start, G_USEC_PER_SEC);
    ck_assert (revoked.is_closed ());
  }
}
END_TEST

/** OvenMediaEngine's stream_expire, in @p ms from now. */
std::string
brief_policy (const std::string &url, int ms)
{
  const auto until = std::to_string (g_get_real_time () / 1000 + ms);
  const auto policy =
      "?policy="
      + base64url_encode (view (R"({"url_expire":4102444800000,"stream_expire":)" + until + "}"));
  return policy + "&signature="
         + base64url_encode (hmac_sha1 (view (std::string_view ("hush")), view (url + policy)));
}

START_TEST (policy_ends_the_stream)
{
  House house (Takeover::same_key);
  keys::KeyringSettings settings;
  settings.ome = keys::SignedPolicy{.secret = "hush"};
  house.admitted = house.gate->admit ("live/demo", std::make_shared<keys::Keyring> (settings));
  Publisher by_rtmp (house.gate.port ());
  const auto base = "rtmp://127.0.0.1:" + std::to_string (house.gate.port ());
  ck_assert (by_rtmp.publish ("demo" + brief_policy (base + "/live/demo", 2000)));
  ck_assert (by_rtmp.expect ("the key's time is over"));
  ck_assert (by_rtmp.closed_by_peer ());
  const auto path = "default/live/demo";
  SrtCaller by_srt (house.srt, {path + brief_policy (std::string ("srt://") + path, 3000)});
  ck_assert_int_eq (by_srt.reject_reason (), 0);
  ck_assert (by_srt.closed_by_peer ());
  ck_assert_uint_eq (house.gate->counters ().admitted, 2);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("takeover", {same_key, any_key, never, name_is_free_once_the_publisher_has_gone,
                              silence_is_no_excuse, policy_ends_the_stream});
}
