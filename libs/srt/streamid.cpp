// SPDX-License-Identifier: LGPL-2.1-or-later
// "SRT Access Control (Stream ID) Guidelines" for the form with items; docs/keys.md for the others.
#include "libs/srt/streamid.hpp"

#include <algorithm>
#include <optional>

#include "libs/base/text.hpp"

namespace stagedoor::srt {
namespace {

using Mode = StreamId::Mode;
using Result = tl::expected<StreamId, std::string>;

constexpr std::string_view items_prefix = "#!::";
constexpr std::string_view url_prefix = "srt://";

tl::unexpected<std::string>
fail (std::string text)
{
  return tl::unexpected ("the streamid " + std::move (text));
}

bool
take_prefix (std::string_view &text, std::string_view prefix)
{
  if (!text.starts_with (prefix))
    return false;
  text.remove_prefix (prefix.size ());
  return true;
}

bool
is_printable (std::string_view text)
{
  return std::ranges::all_of (text, [] (char c) { return c > ' ' && c < 0x7f; });
}

/** @p path is APP/STREAM or VHOST/APP/STREAM, and maybe a query. */
Result
parse_path (std::string_view text, Mode mode)
{
  StreamId out{.mode = mode};
  auto path = text;
  const bool old_form = take_prefix (path, url_prefix);
  const auto question = path.find ('?');
  if (question != std::string_view::npos) {
    out.query = path.substr (question + 1);
    path = path.substr (0, question);
  }
  const auto parts = 1 + std::ranges::count (path, '/');
  if (parts != 3 && (old_form || parts != 2))
    return fail (
        old_form ? "is an URL, but not srt://HOST/APP/STREAM" : "names no stream as APP/STREAM");
  if (parts == 3) {
    out.url = old_form ? text : std::string (url_prefix).append (text);
    if (path.starts_with ('/'))
      return fail ("begins with '/'");
    path.remove_prefix (path.find ('/') + 1);
  }
  const auto slash = path.find ('/');
  out.app = path.substr (0, slash);
  out.stream = path.substr (slash + 1);
  if (!is_valid_name (out.app))
    return fail ("has an app name with other characters than letters, digits, '_', '.' and '-'");
  if (!is_valid_name (out.stream))
    return fail ("has a stream name with other characters than letters, digits, '_', '.' and '-'");
  return out;
}

struct Items
{
  std::optional<std::string> resource, user, mode, key, type;

  std::optional<std::string> *by_name (std::string_view name)
  {
    return name == "r"     ? &resource
           : name == "u"   ? &user
           : name == "m"   ? &mode
           : name == "key" ? &key
           : name == "t"   ? &type
                           : nullptr;
  }
};

/** @p text is what follows "#!::". Items that nothing here needs are let pass. */
tl::expected<Items, std::string>
split_items (std::string_view text, bool decode)
{
  Items out;
  while (!text.empty ()) {
    const auto item = text.substr (0, text.find (','));
    text.remove_prefix (std::min (item.size () + 1, text.size ()));
    const auto equals = item.find ('=');
    if (equals == 0 || equals == std::string_view::npos)
      return fail ("has an item that isn't NAME=VALUE");
    auto *known = out.by_name (item.substr (0, equals));
    if (known == nullptr)
      continue;
    if (*known)
      return fail ("has the item " + std::string (item.substr (0, equals)) + " twice");
    const auto value = item.substr (equals + 1);
    *known = decode ? percent_decode (value) : std::string (value);
    if (!*known || !is_printable (**known))
      return fail ("has a broken percent-encoding");
  }
  return out;
}

Result
parse_items (std::string_view text, bool decode)
{
  const auto items = split_items (text, decode);
  if (!items)
    return tl::unexpected (items.error ());
  if (items->type.value_or ("stream") != "stream")
    return fail ("asks for something else than t=stream");
  // OvenMediaEngine has no m: there the port says what is meant.
  const auto mode = items->mode.value_or (items->resource ? "request" : "publish");
  if (mode != "publish" && mode != "request")
    return fail ("has a mode other than m=publish and m=request");
  const auto &path = items->resource ? items->resource : items->user;
  if (!path)
    return fail ("has no r=APP/STREAM");
  auto out = parse_path (*path, mode == "publish" ? Mode::publish : Mode::request);
  if (out && items->key)
    out->query += (out->query.empty () ? "key=" : "&key=") + *items->key;
  return out;
}

} // namespace

Result
parse_streamid (std::string_view text)
{
  if (text.empty ())
    return fail ("is missing; publish:APP/STREAM?key=KEY is one");
  if (text.size () > max_streamid)
    return fail ("is longer than 512 bytes");
  if (!is_printable (text))
    return fail ("has blanks, control characters or other than ASCII");
  if (take_prefix (text, items_prefix))
    return parse_items (text, true);
  const auto decoded = percent_decode (text);
  if (!decoded || !is_printable (*decoded))
    return fail ("has a broken percent-encoding");
  std::string_view rest = *decoded;
  if (take_prefix (rest, items_prefix))
    return parse_items (rest, false);
  if (take_prefix (rest, "request:"))
    return parse_path (rest, Mode::request);
  take_prefix (rest, "publish:");
  return parse_path (rest, Mode::publish);
}

} // namespace stagedoor::srt
