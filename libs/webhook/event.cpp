// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing and signing events.
#include <array>
#include <chrono>
#include <cstdio>

#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "libs/webhook/webhook.hpp"

namespace stagedoor::webhook {

namespace {

constexpr std::size_t longest_url = 4096;

constexpr std::string_view digits = "0123456789abcdef";

std::string
hex (ByteView bytes)
{
  std::string out;
  for (const auto byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

bool
is_printable (char c)
{
  return c > ' ' && c < 0x7f;
}

/** Of @p text nothing but printable ASCII is expected; whatever else is there is escaped. */
std::string
quoted (std::string_view text)
{
  std::string out = "\"";
  for (const char c : text)
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == ' ' || is_printable (c))
      out += c;
    else
      out += "\\u00" + hex ({reinterpret_cast<const std::uint8_t *> (&c), 1});
  return out + '"';
}

/** Percent-encodes what can't stand in a URL. A query that is too long is left out. */
std::string
clean_url (std::string_view url)
{
  if (url.size () > longest_url)
    url = url.substr (0, std::min (url.find ('?'), longest_url));
  std::string out;
  for (const char c : url)
    if (is_printable (c) && c != '"' && c != '\\' && c != '<' && c != '>')
      out += c;
    else
      out += '%' + hex ({reinterpret_cast<const std::uint8_t *> (&c), 1});
  return out;
}

/** RFC 3339, in milliseconds, as ISO 8601 also has it. */
std::string
time_text (std::int64_t unix_ms)
{
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds (unix_ms)};
  const auto day = floor<days> (time);
  const year_month_day date (day);
  const hh_mm_ss clock (time - day);
  std::array<char, 40> out;
  const int size = std::snprintf (out.data (), out.size (), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int> (date.year ()), static_cast<unsigned> (date.month ()),
      static_cast<unsigned> (date.day ()), static_cast<int> (clock.hours ().count ()),
      static_cast<int> (clock.minutes ().count ()), static_cast<int> (clock.seconds ().count ()),
      static_cast<int> (clock.subseconds ().count ()));
  return {out.data (), static_cast<std::size_t> (size)};
}

std::string_view
kind_name (Event::Kind kind)
{
  return kind == Event::Kind::opening ? "opening" : "closing";
}

/** As it really comes from OvenMediaEngine; its documentation has them in lower case. */
std::string
ome_protocol (const std::string &protocol)
{
  if (protocol.starts_with ("rtmp"))
    return "RTMP";
  if (protocol == "srt")
    return "SRT";
  return protocol == "whip" ? "WebRTC" : protocol;
}

/** @p url with @p name for the app and stream that are in it. */
std::string
with_name (std::string_view url, const Event &event)
{
  const auto old = "/" + event.app + "/" + event.stream;
  const auto at = url.substr (0, url.find ('?')).rfind (old);
  if (at == std::string_view::npos)
    return std::string (url);
  return std::string (url.substr (0, at + 1)) + event.published_as
         + std::string (url.substr (at + old.size ()));
}

std::string
write_own (const Event &event)
{
  std::string out = "{\"event\":" + quoted (kind_name (event.kind));
  out += ",\"id\":" + quoted (event.id);
  out += ",\"time\":" + quoted (time_text (event.time_ms));
  out += ",\"protocol\":" + quoted (event.protocol);
  out += ",\"app\":" + quoted (event.app);
  out += ",\"stream\":" + quoted (event.stream);
  if (!event.published_as.empty ())
    out += ",\"published-as\":" + quoted (event.published_as);
  out += ",\"url\":" + quoted (clean_url (event.url));
  out += ",\"peer\":" + quoted (event.peer.ip.to_string ());
  out += ",\"peer-port\":" + std::to_string (event.peer.port);
  out += ",\"credential\":" + quoted (event.credential);
  return out + "}";
}

std::string
write_ome (const Event &event)
{
  const auto address = quoted (event.peer.ip.to_string ());
  const auto url = clean_url (event.url);
  std::string out = "{\"client\":{\"address\":" + address;
  out += ",\"port\":" + std::to_string (event.peer.port);
  out += ",\"real_ip\":" + address;
  out += "},\"request\":{\"direction\":\"incoming\"";
  out += ",\"protocol\":" + quoted (ome_protocol (event.protocol));
  out += ",\"status\":" + quoted (kind_name (event.kind));
  out += ",\"url\":" + quoted (url);
  if (!event.published_as.empty ())
    out += ",\"new_url\":" + quoted (with_name (url, event));
  out += ",\"time\":" + quoted (time_text (event.time_ms));
  return out + "}}";
}

} // namespace

std::optional<Dialect>
parse_dialect (std::string_view name)
{
  if (name == "stagedoor")
    return Dialect::stagedoor;
  if (name == "ome")
    return Dialect::ome;
  return std::nullopt;
}

std::string
write_event (Dialect dialect, const Event &event)
{
  return dialect == Dialect::ome ? write_ome (event) : write_own (event);
}

Header
sign (Dialect dialect, std::string_view secret, std::string_view body)
{
  if (dialect == Dialect::ome)
    return {"X-OME-Signature", base64url_encode (hmac_sha1 (view (secret), view (body)))};
  return {"X-Stagedoor-Signature", "sha256=" + hex (hmac_sha256 (view (secret), view (body)))};
}

} // namespace stagedoor::webhook
