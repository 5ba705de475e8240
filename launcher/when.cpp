// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/when.hpp"

#include <charconv>

#include <glib.h>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor {
namespace {

constexpr std::int64_t latest = 9999999999; // a key has ten digits for it

std::int64_t
seconds_of (char unit)
{
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    case 'w':
      return 7 * 86400;
    default:
      return 0;
  }
}

} // namespace

std::optional<std::int64_t>
parse_when (const std::string &text, std::int64_t now)
{
  if (text == "never")
    return 0;
  std::int64_t count = 0;
  const char *end = text.data () + text.size ();
  const auto parsed = std::from_chars (text.data (), end, count);
  if (parsed.ec == std::errc () && parsed.ptr + 1 == end) {
    const auto unit = seconds_of (*parsed.ptr);
    if (unit == 0 || count <= 0 || count > (latest - now) / unit)
      return std::nullopt;
    return now + count * unit;
  }
  const Owned<GDateTime, g_date_time_unref> time (
      g_date_time_new_from_iso8601 (text.c_str (), nullptr)); // without a zone it is null
  if (!time)
    return std::nullopt;
  const auto seconds = g_date_time_to_unix (time.get ());
  return seconds > 0 && seconds <= latest ? std::optional (seconds) : std::nullopt;
}

std::string
format_time (std::int64_t unix_seconds)
{
  const Owned<GDateTime, g_date_time_unref> time (g_date_time_new_from_unix_utc (unix_seconds));
  const String text (
      time ? g_date_time_format (time.get (), "%Y-%m-%dT%H:%M:%SZ") : g_strdup ("?"));
  return text.get ();
}

} // namespace stagedoor
