// SPDX-License-Identifier: LGPL-2.1-or-later
// OvenMediaEngine's signed URLs as encoders send them, by RTMP and by SRT.
#include <algorithm>

#include "tests/check/gate/ome_policies.hpp"
#include "tests/check/gate/srt_caller.hpp"
#include "tests/unit/keys/ome_vectors.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

std::string
percent_encoded (std::string_view text)
{
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text)
    if (std::isalnum (static_cast<unsigned char> (c)) != 0 || c == '-' || c == '.' || c == '_')
      out += c;
    else
      out += {'%', hex[c >> 4], hex[c & 15]};
  return out;
}

/** A gate with both doors that takes policies only, of one secret. */
class PolicyGate
{
public:
  explicit PolicyGate (const std::string &with = secret)
      : gate_ (patient ()), srt_port_ (open_srt_door (*gate_.pointer ()))
  {
    keys::KeyringSettings settings;
    settings.ome = keys::SignedPolicy{.secret = with};
    admission_ = gate_->admit ("*", std::make_shared<keys::Keyring> (settings));
  }

  std::string rtmp_port () const { return std::to_string (gate_.port ()); }

  /** @p server is OBS's field of that name, without the app. Returns why it was refused, or "". */
  std::string by_rtmp (const std::string &server, const std::string &stream_key)
  {
    const auto before = gate_.refused ().size ();
    bool live = false;
    {
      Publisher publisher (gate_.port ());
      publisher.handshake ();
      publisher.ask ("app", stream_key, server);
      live = publisher.expect ("NetStream.Publish.Start");
    }
    return live ? after_success () : reason_after (before);
  }

  std::string by_srt (const std::string &streamid)
  {
    ck_assert_uint_le (streamid.size (), 512);
    const auto before = gate_.refused ().size ();
    if (SrtCaller (srt_port_, {streamid}).reject_reason () == 0)
      return after_success ();
    return reason_after (before);
  }

  TestGate &gate () { return gate_; }
  std::uint16_t srt_port () const { return srt_port_; }

private:
  static gate::Limits patient ()
  {
    gate::Limits out;
    out.wrong_keys = 0;
    return out;
  }
  /** Waits until it has gone, or the next one with another policy would find the name busy. */
  std::string after_success ()
  {
    ++admitted_;
    ck_assert (eventually ([this] {
      const auto counters = gate_->counters ();
      return counters.admitted == admitted_ && counters.open == 0;
    }));
    return "";
  }
  std::string reason_after (std::size_t before)
  {
    ck_assert (eventually ([&] { return gate_.refused ().size () == before + 1; }));
    const auto refused = gate_.refused ().back ();
    ck_assert (refused.text.find (secret) == std::string::npos);
    return refused.reason;
  }

  TestGate gate_;
  const std::uint16_t srt_port_;
  gate::Gate::Token admission_;
  std::uint64_t admitted_ = 0;
};

/** What a vector is worth today, from 127.0.0.1: some of them had their time long ago, but only a
 * right signature is told so. */
std::string
expectation (const OmeVector &vector)
{
  if (std::string_view (vector.id) == "rtmp-full-policy-nonstandard-port")
    return "wrong-network";
  if (vector.now_ms == 1000)
    return "expired";
  return vector.refusal != nullptr ? vector.refusal : "";
}

void
send_vector (const OmeVector &vector)
{
  PolicyGate gate (vector.secret);
  const std::string url =
      std::string (vector.signed_text) + "&signature=" + std::string (vector.signature);
  const auto expected = expectation (vector);
  if (url.starts_with ("rtmp://")) {
    const auto app = url.find ("/app/");
    const auto server = url.substr (0, app), key = url.substr (app + 5);
    assert_same (vector.id, "OBS", gate.by_rtmp (server, key), expected);
    assert_same (vector.id, "changed", gate.by_rtmp (server, key + "x"), "wrong-signature");
    return;
  }
  const bool is_new = url.starts_with ("srt://default/");
  const auto streamid = is_new ? url.substr (6) : url;
  assert_same (vector.id, "raw", gate.by_srt (streamid), expected);
  assert_same (vector.id, "encoded", gate.by_srt (percent_encoded (streamid)), expected);
  assert_same (vector.id, "item", gate.by_srt ("#!::bmd_uuid=1234,u=" + streamid), expected);
  assert_same (vector.id, "changed", gate.by_srt (streamid + "x"), "wrong-signature");
}

START_TEST (known_vectors)
{
  int sent = 0;
  for (const auto &vector : ome_vectors) {
    const std::string_view text = vector.signed_text;
    if (!text.starts_with ("rtmp://") && !text.starts_with ("srt://"))
      continue;
    send_vector (vector);
    ++sent;
  }
  ck_assert_int_ge (sent, 12);
}
END_TEST

