// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/thumbnail/gallery.hpp"

#include <algorithm>

#include "gst-plugins/common/handover.hpp"

namespace stagedoor::thumbnail {

namespace {

std::string
etag_of (const std::string &bytes)
{
  const String sum (g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, reinterpret_cast<const guchar *> (bytes.data ()), bytes.size ()));
  return "\"" + std::string (sum.get ()).substr (0, 32) + "\"";
}

/** For all streams of the process: however many are looked at, one key frame is decoded at a time.
 * GLib ends the thread when it has had nothing to do for a while. */
void
run_one_after_the_other (std::shared_ptr<Gallery> gallery, void (*job) (Gallery &))
{
  struct Task
  {
    std::shared_ptr<Gallery> gallery;
    void (*job) (Gallery &);
  };
  static GThreadPool *pool = g_thread_pool_new (
      [] (gpointer data, gpointer) {
        taken_over (data);
        const std::unique_ptr<Task> task (static_cast<Task *> (data));
        task->job (*task->gallery);
      },
      nullptr, 1, FALSE, nullptr);
  auto *task = new Task{std::move (gallery), job};
  handed_over (task);
  g_thread_pool_push (pool, task, nullptr);
}

} // namespace

Gallery::Stats
Gallery::stats () const
{
  std::lock_guard lock (mutex_);
  return stats_;
}

void
Gallery::keep (GstBuffer *key_frame, GstCaps *caps)
{
  auto sample = adopt (gst_sample_new (key_frame, caps, nullptr, nullptr));
  std::lock_guard lock (mutex_);
  std::swap (key_frame_, sample); // the old one goes after the lock
  ++number_;
}

void
Gallery::forget ()
{
  Ref<GstSample> gone;
  Shot old;
  std::lock_guard lock (mutex_);
  std::swap (key_frame_, gone);
  std::swap (shot_, old);
}

void
Gallery::close ()
{
  std::deque<Waiting> gone; // answers after the lock
  std::lock_guard lock (mutex_);
  waiting_.swap (gone);
}

/** Under mutex_. */
bool
Gallery::is_stale (const Shot &shot) const
{
  if (shot.number == 0)
    return true;
  const auto age = g_get_monotonic_time () - shot.taken_us;
  return shot.number != number_ && age >= gint64{interval_s_} * G_USEC_PER_SEC;
}

void
Gallery::answer (const http::Request &request, Format format)
{
  if (!http::is_reading (request))
    return;
  switch (const auto [now, file] = look (request, format); now) {
    case Now::nothing:
      return http::respond_problem (
          request, SOUP_STATUS_NOT_FOUND, "there is no picture of this stream yet");
    case Now::full:
      http::set_header (request, "Retry-After", "1");
      return http::respond_problem (request, SOUP_STATUS_SERVICE_UNAVAILABLE,
          "too many ask for a picture at once; it is being made");
    case Now::made:
      return respond (request, *file);
    case Now::begins:
      return run_one_after_the_other (
          shared_from_this (), [] (Gallery &gallery) { gallery.make_what_is_wanted (); });
    case Now::waits:
      return;
  }
}

std::pair<Gallery::Now, std::shared_ptr<const Gallery::File>>
Gallery::look (const http::Request &request, Format format)
{
  std::lock_guard lock (mutex_);
  ++stats_.requests;
  if (!key_frame_)
    return {Now::nothing, nullptr};
  const auto file = shot_.file (format);
  if (!is_stale (shot_) && file != nullptr)
    return {Now::made, file};
  if (waiting_.size () >= most_waiting)
    return {Now::full, nullptr};
  waiting_.push_back ({std::make_unique<http::Deferred> (request), format});
  return {std::exchange (busy_, true) ? Now::waits : Now::begins, nullptr};
}

/** On the pool's thread. Who asks meanwhile for the other format gets it in the same turn. */
void
Gallery::make_what_is_wanted ()
{
  std::unique_lock lock (mutex_);
  auto shot = shot_;
  if (is_stale (shot))
    take (shot); // lets go of the lock meanwhile
  const auto lacks = [&shot] (const Waiting &one) {
    return shot.file (one.format) == nullptr;
  };
  for (auto one = std::ranges::find_if (waiting_, lacks); one != waiting_.end ();
       one = std::ranges::find_if (waiting_, lacks)) {
    const auto format = one->format;
    lock.unlock ();
    make_missing (shot, format);
    lock.lock ();
  }
  if (key_frame_) // else the stream has ended meanwhile
    std::swap (shot_, shot);
  const auto files = key_frame_ ? shot_.files : shot.files;
  busy_ = false;
  std::deque<Waiting> served;
  served.swap (waiting_);
  lock.unlock ();
  for (auto &one : served)
    one.request->answer (
        [self = shared_from_this (), file = files[static_cast<std::size_t> (one.format)]] (
            const http::Request &request) { self->respond (request, *file); });
}

/** Under mutex_, but not while it decodes. */
void
Gallery::take (Shot &shot)
{
  const auto key_frame = key_frame_;
  shot = {.number = number_};
  if (!key_frame) {
    shot.picture = tl::unexpected (std::string ("the stream has ended"));
    return;
  }
  mutex_.unlock ();
  shot.picture = make_small_picture (key_frame.get ());
  mutex_.lock ();
  shot.taken_us = g_get_monotonic_time ();
  ++(shot.picture ? stats_.decoded : stats_.failed);
}

void
Gallery::make_missing (Shot &shot, Format format) const
{
  const auto file =
      shot.picture
          .and_then ([format] (const auto &picture) { return make_file (picture.get (), format); })
          .map ([format] (std::string &&bytes) {
            return Image{adopt (g_bytes_new (bytes.data (), bytes.size ())), etag_of (bytes),
                media_type (format)};
          });
  shot.file (format) = std::make_shared<const File> (file);
}

/** http thread. */
void
Gallery::respond (const http::Request &request, const File &file) const
{
  const auto seconds = std::to_string (interval ());
  const auto cache = "public, max-age=" + seconds;
  if (file) {
    http::respond_content (request, {.type = file->type,
                                        .pieces = {file->bytes},
                                        .etag = file->etag,
                                        .cache_control = cache.c_str ()});
    return;
  }
  http::set_header (request, "Retry-After", seconds);
  http::respond_problem (request, SOUP_STATUS_SERVICE_UNAVAILABLE, file.error ());
}

} // namespace stagedoor::thumbnail
