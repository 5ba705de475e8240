// SPDX-License-Identifier: LGPL-2.1-or-later
// Renditions started and stopped again and again leave nothing behind.
#include <chrono>
#include <fstream>
#include <thread>

#include "tests/check/transcode/scenery.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

bool slow = false;

long
field (const char *name)
{
  std::ifstream status ("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == name) {
      long out = 0;
      status >> out;
      return out;
    }
  return 0;
}

long
open_files ()
{
  long count = 0;
  auto *dir = g_dir_open ("/proc/self/fd", 0, nullptr);
  while (g_dir_read_name (dir) != nullptr)
    ++count;
  g_dir_close (dir);
  return count;
}

template <class Condition>
void
wait_until (Condition condition)
{
  const auto end = std::chrono::steady_clock::now () + std::chrono::seconds{30};
  while (!condition ()) {
    ck_assert (std::chrono::steady_clock::now () < end);
    std::this_thread::sleep_for (std::chrono::milliseconds{2});
  }
}

/** Two renditions and sound come into being with their peers, make something, and go with them. */
struct Life
{
  Track picture = encode (Scenery (160, 90), 0, 30, 30,
      "x264enc speed-preset=ultrafast key-int-max=15 bframes=2 b-adapt=false ! "
      "video/x-h264,profile=high ! h264parse ! video/x-h264,stream-format=avc,alignment=au");
  Track sound = record_aac (1);
  Transcoder transcoder;
  Feed video{transcoder.element (), "video"}, audio{transcoder.element (), "audio"};
  std::size_t next = 0;

  Life ()
  {
    video.start (picture.caps.get ());
    audio.start (sound.caps.get ());
  }

  template <class Buffers>
  static Ref<GstBuffer> stamped (const Buffers &buffers, std::size_t number, GstClockTime each)
  {
    const auto i = number % buffers.size ();
    auto copy = adopt (gst_buffer_copy (buffers[i].get ()));
    const auto shift = (number - i) * each;
    GST_BUFFER_PTS (copy.get ()) += shift;
    if (GST_BUFFER_DTS_IS_VALID (copy.get ()))
      GST_BUFFER_DTS (copy.get ()) += shift;
    return copy;
  }
  void step ()
  {
    ck_assert_int_eq (video.push (stamped (picture.buffers, next, GST_SECOND / 30)), GST_FLOW_OK);
    ck_assert_int_eq (
        audio.push (stamped (sound.buffers, next, 1024 * GST_SECOND / 48000)), GST_FLOW_OK);
    ++next;
  }

  void once ()
  {
    Peer half ("video/x-h264,b-frames=(boolean)false"), small ("video/x-h264"), speaker (opus);
    const auto a = transcoder.request ("video_%u"), b = transcoder.request ("video_%u"),
               c = transcoder.request ("audio_%u");
    g_object_set (b.get (), "rendition", "48p@100k", nullptr);
    half.link (a.get ());
    small.link (b.get ());
    speaker.link (c.get ());
    wait_until ([&] {
      step ();
      return half.count () > 2 && small.count () > 2 && speaker.count () > 2;
    });
    for (auto *peer : {&half, &small, &speaker})
      peer->unlink ();
    for (const auto &pad : {a, b, c})
      transcoder.release (pad.get ());
    wait_until ([&] {
      step ();
      return transcoder.children () == 0;
    });
    ck_assert_uint_eq (transcoder.errors (), 0);
  }
};

START_TEST (start_and_stop)
{
  Life life;
  for (int i = 0; i < 10; ++i)
    life.once (); // whatever is made once and kept
  const auto memory = field ("VmRSS:"), files = open_files (), threads = field ("Threads:");
  for (int i = 0; i < (slow ? 200 : 40); ++i)
    life.once ();
  g_print ("memory %ld -> %ld kB, files %ld -> %ld, threads %ld -> %ld\n", memory, field ("VmRSS:"),
      files, open_files (), threads, field ("Threads:"));
  ck_assert_int_le (open_files (), files + 2);
  ck_assert_int_le (field ("Threads:"), threads + 6); // GLib keeps some that are idle
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  ck_assert_int_le (field ("VmRSS:"), memory + 24 * 1024);
#endif
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  slow = argc > 1;
  return run ("transcode-life", {start_and_stop});
}
