// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/names.hpp"

#include "libs/base/text.hpp"

namespace stagedoor::rtmp {

namespace {

struct Split
{
  std::string_view path, query;
};

Split
split_query (std::string_view text)
{
  const auto mark = text.find ('?');
  if (mark == std::string_view::npos)
    return {text, {}};
  return {text.substr (0, mark), text.substr (mark + 1)};
}

/** "live" of "/live/instance". */
std::string_view
first_component (std::string_view path)
{
  while (path.starts_with ('/'))
    path.remove_prefix (1);
  return path.substr (0, path.find ('/'));
}

struct Url
{
  std::string_view origin; ///< "rtmp://host:1935"
  std::string_view path, query;
};

Url
split_url (std::string_view url)
{
  const auto [base, query] = split_query (url);
  const auto authority = base.find ("://");
  if (authority == std::string_view::npos)
    return {{}, base, query};
  const auto slash = base.find ('/', authority + 3);
  if (slash == std::string_view::npos)
    return {base, {}, query};
  return {base.substr (0, slash), base.substr (slash), query};
}

/** A broken escape stays as it is: no valid name holds a '%', so nobody takes it for another. */
std::string
decode (std::string_view name)
{
  return percent_decode (name).value_or (std::string (name));
}

} // namespace

OrFailure<PublishRequest>
make_publish_request (std::string_view app, std::string_view tc_url, std::string_view name)
{
  for (const auto text : {app, tc_url, name})
    if (text.size () > longest_url)
      return failure ("the server URL or the stream key is longer than the bound of "
                      + std::to_string (longest_url) + " bytes");
  const auto url = split_url (tc_url);
  const auto [app_path, app_query] = split_query (app);
  const auto [stream, name_query] = split_query (name);
  auto app_name = first_component (app_path);
  if (app_name.empty ())
    app_name = first_component (url.path);
  if (app_name.size () > longest_name || stream.size () > longest_name)
    return failure ("the name of the app or of the stream is longer than the bound of "
                    + std::to_string (longest_name) + " bytes");
  PublishRequest out{.app = decode (app_name), .stream = decode (stream)};
  out.query = url.query.empty () ? app_query : url.query;
  if (!out.query.empty () && !name_query.empty ())
    out.query += '&';
  out.query += name_query;
  if (!url.origin.empty ()) {
    ((((out.url += url.origin) += '/') += app_name) += '/') += stream;
    if (!out.query.empty ())
      (out.url += '?') += out.query;
  }
  return out;
}

} // namespace stagedoor::rtmp
