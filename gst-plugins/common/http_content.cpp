// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/http_content.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "gst-plugins/common/http_exchange.hpp"

namespace stagedoor::http {
namespace {

struct Range
{
  std::size_t first = 0, size = 0;
};
enum class Want { everything, range, nothing };

std::size_t
size_of (const std::vector<Ref<GBytes>> &pieces)
{
  std::size_t out = 0;
  for (const auto &piece : pieces)
    out += g_bytes_get_size (piece.get ());
  return out;
}

std::optional<std::size_t>
number (std::string_view text)
{
  std::size_t out = 0;
  const auto [end, error] = std::from_chars (text.data (), text.data () + text.size (), out);
  if (error == std::errc::result_out_of_range)
    return SIZE_MAX;
  return error == std::errc () && end == text.data () + text.size () ? std::optional (out)
                                                                     : std::nullopt;
}

/** One range of bytes. Several, other units and what can't be read are as if they weren't there
 * (RFC 9110 section 14.2), so nobody gets an answer in many pieces. */
Want
read_range (std::string_view text, std::size_t total, Range &out)
{
  constexpr std::string_view unit = "bytes=";
  if (!text.starts_with (unit))
    return Want::everything;
  text.remove_prefix (unit.size ());
  const auto dash = text.find ('-');
  if (dash == std::string_view::npos)
    return Want::everything;
  const auto first = number (text.substr (0, dash)), last = number (text.substr (dash + 1));
  if (dash == 0) { // the last so many
    if (!last)
      return Want::everything;
    out.size = std::min (*last, total);
    out.first = total - out.size;
    return out.size > 0 ? Want::range : Want::nothing;
  }
  if (!first || (!last && dash + 1 < text.size ()) || (last && *last < *first))
    return Want::everything;
  if (*first >= total)
    return Want::nothing;
  out.first = *first;
  out.size = std::min (last.value_or (SIZE_MAX - 1), total - 1) - *first + 1;
  return Want::range;
}

std::vector<Ref<GBytes>>
cut (const std::vector<Ref<GBytes>> &pieces, Range range)
{
  std::vector<Ref<GBytes>> out;
  for (const auto &piece : pieces) {
    const auto size = g_bytes_get_size (piece.get ());
    const auto skip = std::min (range.first, size);
    const auto taken = std::min (range.size, size - skip);
    range.first -= skip;
    range.size -= taken;
    if (taken > 0)
      out.push_back (adopt (g_bytes_new_from_bytes (piece.get (), skip, taken)));
  }
  return out;
}

/** Whether a list of ETags has this one; weak or not makes no difference here. */
bool
lists (std::string_view list, std::string_view etag)
{
  return list == "*" || list.find (etag) != std::string_view::npos;
}

void
describe (const Request &request, const Content &content)
{
  if (!content.etag.empty ())
    set_header (request, "ETag", content.etag);
  set_header (request, "Cache-Control", content.cache_control);
  if (content.varies)
    set_header (request, "Vary", "Accept-Encoding");
  if (content.ranges)
    set_header (request, "Accept-Ranges", "bytes");
}

std::size_t
respond_range (const Request &request, const Content &content, Range range, std::size_t total)
{
  set_header (request, "Content-Range",
      "bytes " + std::to_string (range.first) + "-" + std::to_string (range.first + range.size - 1)
          + "/" + std::to_string (total));
  respond_bytes (request, SOUP_STATUS_PARTIAL_CONTENT, content.type, cut (content.pieces, range));
  return range.size;
}

} // namespace

std::size_t
respond_content (const Request &request, const Content &content)
{
  describe (request, content);
  request.exchange->longest = content.longest;
  if (const auto known = header (request, "If-None-Match");
      known && !content.etag.empty () && lists (*known, content.etag)) {
    respond (request, SOUP_STATUS_NOT_MODIFIED, nullptr, {});
    return 0;
  }
  const auto total = size_of (content.pieces);
  const auto same = header (request, "If-Range");
  Range range;
  if (content.ranges && request.method == "GET" && (!same || *same == content.etag))
    switch (read_range (request.range, total, range)) {
      case Want::range:
        return respond_range (request, content, range, total);
      case Want::nothing:
        set_header (request, "Content-Range", "bytes */" + std::to_string (total));
        set_header (request, "Cache-Control", "no-store"); // what else is asked for may be there
        respond_problem (request, SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE,
            "this is shorter than what is asked for");
        return 0;
      case Want::everything:
        break;
    }
  if (content.encoding != nullptr)
    set_header (request, "Content-Encoding", content.encoding);
  respond_bytes (request, SOUP_STATUS_OK, content.type, content.pieces);
  return request.method == "GET" ? total : 0;
}

bool
accepts_gzip (const Request &request)
{
  const auto list = request.exchange->asked.list ("Accept-Encoding");
  if (list.empty ())
    return false;
  GSList *refused = nullptr;
  GSList *taken = soup_header_parse_quality_list (list.c_str (), &refused);
  bool out = false;
  for (const GSList *coding = taken; coding != nullptr; coding = coding->next) {
    const auto *name = static_cast<const char *> (coding->data);
    out = out || g_ascii_strcasecmp (name, "gzip") == 0;
  }
  soup_header_free_list (taken);
  soup_header_free_list (refused);
  return out;
}

bool
is_reading (const Request &request)
{
  if (request.method == "GET" || request.method == "HEAD")
    return true;
  if (request.method == "OPTIONS") {
    respond (request, SOUP_STATUS_NO_CONTENT, nullptr, {});
  } else {
    set_header (request, "Allow", "GET, HEAD, OPTIONS");
    respond_problem (request, SOUP_STATUS_METHOD_NOT_ALLOWED, "this can only be read");
  }
  return false;
}

} // namespace stagedoor::http
