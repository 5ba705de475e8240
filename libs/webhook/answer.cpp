// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading answers, which are to be believed only when they are right in everything.
#include <limits>

#include "libs/base/text.hpp"
#include "libs/keys/flat_json.hpp"
#include "libs/webhook/webhook.hpp"

namespace stagedoor::webhook {

namespace {

using keys::JsonValue;
using Kind = JsonValue::Kind;
using Members = std::map<std::string, JsonValue, std::less<>>;
using Checked = tl::expected<void, std::string>;

constexpr std::size_t most_reason = 200;
/** A century. */
constexpr std::uint64_t longest_lifetime_ms = 3'155'760'000'000;

tl::unexpected<std::string>
wrong (std::string text)
{
  return tl::unexpected (std::move (text));
}

/** nullptr when it is absent, or null. */
const JsonValue *
find (const Members &members, std::string_view name)
{
  const auto found = members.find (name);
  return found == members.end () || found->second.kind == Kind::null ? nullptr : &found->second;
}

Checked
read_lifetime (const Members &members, std::string_view name, bool zero_is_none, Answer &out)
{
  const auto *value = find (members, name);
  if (value == nullptr)
    return {};
  const auto lifetime = value->as_unsigned ();
  if (!lifetime || *lifetime > longest_lifetime_ms || (*lifetime == 0 && !zero_is_none))
    return wrong ("'" + std::string (name) + "' is no number of milliseconds");
  out.lifetime_ms = static_cast<std::int64_t> (*lifetime);
  return {};
}

Checked
read_reason (const Members &members, Answer &out)
{
  const auto *value = find (members, "reason");
  if (value == nullptr)
    return {};
  if (value->kind != Kind::string)
    return wrong ("'reason' is no text");
  out.reason = printable (value->text, most_reason);
  return {};
}

Checked
read_stream (const Members &members, std::string_view app, Answer &out)
{
  const auto *value = find (members, "stream");
  if (value == nullptr)
    return {};
  if (value->kind != Kind::string || !is_valid_name (value->text))
    return wrong ("'stream' is no name of a stream");
  out.name = std::string (app) + "/" + value->text;
  return {};
}

/** Scheme, host, port and whatever follows the stream's name say nothing to us. */
Checked
read_new_url (const Members &members, Answer &out)
{
  const auto *value = find (members, "new_url");
  if (value == nullptr)
    return {};
  const auto failure = wrong ("'new_url' is no URL with an app and a stream");
  if (value->kind != Kind::string)
    return failure;
  std::string_view rest = value->text;
  rest = rest.substr (0, rest.find_first_of ("?#"));
  const auto host = rest.find ("://");
  const auto path = host == std::string_view::npos ? host : rest.find ('/', host + 3);
  if (path == std::string_view::npos)
    return failure;
  rest.remove_prefix (path + 1);
  const auto slash = rest.find ('/');
  if (slash == std::string_view::npos)
    return failure;
  const auto app = rest.substr (0, slash);
  rest.remove_prefix (slash + 1);
  const auto stream = rest.substr (0, rest.find ('/'));
  if (!is_valid_name (app) || !is_valid_name (stream))
    return failure;
  out.name = std::string (app) + "/" + std::string (stream);
  return {};
}

} // namespace

tl::expected<Answer, std::string>
read_answer (Dialect dialect, std::string_view body, std::string_view app)
{
  if (body.size () > most_answer)
    return wrong ("the answer is longer than 64 KiB");
  const auto members = keys::parse_flat_object (body);
  if (!members)
    return wrong ("the answer is no JSON object");
  const auto *allowed = find (*members, "allowed");
  if (allowed == nullptr || allowed->kind != Kind::boolean)
    return wrong ("'allowed' is neither true nor false");
  Answer out{.allowed = allowed->text == "true"};
  const bool ome = dialect == Dialect::ome;
  auto checked = read_reason (*members, out);
  if (checked && out.allowed)
    checked = read_lifetime (*members, ome ? "lifetime" : "lifetime-ms", ome, out);
  if (checked && out.allowed)
    checked = ome ? read_new_url (*members, out) : read_stream (*members, app, out);
  if (!checked)
    return tl::unexpected (std::move (checked.error ()));
  return out;
}

} // namespace stagedoor::webhook
