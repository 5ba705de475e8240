// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/http_exchange.hpp"

#include <algorithm>
#include <ctime>

#include <libsoup/soup.h>

namespace stagedoor::http {

namespace {

/** RFC 9110 section 5.6.7; the same for all answers of a second. */
const std::string &
date_now ()
{
  static thread_local std::time_t then = 0;
  static thread_local std::string text;
  const auto now = std::time (nullptr);
  if (now != std::exchange (then, now)) {
    static constexpr const char *days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char *months[] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r (&now, &utc);
    char line[64];
    std::snprintf (line, sizeof line, "%s, %02d %s %d %02d:%02d:%02d GMT", days[utc.tm_wday],
        utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    text = line;
  }
  return text;
}

constexpr std::string_view for_all_origins =
    "\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: Location, Link, ETag, "
    "Accept-Post, Accept-Patch, Retry-After, Content-Range, Date";

} // namespace

void
Exchange::set_header (const char *name, std::string value)
{
  // A value is never to become a header of its own.
  std::erase_if (value, [] (char c) { return c == '\r' || c == '\n'; });
  const auto found = std::ranges::find_if (
      headers, [name] (const auto &header) { return http1::same_name (header.first, name); });
  if (found != headers.end ())
    found->second = std::move (value);
  else
    headers.emplace_back (name, std::move (value));
}

bool
Exchange::has_header (std::string_view name) const
{
  return std::ranges::any_of (
      headers, [name] (const auto &header) { return http1::same_name (header.first, name); });
}

bool
Exchange::sends_body () const
{
  return asked.method != "HEAD" && status != SOUP_STATUS_NOT_MODIFIED
         && status != SOUP_STATUS_NO_CONTENT;
}

std::string
Exchange::answer_head (bool keep_alive) const
{
  std::string out;
  out.reserve (512);
  out.append ("HTTP/1.1 ").append (std::to_string (status)).append (" ");
  out.append (soup_status_get_phrase (status)).append ("\r\nDate: ").append (date_now ());
  out.append (for_all_origins);
  if (status != SOUP_STATUS_NOT_MODIFIED && status != SOUP_STATUS_NO_CONTENT) {
    std::size_t size = 0;
    for (const auto &piece : pieces)
      size += g_bytes_get_size (piece.get ());
    out.append ("\r\nContent-Length: ").append (std::to_string (size));
  }
  for (const auto &[name, value] : headers)
    out.append ("\r\n").append (name).append (": ").append (value);
  if (!keep_alive)
    out.append ("\r\nConnection: close");
  return out.append ("\r\n\r\n");
}

} // namespace stagedoor::http
