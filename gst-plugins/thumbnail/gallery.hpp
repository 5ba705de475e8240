// SPDX-License-Identifier: LGPL-2.1-or-later
// What is shown of a stream: keeps its last key frame, and makes pictures of it when somebody asks.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>

#include "gst-plugins/common/http_content.hpp"
#include "gst-plugins/thumbnail/small_picture.hpp"

namespace stagedoor::thumbnail {

class Gallery : public std::enable_shared_from_this<Gallery>
{
public:
  struct Stats
  {
    guint64 requests = 0, decoded = 0, failed = 0;
  };

  /** Any thread. A key frame is decoded at most so often. */
  void set_interval (unsigned seconds) { interval_s_ = seconds; }
  unsigned interval () const { return interval_s_; }
  Stats stats () const;

  /** Streaming thread. */
  void keep (GstBuffer *key_frame, GstCaps *caps);
  /** There is no stream any more. */
  void forget ();

  /** http thread. Waits for nobody: who asks for what has to be made is answered later. */
  void answer (const http::Request &request, Format format);
  /** Nobody is answered any more but by 503. */
  void close ();

private:
  struct Image
  {
    Ref<GBytes> bytes;
    std::string etag;
    const char *type;
  };
  using File = Made<Image>;
  /** All that was made of one key frame. */
  struct Shot
  {
    std::uint64_t number = 0; ///< of the key frame; 0: none
    gint64 taken_us = 0;
    Made<Ref<GstSample>> picture{};
    std::array<std::shared_ptr<const File>, format_count> files{};

    std::shared_ptr<const File> &file (Format format)
    {
      return files[static_cast<std::size_t> (format)];
    }
  };
  struct Waiting
  {
    std::unique_ptr<http::Deferred> request;
    Format format;
  };
  /** Enough for a page that everybody looks at; each costs a connection's place. */
  static constexpr std::size_t most_waiting = 256;

  /** What becomes of a request. */
  enum class Now { nothing, full, made, waits, begins };

  bool is_stale (const Shot &shot) const;
  /** Puts the request among those that wait, when it has to. */
  std::pair<Now, std::shared_ptr<const File>> look (const http::Request &request, Format format);
  void make_what_is_wanted ();
  void take (Shot &shot);
  void make_missing (Shot &shot, Format format) const;
  void respond (const http::Request &request, const File &file) const;

  std::atomic<unsigned> interval_s_ = 5;
  mutable std::mutex mutex_;    // innermost; guards all below
  Ref<GstSample> key_frame_;    // the newest; none: the stream has brought none
  std::uint64_t number_ = 0;    // of key frames so far
  Shot shot_;                   // the newest
  std::deque<Waiting> waiting_; // in no order
  bool busy_ = false;           // something is being made, or in the queue for that
  Stats stats_;
};

} // namespace stagedoor::thumbnail
