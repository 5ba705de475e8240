// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/endpoint.hpp"

#include <algorithm>
#include <utility>

#include "gst-plugins/hls/carried_query.hpp"
#include "gst-plugins/hls/players.hpp"
#include "libs/base/text.hpp"

namespace stagedoor::hlssink {
namespace {

using namespace std::chrono_literals;

constexpr auto tick_time = 250ms;
/** A viewer who asks for nothing for so long has gone; longer where segments are. */
constexpr auto least_patience = 10s;
/** How long a playlist that is about to be there is waited for. */
constexpr auto start_patience = 3s;
/** And the first whole segment: somewhat more than the longest takes. */
constexpr auto segment_patience = hls::Segmenter::Options{}.longest + 1s;

constexpr const char *brief_caching = "public, max-age=1";

} // namespace

std::shared_ptr<Endpoint>
Endpoint::open (const std::shared_ptr<http::Server> &server, Setup setup)
{
  auto self = std::make_shared<Endpoint> (server, std::move (setup));
  // Not all below the path: what others serve there is theirs.
  for (const char *place : {"/playlist.m3u8", "/llhls.m3u8", "/hls"})
    self->tokens_.push_back (server->route (self->path_ + place, 0,
        [self] (const http::Request &request) { self->on_request (request); }));
  return self;
}

Endpoint::Endpoint (const std::shared_ptr<http::Server> &server, Setup setup)
    : server_ (server), port_ (server->port ()), path_ (std::move (setup.path)),
      presentation_ (std::move (setup.presentation)), access_ (std::move (setup.access)),
      most_waiting_ (setup.most_waiting), watched_ (std::move (setup.watched)),
      sessions_ (server->address () + path_)
{
}

void
Endpoint::close ()
{
  {
    std::lock_guard lock (tell_mutex_);
    watched_ = nullptr;
  }
  tokens_.clear ();
  if (const auto server = server_.lock ())
    server->post ([self = shared_from_this ()] {
      self->closed_ = true;
      std::exchange (self->waiting_, {}).clear (); // which answers 503
      self->sessions_.clear ();
    });
}

void
Endpoint::notify ()
{
  if (waiting_count_ == 0 || notified_.exchange (true))
    return;
  if (const auto server = server_.lock ())
    server->post ([self = shared_from_this ()] {
      self->notified_ = false;
      self->answer_waiting ();
    });
}

Served
Endpoint::served () const
{
  return {viewers_, joined_, waiting_count_, playlists_, media_, bytes_, refused_, overload_};
}

void
Endpoint::on_request (const http::Request &request)
{
  if (http::is_reading (request))
    serve (request, request.method == "GET");
}

/** Whether whoever asks may; answered if not. Who asks for the multivariant playlist begins anew.
 */
bool
Endpoint::is_welcome (const http::Request &request, bool begins)
{
  if (request.query.size () > hls::max_query
      || carried_query (request.query).size () > longest_carried_query) {
    http::respond_problem (request, SOUP_STATUS_REQUEST_URI_TOO_LONG, "the query is too long");
    return false;
  }
  const auto session = query_value (request.query, session_name);
  if (const auto refusal = access_.check (request, port_)) {
    ++refused_;
    respond_refused (request, *refusal);
    return false;
  }
  const auto now = Clock::now ();
  if (session && !begins && !sessions_.touch (*session, now)) {
    ++refused_;
    http::respond_problem (request, SOUP_STATUS_FORBIDDEN, "this session is none of this stream's");
    return false;
  }
  viewers_ = sessions_.viewers ();
  joined_ = sessions_.joined ();
  asked_ = now;
  set_watched (true);
  return true;
}

void
Endpoint::serve (const http::Request &request, bool may_wait)
{
  std::string_view place = request.path;
  place.remove_prefix (path_.size ());
  constexpr std::string_view below = "/hls/", playlist = ".m3u8";
  const bool begins = place == "/playlist.m3u8" || place == "/llhls.m3u8";
  if (!is_welcome (request, begins))
    return;
  if (begins)
    return serve_multivariant (request, may_wait);
  if (!place.starts_with (below))
    return respond_absent (request, "there is nothing at this address");
  place.remove_prefix (below.size ());
  if (place.ends_with (playlist))
    serve_playlist (
        request, std::string (place.substr (0, place.size () - playlist.size ())), may_wait);
  else
    serve_media (request, std::string (place), may_wait);
}

void
Endpoint::respond_absent (const http::Request &request, const char *text)
{
  http::set_header (request, "Cache-Control", brief_caching);
  http::respond_problem (request, SOUP_STATUS_NOT_FOUND, text);
}

void
Endpoint::serve_multivariant (const http::Request &request, bool may_wait)
{
  if (may_wait) {
    const auto readiness = presentation_->readiness ();
    const bool plain = needs_whole_segments (request), parts = readiness == Readiness::parts;
    const bool whole = plain || (parts && !presentation_->is_live ());
    if (readiness == Readiness::soon || (parts && whole))
      return wait (request,
          {.whole = whole, .until = Clock::now () + (whole ? segment_patience : start_patience)});
  }
  if (!presentation_->is_live ())
    return respond_absent (request, "the stream is not live");
  const auto query = with_session (carried_query (request.query), sessions_.new_token ());
  const auto content = TextCache::make (
      presentation_->multivariant ().with_query (query), http::accepts_gzip (request));
  ++playlists_;
  bytes_ += http::respond_content (request, content);
}

void
Endpoint::serve_playlist (const http::Request &request, const std::string &pad, bool may_wait)
{
  const auto wanted = hls::parse_directives (request.query);
  if (!wanted)
    return http::respond_problem (request, SOUP_STATUS_BAD_REQUEST, wanted.error ());
  const auto verdict = presentation_->judge (pad, *wanted);
  if (!verdict)
    return respond_absent (request, "there is no such playlist");
  switch (*verdict) {
    case hls::Verdict::bad_request:
      return http::respond_problem (
          request, SOUP_STATUS_BAD_REQUEST, "that is too far in the future");
    case hls::Verdict::now:
      return send_playlist (request, pad, *wanted);
    case hls::Verdict::wait:
      break;
  }
  if (may_wait)
    return wait (request,
        {.pad = pad, .directives = *wanted, .until = Clock::now () + 3 * presentation_->target ()});
  http::set_header (request, "Retry-After", "1");
  http::respond_problem (request, SOUP_STATUS_SERVICE_UNAVAILABLE, "nothing has come for a while");
}

void
Endpoint::send_playlist (
    const http::Request &request, const std::string &pad, const hls::Directives &wanted)
{
  const auto text = presentation_->playlist (pad, hls::Form::low_latency, wanted.skip);
  if (text == nullptr)
    return respond_absent (request, "there is no such playlist");
  const auto media_query = carried_query (request.query);
  const auto session = query_value (request.query, session_name).value_or ("");
  auto content = texts_.get (pad + "/" + std::to_string (static_cast<int> (wanted.skip)), *text,
      media_query, with_session (media_query, session), http::accepts_gzip (request));
  // One that was waited for is the answer to that question for as long as anybody may ask it.
  const auto age = wanted.msn ? 6 * presentation_->target () : std::chrono::seconds (1);
  const auto caching = (access_.is_public () ? "public, max-age=" : "private, max-age=")
                       + std::to_string (age.count ());
  content.cache_control = caching.c_str ();
  ++playlists_;
  bytes_ += http::respond_content (request, content);
}

void
Endpoint::serve_media (const http::Request &request, const std::string &file, bool may_wait)
{
  auto found = presentation_->find (file);
  if (found.wait && may_wait)
    return wait (request, {.file = file, .until = Clock::now () + 3 * presentation_->target ()});
  if (found.pieces.empty ())
    return respond_absent (request, "this is not there, or not any more");
  // Who takes longer has lost the next, and would only have us keep what is in no playlist any
  // more.
  const auto shown =
      std::chrono::seconds (presentation_->shape ().window) * presentation_->target ().count ();
  http::Content content{.type = found.video ? "video/mp4" : "audio/mp4",
      .pieces = std::move (found.pieces),
      .etag = '"' + file + '"',
      .cache_control = access_.is_public () ? "public, max-age=3600, immutable"
                                            : "private, max-age=3600, immutable",
      .ranges = true,
      .longest = std::max<std::chrono::seconds> (least_patience, shown)};
  ++media_;
  bytes_ += http::respond_content (request, content);
}

void
Endpoint::wait (const http::Request &request, Waiting waiting)
{
  if (waiting_.size () >= most_waiting_) {
    ++overload_;
    http::set_header (request, "Retry-After", "1");
    return http::respond_problem (
        request, SOUP_STATUS_SERVICE_UNAVAILABLE, "too many wait already");
  }
  waiting.request = std::make_unique<http::Deferred> (request);
  // A crowd's playlists would keep its media waiting, which go first.
  const auto &placed = waiting.file.empty () ? waiting_.emplace_back (std::move (waiting))
                                             : waiting_.emplace_front (std::move (waiting));
  waiting_count_ = waiting_.size ();
  start_ticking ();
  // What was waited for may have come between the look and the count, when nobody was told.
  if (is_there (placed))
    answer_waiting ();
}

bool
Endpoint::is_there (const Waiting &waiting) const
{
  if (!waiting.file.empty ())
    return !presentation_->find (waiting.file).wait;
  if (!waiting.pad.empty ())
    return presentation_->judge (waiting.pad, waiting.directives) != hls::Verdict::wait;
  const auto readiness = presentation_->readiness ();
  return readiness != Readiness::soon && !(waiting.whole && readiness == Readiness::parts);
}

void
Endpoint::answer_waiting ()
{
  const auto now = Clock::now ();
  std::vector<std::unique_ptr<http::Deferred>>
      due; // whose clients may ask at once for what comes next
  std::erase_if (waiting_, [&] (Waiting &waiting) {
    if (now < waiting.until && !is_there (waiting))
      return !waiting.request->is_awaited ();
    due.push_back (std::move (waiting.request));
    return true;
  });
  waiting_count_ = waiting_.size ();
  for (const auto &request : due)
    request->answer ([this] (const http::Request &answered) { serve (answered, false); });
}

void
Endpoint::set_watched (bool watched)
{
  if (is_watched_ == watched)
    return;
  is_watched_ = watched;
  if (watched)
    start_ticking ();
  std::lock_guard lock (tell_mutex_);
  if (watched_)
    watched_ (watched);
}

void
Endpoint::start_ticking ()
{
  if (ticking_)
    return;
  ticking_ = true;
  GSource *timer = g_timeout_source_new (static_cast<guint> (tick_time.count ()));
  g_source_set_callback (
      timer,
      [] (gpointer data) -> gboolean {
        return (*static_cast<std::shared_ptr<Endpoint> *> (data))->tick ();
      },
      new std::shared_ptr<Endpoint> (shared_from_this ()),
      [] (gpointer data) { delete static_cast<std::shared_ptr<Endpoint> *> (data); });
  g_source_attach (timer, g_main_context_get_thread_default ());
  g_source_unref (timer);
}

/** Until nobody watches or waits. */
bool
Endpoint::tick ()
{
  answer_waiting ();
  const auto now = Clock::now ();
  if (now - expired_ > 1s) {
    expired_ = now;
    const std::chrono::seconds patience =
        std::max<std::chrono::seconds> (least_patience, 4 * presentation_->target ());
    sessions_.expire (now, patience);
    viewers_ = sessions_.viewers ();
    if (sessions_.viewers () == 0 && now - asked_ > least_patience)
      set_watched (false);
  }
  ticking_ = !closed_ && (is_watched_ || !waiting_.empty ());
  return ticking_;
}

} // namespace stagedoor::hlssink
