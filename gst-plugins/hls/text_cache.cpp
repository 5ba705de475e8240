// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/text_cache.hpp"

#include <array>

#include <gio/gio.h>

namespace stagedoor::hlssink {
namespace {

constexpr const char *playlist_type = "application/vnd.apple.mpegurl";

Piece
to_piece_of (std::string_view text)
{
  return adopt (g_bytes_new (text.data (), text.size ()));
}

/** Fast, for it is done at each change: a playlist shrinks to a fifth all the same. */
Piece
compressed (const Piece &text)
{
  constexpr int level = 3;
  const Owned<GConverter, g_object_unref> compressor (
      G_CONVERTER (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, level)));
  gsize left = 0;
  const auto *from = static_cast<const char *> (g_bytes_get_data (text.get (), &left));
  std::string out;
  std::array<char, 16 * 1024> buffer;
  while (true) {
    gsize read = 0, written = 0;
    const auto result = g_converter_convert (compressor.get (), from, left, buffer.data (),
        buffer.size (), G_CONVERTER_INPUT_AT_END, &read, &written, nullptr);
    out.append (buffer.data (), written);
    from += read;
    left -= read;
    if (result == G_CONVERTER_FINISHED || result == G_CONVERTER_ERROR)
      break;
  }
  return to_piece_of (out);
}

http::Content
content_of (Piece plain, Piece gzip)
{
  const bool compress = bool (gzip);
  return {.type = playlist_type,
      .pieces = {compress ? std::move (gzip) : std::move (plain)},
      .etag = {},
      .cache_control = "no-store",
      .encoding = compress ? "gzip" : nullptr,
      .varies = true};
}

} // namespace

http::Content
TextCache::make (const std::string &text, bool gzip)
{
  auto plain = to_piece_of (text);
  return content_of (plain, gzip ? compressed (plain) : Piece ());
}

http::Content
TextCache::get (const std::string &place, const Text &text, const std::string &query, bool gzip)
{
  auto &at = places_[place];
  if (at.tag != text.tag) {
    at.forms.clear ();
    at.tag = text.tag;
  }
  Forms once;
  auto *forms = &once;
  if (at.forms.size () < most_queries || at.forms.contains (query))
    forms = &at.forms[query];
  if (!forms->plain)
    forms->plain = to_piece_of (text.text->with_query (query));
  if (gzip && !forms->gzip)
    forms->gzip = compressed (forms->plain);
  auto out = content_of (forms->plain, gzip ? forms->gzip : Piece ());
  out.etag = '"' + text.tag + (gzip ? "-gzip\"" : "\"");
  return out;
}

} // namespace stagedoor::hlssink
