// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/http/head_parser.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "libs/base/text.hpp"

namespace stagedoor::http1 {

namespace {

constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";

char
lower (char c)
{
  return c >= 'A' && c <= 'Z' ? static_cast<char> (c + ('a' - 'A')) : c;
}

bool
is_alnum (char c)
{
  return (c >= '0' && c <= '9') || (lower (c) >= 'a' && lower (c) <= 'z');
}

bool
is_token (std::string_view text)
{
  return !text.empty () && std::ranges::all_of (text, [] (char c) {
    return is_alnum (c) || token_marks.find (c) != std::string_view::npos;
  });
}

std::string_view
trimmed (std::string_view text)
{
  const auto begin = text.find_first_not_of (" \t");
  if (begin == std::string_view::npos)
    return {};
  return text.substr (begin, text.find_last_not_of (" \t") - begin + 1);
}

/** Whether @p item is in a list with commas. */
bool
lists (std::string_view list, std::string_view item)
{
  while (!list.empty ()) {
    const auto one = list.substr (0, list.find (','));
    if (same_name (trimmed (one), item))
      return true;
    list.remove_prefix (std::min (one.size () + 1, list.size ()));
  }
  return false;
}

std::string_view
take_line (std::string_view &text)
{
  const auto line = text.substr (0, text.find ('\n'));
  text.remove_prefix (std::min (line.size () + 1, text.size ()));
  return line.ends_with ('\r') ? line.substr (0, line.size () - 1) : line;
}

/** None that some take for the target's end: white space of any kind, and the mark of a fragment
 * (section 3.2). */
bool
may_be_in_target (char c)
{
  return static_cast<unsigned char> (c) > ' ' && c != 0x7f && c != '#';
}

/** "GET /path HTTP/1.1" */
bool
parse_request_line (std::string_view line, RequestHead &out, unsigned &minor)
{
  const auto first = line.find (' '), last = line.rfind (' ');
  if (first == std::string_view::npos || first == last)
    return false;
  const auto version = line.substr (last + 1), target = line.substr (first + 1, last - first - 1);
  if ((version != "HTTP/1.1" && version != "HTTP/1.0") || !is_token (line.substr (0, first))
      || !std::ranges::all_of (target, may_be_in_target))
    return false;
  minor = version.back () == '1';
  out.method = line.substr (0, first);
  if (out.method == "CONNECT" || target == "*") {
    out.path = target;
    return true;
  }
  auto parsed = parse_target (target);
  if (!parsed)
    return false;
  std::tie (out.path, out.query) = std::move (*parsed);
  return true;
}

/** A folded line has no name, whatever it holds (section 5.2). */
bool
parse_fields (std::string_view text, RequestHead &out)
{
  while (!text.empty ()) {
    const auto line = take_line (text);
    const auto colon = line.find (':');
    if (colon == std::string_view::npos || !is_token (line.substr (0, colon)))
      return false;
    out.fields.emplace_back (line.substr (0, colon), trimmed (line.substr (colon + 1)));
  }
  return true;
}

/** Section 6: where the body ends is said once, and so that nobody can read it otherwise. */
bool
parse_framing (RequestHead &out, unsigned minor)
{
  bool framed = false;
  for (const auto &[name, value] : out.fields) {
    const bool length = same_name (name, "Content-Length");
    if (!length && !same_name (name, "Transfer-Encoding"))
      continue;
    if (std::exchange (framed, true))
      return false;
    if (!length) {
      if (minor == 0 || !same_name (value, "chunked"))
        return false;
      out.chunked = true;
      continue;
    }
    const auto *end = value.data () + value.size ();
    if (value.empty () || value.size () > 10
        || value.find_first_not_of ("0123456789") != std::string::npos
        || std::from_chars (value.data (), end, out.body_size).ptr != end)
      return false;
  }
  return true;
}

/** RFC 3986 sections 3.2.2 and 3.2.3, but for where each of these may stand. */
bool
is_host (std::string_view text)
{
  static constexpr std::string_view marks = "-._~!$&'()*+,;=:[]%";
  return std::ranges::all_of (
      text, [] (char c) { return is_alnum (c) || marks.find (c) != std::string_view::npos; });
}

/** Section 3.2: one, unless the client is older than the header. */
bool
has_right_host (const RequestHead &head, unsigned minor)
{
  const auto is_named = [] (const auto &field) {
    return same_name (field.first, "Host");
  };
  const auto hosts = std::ranges::count_if (head.fields, is_named);
  return hosts == 0 ? minor == 0 : hosts == 1 && is_host (*head.field ("Host"));
}

/** RFC 3986 section 5.2.4. */
std::string
without_dots (std::string_view path)
{
  std::string out;
  while (!path.empty ()) {
    const auto segment = path.substr (0, path.find ('/', 1));
    path.remove_prefix (segment.size ());
    if (segment == "/." || segment == "/..") {
      if (segment == "/..")
        out.resize (out.empty () ? 0 : out.rfind ('/'));
      if (path.empty ())
        out += '/';
      continue;
    }
    out += segment;
  }
  return out;
}

} // namespace

bool
same_name (std::string_view a, std::string_view b)
{
  return std::ranges::equal (a, b, {}, lower, lower);
}

std::optional<std::string_view>
RequestHead::field (std::string_view name) const
{
  for (const auto &[each, value] : fields)
    if (same_name (each, name))
      return value;
  return std::nullopt;
}

std::string
RequestHead::list (std::string_view name) const
{
  std::string out;
  for (const auto &[each, value] : fields)
    if (same_name (each, name))
      out += (out.empty () ? "" : ", ") + value;
  return out;
}

std::optional<std::pair<std::string, std::string>>
parse_target (std::string_view target)
{
  constexpr std::string_view scheme = "http://";
  bool empty_path = false;
  if (target.size () > scheme.size () && same_name (target.substr (0, scheme.size ()), scheme)) {
    // A slash behind the question mark begins no path.
    target.remove_prefix (scheme.size ());
    const auto host = target.substr (0, target.find_first_of ("/?"));
    if (host.empty () || !is_host (host))
      return std::nullopt;
    target.remove_prefix (host.size ());
    empty_path = !target.starts_with ('/');
  }
  const auto question = target.find ('?');
  const auto path = empty_path ? "/" : percent_decode (target.substr (0, question));
  if (!path || !path->starts_with ('/') || path->find ('\0') != std::string::npos)
    return std::nullopt;
  return std::pair (without_dots (*path),
      std::string (question == std::string_view::npos ? "" : target.substr (question + 1)));
}

std::optional<RequestHead>
parse_request_head (std::string_view text)
{
  RequestHead out;
  unsigned minor = 0;
  if (!parse_request_line (take_line (text), out, minor) || !parse_fields (text, out)
      || !parse_framing (out, minor) || !has_right_host (out, minor))
    return std::nullopt;
  // Of 1.0 nobody needs the connection again.
  out.keep_alive = minor == 1 && !lists (out.list ("Connection"), "close");
  out.expects_continue = minor == 1 && lists (out.list ("Expect"), "100-continue");
  return out;
}

} // namespace stagedoor::http1
