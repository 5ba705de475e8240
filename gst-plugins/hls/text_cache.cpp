// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/text_cache.hpp"

#include <algorithm>

#include <zlib.h>

#include "libs/base/bytes.hpp"

namespace stagedoor::hlssink {
namespace {

constexpr const char *playlist_type = "application/vnd.apple.mpegurl";

const Bytef *
data_of (const Piece &piece)
{
  return static_cast<const Bytef *> (g_bytes_get_data (piece.get (), nullptr));
}

uInt
size_of (const Piece &piece)
{
  return static_cast<uInt> (g_bytes_get_size (piece.get ()));
}

Piece
to_piece_of (std::string_view text)
{
  return adopt (g_bytes_new (text.data (), text.size ()));
}

/** As RFC 1951 has it, and so that more may follow: not the last block, and at a byte's end. */
Piece
deflated (const Piece &text)
{
  constexpr int level = 3; // it is done at each change, and makes a fifth of it all the same
  constexpr int raw_window_bits = -15, memory_level = 8;
  z_stream stream{};
  if (deflateInit2 (&stream, level, Z_DEFLATED, raw_window_bits, memory_level, Z_DEFAULT_STRATEGY)
      != Z_OK)
    return nullptr;
  constexpr uLong flush_room = 16;
  Bytes out (deflateBound (&stream, size_of (text)) + flush_room);
  stream.next_in = const_cast<Bytef *> (data_of (text));
  stream.avail_in = size_of (text);
  stream.next_out = out.data ();
  stream.avail_out = static_cast<uInt> (out.size ());
  deflate (&stream, Z_FULL_FLUSH);
  out.resize (stream.total_out);
  deflateEnd (&stream);
  return to_piece (std::move (out));
}

void
put_u16_le (Bytes &out, unsigned value)
{
  out.push_back (static_cast<std::uint8_t> (value));
  out.push_back (static_cast<std::uint8_t> (value >> 8));
}

void
put_u32_le (Bytes &out, unsigned long value)
{
  put_u16_le (out, static_cast<unsigned> (value & 0xffff));
  put_u16_le (out, static_cast<unsigned> (value >> 16 & 0xffff));
}

/** Blocks that aren't compressed, the last one marked so (RFC 1951 section 3.2.4). */
void
put_stored (Bytes &out, std::string_view rest)
{
  constexpr std::size_t most = 0xffff;
  do {
    const auto now = rest.substr (0, most);
    rest.remove_prefix (now.size ());
    out.push_back (rest.empty () ? 1 : 0);
    put_u16_le (out, static_cast<unsigned> (now.size ()));
    put_u16_le (out, ~static_cast<unsigned> (now.size ()));
    out.insert (out.end (), now.begin (), now.end ());
  } while (!rest.empty ());
}

const Piece &
gzip_head ()
{
  static const std::uint8_t bytes[]{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}; // RFC 1952
  static const Piece head = adopt (g_bytes_new_static (bytes, sizeof bytes));
  return head;
}

} // namespace

void
TextCache::compress (Shared &shared)
{
  shared.deflated = deflated (shared.plain);
  shared.crc = crc32 (0, data_of (shared.plain), size_of (shared.plain));
}

/** The shared text, compressed once, and after it @p rest: a gzip file made of pieces. */
http::Content
TextCache::content (const Shared &shared, const std::string &rest, bool gzip)
{
  http::Content out{.type = playlist_type,
      .pieces = {},
      .etag = {},
      .cache_control = "no-store",
      .encoding = gzip ? "gzip" : nullptr,
      .varies = true};
  if (!gzip) {
    out.pieces = {shared.plain, to_piece_of (rest)};
    return out;
  }
  Bytes end;
  put_stored (end, rest);
  const auto crc =
      crc32 (0, reinterpret_cast<const Bytef *> (rest.data ()), static_cast<uInt> (rest.size ()));
  put_u32_le (end, crc32_combine (shared.crc, crc, static_cast<z_off_t> (rest.size ())));
  put_u32_le (end, size_of (shared.plain) + rest.size ());
  out.pieces = {gzip_head (), shared.deflated, to_piece (std::move (end))};
  return out;
}

http::Content
TextCache::make (const std::string &text, bool gzip)
{
  Shared once{.plain = to_piece_of (text)};
  if (gzip)
    compress (once);
  return content (once, {}, gzip && once.deflated);
}

http::Content
TextCache::get (const std::string &place, const Text &text, const std::string &media_query,
    const std::string &query, bool gzip)
{
  auto &at = places_[place];
  if (at.tag != text.tag) {
    at.texts.clear ();
    at.bytes = 0;
    at.tag = text.tag;
  }
  Shared once;
  auto *shared = &once;
  const bool has_room = at.texts.size () < most_queries && at.bytes < most_bytes;
  if (has_room || at.texts.contains (media_query))
    shared = &at.texts[media_query];
  if (!shared->plain) {
    shared->plain = to_piece_of (text.media.with_query (media_query));
    at.bytes += shared != &once ? size_of (shared->plain) : 0;
  }
  if (gzip && !shared->deflated) {
    compress (*shared);
    at.bytes += shared != &once && shared->deflated ? size_of (shared->deflated) : 0;
  }
  gzip = gzip && shared->deflated;
  auto out = content (*shared, text.playlists.with_query (query), gzip);
  out.etag = '"' + text.tag + (gzip ? "-gzip\"" : "\"");
  return out;
}

} // namespace stagedoor::hlssink