START_TEST (shapes_of_today_by_rtmp)
{
  PolicyGate gate;
  for (const auto &shape : shapes) {
    // OBS's server field has no port when it is the usual one; signed it is with the real one.
    const auto key = "alice?policy=" + policy_of (shape);
    const auto signature =
        signature_of ("rtmp://live.example.com:" + gate.rtmp_port () + "/app/" + key);
    const auto whole = key + "&signature=" + signature;
    assert_same (shape.name, "without port", gate.by_rtmp ("rtmp://live.example.com", whole),
        shape.expected);
    assert_same (shape.name, "with port",
        gate.by_rtmp ("rtmp://live.example.com:" + gate.rtmp_port (), whole), shape.expected);
  }
}
END_TEST

START_TEST (shapes_of_today_by_srt)
{
  PolicyGate gate;
  for (const auto &shape : shapes)
    for (const auto *host : {"default", "srt://live.example.com:9999"}) {
      const auto id = std::string (host) + "/app/alice?policy=" + policy_of (shape);
      const bool is_old = id.starts_with ("srt://");
      const auto whole = id + "&signature=" + signature_of (is_old ? id : "srt://" + id);
      assert_same (
          shape.name, host, gate.by_srt (is_old ? percent_encoded (whole) : whole), shape.expected);
    }
}
END_TEST

START_TEST (what_was_signed_for_something_else)
{
  PolicyGate gate;
  const std::string key = "alice?policy=" + policy_of (shapes[0]);
  const auto rtmp = "rtmp://h:1935/app/" + key, srt = "srt://default/app/" + key;
  const auto ask = [&] (const std::string &with) {
    return gate.by_rtmp ("rtmp://h:1935", with);
  };
  assert_text (ask (key + "&signature=" + signature_of (rtmp)), "");
  assert_text (
      ask ("alice?signature=" + signature_of (rtmp) + "&" + key.substr (key.find ('?') + 1)), "");
  assert_text (
      ask ("bob" + key.substr (5) + "&signature=" + signature_of (rtmp)), "wrong-signature");
  assert_text (ask (key + "&signature=" + signature_of (rtmp, "another")), "wrong-signature");
  assert_text (ask (key + "&signature=" + signature_of (srt)), "wrong-signature");
  assert_text (ask (key + "&x=1&signature=" + signature_of (rtmp)), "wrong-signature");
  assert_text (ask (key), "malformed");
  assert_text (ask (key + "&signature="), "malformed");
  assert_text (ask (key + "&signature=x&signature=" + signature_of (rtmp)), "malformed");
  assert_text (ask ("alice?signature=" + signature_of (rtmp)), "malformed");
  assert_text (ask ("alice"), "no-key");
  assert_text (gate.by_rtmp ("rtmp://other:1935", key + "&signature=" + signature_of (rtmp)),
      "wrong-signature");
  const auto signed_srt = "default/app/" + key + "&signature=" + signature_of (srt);
  assert_text (gate.by_srt (signed_srt), "");
  assert_text (gate.by_srt ("other" + signed_srt.substr (7)), "wrong-signature");
  assert_text (
      gate.by_srt ("default/app/" + key + "&signature=" + signature_of (rtmp)), "wrong-signature");
  assert_text (gate.by_srt ("default/app/bob" + signed_srt.substr (17)), "wrong-signature");
  assert_text (gate.by_srt ("default/app/" + key), "malformed");
  assert_text (gate.by_srt ("default/app/alice"), "no-key");
}
END_TEST

START_TEST (stream_expire_ends_it)
{
  PolicyGate gate;
  constexpr Shape soon{"", R"({"url_expire":4102444800000,"stream_expire":%})", 1200, ""};
  const auto ends = [&] {
    const auto publication = gate.gate ().claim ("app/alice");
    const auto end = pop_until (*publication,
        [] (const gate::Item &item) { return std::holds_alternative<gate::End> (item); });
    assert_text (std::get<gate::End> (*end).why, "the key's time is over");
  };
  const auto key = "alice?policy=" + policy_of (soon);
  Publisher by_rtmp (gate.gate ().port ());
  by_rtmp.handshake ();
  by_rtmp.ask ("app", key + "&signature=" + signature_of ("rtmp://h:1/app/" + key), "rtmp://h:1");
  ends (); // silent as it is
  ck_assert (by_rtmp.expect ("the key's time is over"));
  const auto id = "default/app/alice?policy=" + policy_of (soon);
  const SrtCaller by_srt (gate.srt_port (), {id + "&signature=" + signature_of ("srt://" + id)});
  ck_assert_int_eq (by_srt.reject_reason (), 0);
  ends ();
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("ome over the wire", {known_vectors, shapes_of_today_by_rtmp, shapes_of_today_by_srt,
                                       what_was_signed_for_something_else, stream_expire_ends_it});
}
