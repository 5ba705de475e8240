// SPDX-License-Identifier: LGPL-2.1-or-later
// The stream as files.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include "tests/check/hls/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
namespace fs = std::filesystem;

namespace {

class Folder
{
public:
  Folder ()
  {
    gchar *made = g_dir_make_tmp ("hls-XXXXXX", nullptr);
    path_ = made;
    g_free (made);
  }
  ~Folder ()
  {
    std::error_code ignored;
    fs::permissions (path_, fs::perms::owner_all, ignored);
    fs::remove_all (path_, ignored);
  }
  fs::path operator/ (const std::string &name) const { return path_ / name; }
  std::string location () const { return "location=" + path_.string (); }
  std::string read (const std::string &name) const
  {
    std::ifstream in (path_ / name, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf ();
    return out.str ();
  }
  std::size_t media () const
  {
    std::size_t out = 0;
    for (const auto &entry : fs::directory_iterator (path_ / "hls")) {
      const auto extension = entry.path ().extension ();
      ck_assert (extension != ".part");
      out += extension == ".m4s";
    }
    return out;
  }

private:
  fs::path path_;
};

START_TEST (same_as_by_http)
{
  Folder folder;
  HlsSink sink (folder.location ());
  Stream stream (sink);
  stream.play (200);
  wait_for ([&] { return uris (folder.read ("hls/video_0.m3u8")).size () == 3; });
  const auto text = folder.read ("playlist.m3u8");
  ck_assert_uint_eq (uris (text).size (), 1);
  assert_text (uris (text)[0], "hls/video_0.m3u8");
  wait_for ([&] { return folder.read ("llhls.m3u8") == folder.read ("playlist.m3u8"); });
  for (const char *playlist : {"hls/video_0.m3u8", "hls/audio_0.m3u8"}) {
    const auto written = folder.read (playlist);
    // For a server that can't hold anything back.
    ck_assert (written.find ("EXT-X-PART") == std::string::npos);
    ck_assert (written.find ("CAN-BLOCK-RELOAD") == std::string::npos);
    auto names = uris (written);
    names.push_back (uri_in (lines_with (written, "#EXT-X-MAP:")[0]));
    for (const auto &name : names)
      ck_assert (folder.read ("hls/" + name) == sink.text ("hls/" + name));
  }
  stream.video.event (gst_event_new_eos ());
  stream.audio.event (gst_event_new_eos ());
  sink.set_state (GST_STATE_NULL);
  ck_assert_uint_eq (count (folder.read ("hls/video_0.m3u8"), "#EXT-X-ENDLIST"), 1);
  ck_assert_uint_eq (uris (folder.read ("hls/video_0.m3u8")).size (), 4);
  ck_assert_uint_eq (uris (folder.read ("playlist.m3u8")).size (), 1);
}
END_TEST

START_TEST (without_http)
{
  Folder folder;
  HlsSink sink ("path=\"\" " + folder.location ());
  Stream stream (sink);
  stream.play (130);
  wait_for ([&] { return uris (folder.read ("hls/video_0.m3u8")).size () == 2; });
  ck_assert_int_eq (sink.get ("playlist.m3u8").status, 404);
}
END_TEST

START_TEST (old_files_go)
{
  Folder folder;
  fs::create_directories (folder / "hls");
  for (const char *name : {"hls/video_0-12345678-9.m4s", "hls/audio_1-12345678-init-1.mp4",
           "hls/mine.m4s", "hls/video_me.mp4"})
    std::ofstream (folder / name) << "x";
  HlsSink sink ("playlist-length=3 " + folder.location ());
  Source video (sink, "video_0");
  video.start (picture ());
  for (int round = 0; round < 6; ++round) {
    video.play (picture (), round * GstClockTimeDiff (12 * GST_SECOND));
    wait_for ([&] {
      return fs::exists (folder / ("hls/" + uris (sink.text ("hls/video_0.m3u8")).back ()));
    });
  }
  ck_assert (!fs::exists (folder / "hls/video_0-12345678-9.m4s"));
  ck_assert (!fs::exists (folder / "hls/audio_1-12345678-init-1.mp4"));
  ck_assert (fs::exists (folder / "hls/mine.m4s"));
  ck_assert (fs::exists (folder / "hls/video_me.mp4"));
  // 36 segments were made.
  wait_for ([&] { return folder.media () < 20; });
  for (const auto &uri : uris (folder.read ("hls/video_0.m3u8")))
    ck_assert (fs::exists (folder / ("hls/" + uri)));
}
END_TEST

START_TEST (disk_trouble)
{
  Folder folder;
  std::ofstream (folder / "hls") << "not a folder";
  HlsSink sink (folder.location ());
  Stream stream (sink);
  stream.play (200);
  GError *raw = nullptr;
  gst_message_parse_warning (sink.message (GST_MESSAGE_WARNING).get (), &raw, nullptr);
  const Error error (raw);
  ck_assert (g_error_matches (error.get (), GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE));
  ck_assert (
      std::string_view (error->message).find ("the stream goes on") != std::string_view::npos);
  ck_assert (sink.is_live ());
  // Mended: it is written from then on, and was complained of once.
  fs::remove (folder / "hls");
  stream.video.play (picture (), 0, 200);
  wait_for ([&] { return uris (folder.read ("hls/video_0.m3u8")).size () >= 4; });
  ck_assert (!sink.has_message (GST_MESSAGE_WARNING));
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("hls-folder", {same_as_by_http, without_http, old_files_go, disk_trouble});
}
