// SPDX-License-Identifier: LGPL-2.1-or-later
// Playlists as they go out: made once for all clients that show the same key, compressed once.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "gst-plugins/common/http_content.hpp"
#include "gst-plugins/hls/presentation.hpp"

namespace stagedoor::hlssink {

/** http thread. */
class TextCache
{
public:
  /** @p place tells texts apart that replace each other; @p media_query is what URIs of media carry
   * on, @p query those of playlists, which name the viewer, too. */
  http::Content get (const std::string &place, const Text &text, const std::string &media_query,
      const std::string &query, bool gzip);

  /** Without a cache: for one client. */
  static http::Content make (const std::string &text, bool gzip);

private:
  /** Of one playlist that are remembered: keys, and bytes, for a key is in each URI. */
  static constexpr std::size_t most_queries = 256, most_bytes = 4 * 1024 * 1024;

  /** What is the same for all that show the same key. */
  struct Shared
  {
    Piece plain;
    Piece deflated; ///< none while nobody has asked for that
    unsigned long crc = 0;
  };
  struct Place
  {
    std::string tag;
    std::unordered_map<std::string, Shared> texts; // by query
    std::size_t bytes = 0;                         // of them
  };
  static void compress (Shared &shared);
  static http::Content content (const Shared &shared, const std::string &rest, bool gzip);

  std::map<std::string, Place> places_;
};

} // namespace stagedoor::hlssink
