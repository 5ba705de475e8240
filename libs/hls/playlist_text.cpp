// SPDX-License-Identifier: LGPL-2.1-or-later
// Numbers, times and URIs as playlists have them.
#include "libs/hls/playlist_text.hpp"

#include <cctype>

#include "libs/hls/playlist_writer.hpp"

namespace stagedoor::hls {

std::string
PlaylistText::with_query (std::string_view query) const
{
  if (query.empty ())
    return body;
  std::string out;
  out.reserve (body.size () + uri_ends.size () * (query.size () + 1));
  std::size_t from = 0;
  for (const auto end : uri_ends) {
    out.append (body, from, end - from);
    out += '?';
    out += query;
    from = end;
  }
  out.append (body, from);
  return out;
}

std::string
safe_query (std::string_view query)
{
  constexpr std::string_view allowed = "-._~!$&'()*+,;=:@/?";
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto is_hex = [&] (std::size_t at) {
    return at < query.size () && std::isxdigit (static_cast<unsigned char> (query[at])) != 0;
  };
  std::string out;
  out.reserve (query.size ());
  for (std::size_t i = 0; i < query.size (); ++i) {
    const auto byte = static_cast<unsigned char> (query[i]);
    const bool plain =
        byte < 0x80 && (std::isalnum (byte) != 0 || allowed.find (query[i]) != allowed.npos);
    if (plain || (byte == '%' && is_hex (i + 1) && is_hex (i + 2)))
      out += query[i];
    else
      (out += '%').append ({digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

TextWriter &
TextWriter::number (std::uint64_t value)
{
  char digits[20];
  const auto end = std::to_chars (digits, digits + sizeof digits, value).ptr;
  text_.body.append (digits, end);
  return *this;
}

TextWriter &
TextWriter::padded (unsigned value, int digits)
{
  char out[10];
  for (int i = digits; i-- > 0; value /= 10)
    out[i] = static_cast<char> ('0' + value % 10);
  text_.body.append (out, static_cast<std::size_t> (digits));
  return *this;
}

TextWriter &
TextWriter::fixed (std::uint64_t value, int decimals)
{
  std::uint64_t one = 1;
  for (int i = 0; i < decimals; ++i)
    one *= 10;
  return number (value / one).add (".").padded (static_cast<unsigned> (value % one), decimals);
}

TextWriter &
TextWriter::seconds (std::chrono::microseconds value)
{
  fixed (static_cast<std::uint64_t> (value.count ()), 6);
  const auto last = text_.body.find_last_not_of ('0');
  text_.body.resize (last + (text_.body[last] == '.' ? 2 : 1));
  return *this;
}

TextWriter &
TextWriter::time (WallTime value)
{
  using namespace std::chrono;
  const auto whole = floor<milliseconds> (value);
  const auto day = floor<days> (whole);
  const year_month_day date (day);
  const hh_mm_ss clock (whole - day);
  padded (static_cast<unsigned> (static_cast<int> (date.year ())), 4).add ("-");
  padded (static_cast<unsigned> (date.month ()), 2).add ("-");
  padded (static_cast<unsigned> (date.day ()), 2).add ("T");
  padded (static_cast<unsigned> (clock.hours ().count ()), 2).add (":");
  padded (static_cast<unsigned> (clock.minutes ().count ()), 2).add (":");
  padded (static_cast<unsigned> (clock.seconds ().count ()), 2).add (".");
  return padded (static_cast<unsigned> (clock.subseconds ().count ()), 3).add ("Z");
}

TextWriter &
TextWriter::uri_end ()
{
  text_.uri_ends.push_back (text_.body.size ());
  return *this;
}

void
TextWriter::reserve (std::size_t bytes, std::size_t uris)
{
  text_.body.reserve (bytes);
  text_.uri_ends.reserve (uris);
}

} // namespace stagedoor::hls
