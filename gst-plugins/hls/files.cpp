// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "gst-plugins/common/fd.hpp"

GST_DEBUG_CATEGORY_EXTERN (gst_stage_hls_sink_debug);
#define GST_CAT_DEFAULT gst_stage_hls_sink_debug

namespace stagedoor::hlssink {
namespace {

constexpr mode_t folder_mode = 0755, file_mode = 0644;

bool
write_all (int fd, ByteView bytes)
{
  while (!bytes.empty ()) {
    const auto written = ::write (fd, bytes.data (), bytes.size ());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes = bytes.subspan (static_cast<std::size_t> (written));
  }
  return true;
}

ByteView
view_of (const Piece &piece)
{
  gsize size = 0;
  const auto *data = static_cast<const std::uint8_t *> (g_bytes_get_data (piece.get (), &size));
  return {data, size};
}

/** What an earlier run of ours has written: video_0-1a2b3c4d-7.m4s and the like. */
bool
is_our_media (std::string_view name)
{
  const bool pad = name.starts_with ("video_") || name.starts_with ("audio_");
  return pad && std::ranges::count (name, '-') >= 2
         && (name.ends_with (".m4s") || name.ends_with (".mp4"));
}

} // namespace

Files::Files (GstElement *element, std::string folder, std::shared_ptr<Presentation> presentation)
    : element_ (element), folder_ (std::move (folder)), presentation_ (std::move (presentation)),
      thread_ ([this] { run (); })
{
}

Files::~Files ()
{
  {
    std::lock_guard lock (mutex_);
    ending_ = true;
  }
  changed_.notify_one ();
  thread_.join ();
}

void
Files::update ()
{
  {
    std::lock_guard lock (mutex_);
    dirty_ = true;
  }
  changed_.notify_one ();
}

void
Files::run ()
{
  pthread_setname_np (pthread_self (), "hls-files");
  std::unique_lock lock (mutex_);
  while (true) {
    changed_.wait (lock, [this] { return dirty_ || ending_; });
    if (!std::exchange (dirty_, false))
      return;
    lock.unlock ();
    write_tree ();
    lock.lock ();
  }
}

/** Once for as long as it goes wrong. */
void
Files::complain (const char *what, const std::string &name)
{
  const auto *why = g_strerror (errno);
  GST_INFO_OBJECT (element_, "cannot %s %s: %s", what, name.c_str (), why);
  if (!std::exchange (complained_, true))
    GST_ELEMENT_WARNING (element_, RESOURCE, WRITE,
        ("cannot %s %s/%s: %s; the stream goes on without it", what, folder_.c_str (),
            name.c_str (), why),
        (nullptr));
}

bool
Files::prepare ()
{
  if (prepared_)
    return true;
  const auto below = folder_ + "/hls";
  if (g_mkdir_with_parents (below.c_str (), folder_mode) != 0) {
    complain ("make", "hls");
    return false;
  }
  if (const Owned<DIR, closedir> entries{opendir (below.c_str ())})
    while (const auto *entry = readdir (entries.get ()))
      if (is_our_media (entry->d_name))
        unlink ((below + "/" + entry->d_name).c_str ());
  prepared_ = true;
  return true;
}

bool
Files::write (const std::string &name, const std::vector<Piece> &pieces)
{
  const auto path = folder_ + "/" + name, part = path + ".part";
  {
    const Fd fd (open (part.c_str (), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, file_mode));
    const bool good = fd.get () >= 0 && std::ranges::all_of (pieces, [&] (const Piece &piece) {
      return write_all (fd.get (), view_of (piece));
    });
    if (!good) {
      complain ("write", name);
      unlink (part.c_str ());
      return false;
    }
  }
  if (rename (part.c_str (), path.c_str ()) == 0)
    return true;
  complain ("write", name);
  unlink (part.c_str ());
  return false;
}

bool
Files::write_text (const std::string &name, const std::string &text)
{
  return write (name, {adopt (g_bytes_new_static (text.data (), text.size ()))});
}

void
Files::write_tree ()
{
  const auto tree = presentation_->tree ();
  if (tree.playlists.empty () || !prepare ())
    return;
  bool good = true;
  for (const auto &media : tree.media)
    if (!written_.contains (media.name)) {
      if (!write ("hls/" + media.name, media.pieces)) {
        good = false;
        break; // and no playlist names it
      }
      written_.insert (media.name);
    }
  for (const auto &[name, text] : tree.playlists)
    good = good && write_text ("hls/" + name, text);
  for (const char *name : {"playlist.m3u8", "llhls.m3u8"})
    good = good && (tree.multivariant.empty () || write_text (name, tree.multivariant));
  if (good)
    complained_ = false;
  remove_old (tree);
}

/** What is in no playlist any more, and was not for as long as clients may still ask for it. */
void
Files::remove_old (const Tree &tree)
{
  std::set<std::string_view> kept;
  for (const auto &media : tree.media)
    kept.insert (media.name);
  std::erase_if (written_, [&] (const std::string &name) {
    if (kept.contains (name))
      return false;
    unlink ((folder_ + "/hls/" + name).c_str ());
    return true;
  });
}

} // namespace stagedoor::hlssink
