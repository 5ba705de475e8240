// SPDX-License-Identifier: LGPL-2.1-or-later
// OvenMediaEngine's policies of every shape, and its signature.
#pragma once

#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "tests/check/gate/fixture.hpp"

namespace stagedoor::test {

inline constexpr const char *secret = "ome_is_the_best";

inline std::string
signature_of (std::string_view text, std::string_view with = secret)
{
  return base64url_encode (hmac_sha1 (view (with), view (text)));
}

/** A policy of today and what it is worth. "%" stands for a number of milliseconds from now. */
struct Shape
{
  const char *name, *json;
  std::int64_t ms;
  const char *expected;
};

inline constexpr std::int64_t hour = 3'600'000;

inline constexpr Shape shapes[] = {
    {"url_expire", R"({"url_expire":%})", hour, ""},
    {"with blanks", R"({ "url_expire" : % })", hour, ""},
    {"active", R"({"url_expire":4102444800000,"url_activate":%})", -hour, ""},
    {"stream_expire", R"({"url_expire":4102444800000,"stream_expire":%})", hour, ""},
    {"allow_ip", R"({"url_expire":%,"allow_ip":"127.0.0.0/8"})", hour, ""},
    {"real_ip", R"({"url_expire":%,"real_ip":"127.0.0.1/32"})", hour, ""},
    {"expired", R"({"url_expire":%})", -1000, "expired"},
    {"stream expired", R"({"url_expire":4102444800000,"stream_expire":%})", -1000, "expired"},
    {"seconds", R"({"url_expire":2085162838})", 0, "expired"},
    {"not yet", R"({"url_expire":4102444800000,"url_activate":%})", hour, "not-yet-valid"},
    {"other address", R"({"url_expire":%,"allow_ip":"203.0.113.7/32"})", hour, "wrong-network"},
    {"other network", R"({"url_expire":%,"real_ip":"10.0.0.0/8"})", hour, "wrong-network"},
    {"no url_expire", R"({"stream_expire":%})", hour, "malformed"},
    {"string", R"({"url_expire":"%"})", hour, "malformed"},
    {"negative", R"({"url_expire":-1})", 0, "malformed"},
    {"wrong type", R"({"url_expire":%,"allow_ip":5})", hour, "malformed"},
    {"no network", R"({"url_expire":%,"allow_ip":"127.0.0.1/33"})", hour, "malformed"},
    {"no object", "[%]", hour, "malformed"},
    {"no JSON", "{url_expire:%}", hour, "malformed"},
};

inline std::string
policy_of (const Shape &shape)
{
  std::string json = shape.json;
  if (const auto at = json.find ('%'); at != std::string::npos)
    json.replace (at, 1, std::to_string (g_get_real_time () / 1000 + shape.ms));
  return base64url_encode (view (json));
}

inline void
assert_same (const char *id, const char *form, const std::string &got, const std::string &expected)
{
  ck_assert_msg (
      got == expected, "%s, %s: '%s', not '%s'", id, form, got.c_str (), expected.c_str ());
}

} // namespace stagedoor::test
