// SPDX-License-Identifier: LGPL-2.1-or-later
// The stream's addresses on the HTTP server: playlists, which may be waited for, and media.
#pragma once

#include <atomic>
#include <deque>

#include "gst-plugins/hls/access.hpp"
#include "gst-plugins/hls/sessions.hpp"
#include "gst-plugins/hls/text_cache.hpp"

namespace stagedoor::hlssink {

struct Served
{
  std::uint64_t viewers = 0, joined = 0, waiting = 0;
  std::uint64_t playlists = 0, media = 0, bytes = 0, refused = 0, overload = 0;
};

/** Kept alive by its route, its timer and by what is posted to the http thread, and does all its
 * work there. Has to be closed. */
class Endpoint : public std::enable_shared_from_this<Endpoint>
{
public:
  struct Setup
  {
    std::string path; ///< "/live/demo"
    std::shared_ptr<Presentation> presentation;
    Access access;
    std::function<void (bool)> watched; ///< called on the http thread
    std::size_t most_waiting = 16'384;  ///< requests; others are answered 503
  };
  static std::shared_ptr<Endpoint> open (const std::shared_ptr<http::Server> &server, Setup setup);
  Endpoint (const std::shared_ptr<http::Server> &server, Setup setup);

  /** From then on requests are answered 404, and nobody is called. */
  void close ();
  /** Something new can be served. Any thread. */
  void notify ();
  Served served () const; ///< any thread

private:
  using Clock = Sessions::Clock;

  /** A request for something that isn't there yet. */
  struct Waiting
  {
    std::unique_ptr<http::Deferred> request;
    std::string pad;            ///< of a media playlist
    hls::Directives directives; ///< of that
    std::string file;           ///< media
    bool whole = false;         ///< neither of them: segments, as parts are no use
    Clock::time_point until;
  };

  // The http thread.
  void on_request (const http::Request &request);
  void serve (const http::Request &request, bool may_wait);
  bool is_welcome (const http::Request &request, bool begins);
  void serve_multivariant (const http::Request &request, bool may_wait);
  void serve_playlist (const http::Request &request, const std::string &pad, bool may_wait);
  void send_playlist (
      const http::Request &request, const std::string &pad, const hls::Directives &wanted);
  void serve_media (const http::Request &request, const std::string &file, bool may_wait);
  void wait (const http::Request &request, Waiting waiting);
  bool is_there (const Waiting &waiting) const;
  void answer_waiting ();
  void respond_absent (const http::Request &request, const char *text);
  void set_watched (bool watched);
  void start_ticking ();
  bool tick ();

  const std::weak_ptr<http::Server> server_;
  const std::uint16_t port_;
  const std::string path_;
  const std::shared_ptr<Presentation> presentation_;
  const Access access_;
  const std::size_t most_waiting_;
  std::mutex tell_mutex_;                   // held during the call; before Demand's
  std::function<void (bool)> watched_;      // protected by tell_mutex_; none once closed
  std::vector<http::Server::Token> tokens_; // the owner's thread
  std::atomic<bool> notified_ = false;
  std::atomic<std::uint64_t> viewers_ = 0, joined_ = 0, waiting_count_ = 0, playlists_ = 0,
                             media_ = 0, bytes_ = 0, refused_ = 0, overload_ = 0;
  // http thread:
  Sessions sessions_;
  TextCache texts_;
  std::deque<Waiting> waiting_;
  Clock::time_point asked_{}, expired_{}; ///< last time that somebody did; that sessions were
  bool is_watched_ = false, ticking_ = false, closed_ = false;
};

} // namespace stagedoor::hlssink
