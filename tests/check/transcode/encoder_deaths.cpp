// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders that give up, swallow frames, hang or put out garbage, at random, again and again: the
// stream goes on, and nobody else notices.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <random>
#include <thread>

#include "tests/check/transcode/screen.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

bool slow = false;

enum class Fate { gives_up, swallows, hangs, garbage, silence_then_garbage };
constexpr int fates = 5;

/** What befalls one encoder. */
struct Curse
{
  Fate fate;
  std::mutex mutex;
  std::condition_variable lifted;
  bool is_lifted = false; // protected by mutex
  std::atomic<int> struck = 0;

  void lift ()
  {
    const std::lock_guard lock{mutex};
    is_lifted = true;
    lifted.notify_all ();
  }
};

/** Until the process ends: encoders go down in their own time. */
std::vector<std::unique_ptr<Curse>> curses;

GstPadProbeReturn
on_input (GstPad *, GstPadProbeInfo *info, gpointer data)
{
  taken_over (data);
  auto &curse = *static_cast<Curse *> (data);
  ++curse.struck;
  if (curse.fate == Fate::hangs) {
    std::unique_lock lock{curse.mutex};
    curse.lifted.wait (lock, [&] { return curse.is_lifted; });
    return GST_PAD_PROBE_DROP;
  }
  if (curse.fate == Fate::swallows
      || (curse.fate == Fate::silence_then_garbage && curse.struck < 10))
    return GST_PAD_PROBE_DROP;
  if (curse.fate != Fate::gives_up)
    return GST_PAD_PROBE_OK;
  gst_buffer_unref (GST_PAD_PROBE_INFO_BUFFER (info));
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = GST_FLOW_ERROR;
  return GST_PAD_PROBE_HANDLED;
}

GstPadProbeReturn
on_output (GstPad *, GstPadProbeInfo *info, gpointer data)
{
  taken_over (data);
  auto &curse = *static_cast<Curse *> (data);
  const bool befalls = curse.fate == Fate::garbage
                       || (curse.fate == Fate::silence_then_garbage && curse.struck >= 10);
  if (!befalls)
    return GST_PAD_PROBE_OK;
  ++curse.struck; // it may be of a picture that came in before
  static std::minstd_rand random (7);
  auto *buffer = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  GstMapInfo map;
  ck_assert (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (gsize i = 0; i < map.size; ++i)
    map.data[i] = static_cast<guint8> (random ());
  gst_buffer_unmap (buffer, &map);
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

/** The encoder of pictures of @p height that plays now. */
Ref<GstElement>
encoder_of (GstElement *bin, int height)
{
  std::vector<Ref<GstElement>> all;
  {
    ObjectLock lock{bin};
    for (auto *l = GST_BIN_CHILDREN (bin); l != nullptr; l = l->next)
      all.push_back (share (GST_ELEMENT (l->data)));
  }
  for (const auto &element : all) {
    const auto pad = adopt (gst_element_get_static_pad (element.get (), "sink"));
    const auto caps = adopt (gst_pad_get_current_caps (pad.get ()));
    int own = 0;
    if (caps
        && g_str_has_suffix (GST_OBJECT_NAME (gst_element_get_factory (element.get ())), "264enc")
        && gst_structure_get_int (gst_caps_get_structure (caps.get (), 0), "height", &own)
        && own == height && !gst_element_is_locked_state (element.get ()))
      return element;
  }
  return nullptr;
}

/** One live source, a peer that gets it as it is, and two that get smaller pictures. */
struct House
{
  Transcoder transcoder;
  Feed feed{transcoder.element (), "video"};
  Ref<GstPad> as_it_is = transcoder.request ("video_0"), large = transcoder.request ("video_1"),
              small = transcoder.request ("video_2");
  Peer passing{"video/x-h264"}, large_peer{"video/x-h264"}, small_peer{"video/x-h264"};
  Screen large_screen{large_peer}, small_screen{small_peer};
  Track track = record ("videotestsrc pattern=ball num-buffers=60 ! "
                        "video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! x264enc "
                        "tune=zerolatency speed-preset=ultrafast key-int-max=30 ! "
                        "video/x-h264,profile=high,stream-format=avc");
  std::size_t frames = 0;
  std::chrono::steady_clock::time_point due = std::chrono::steady_clock::now ();
  int long_pushes = 0;
  std::map<Peer *, std::size_t> seen; ///< before the last clear()

  House ()
  {
    g_object_set (large.get (), "rendition", "120p", nullptr);
    g_object_set (small.get (), "rendition", "60p", nullptr);
    passing.link (as_it_is.get ());
    large_peer.link (large.get ());
    small_peer.link (small.get ());
    feed.start (track.caps.get ());
  }
  ~House ()
  {
    for (const auto &curse : curses)
      curse->lift ();
    for (auto *peer : {&large_peer, &small_peer}) {
      peer->unlink ();
      gst_pad_set_active (peer->pad (), FALSE);
    }
  }
  House (const House &) = delete;
  House &operator= (const House &) = delete;

  void frame ()
  {
    auto copy = adopt (gst_buffer_copy (track.buffers[frames % track.buffers.size ()].get ()));
    GST_BUFFER_PTS (copy.get ()) = GST_BUFFER_DTS (copy.get ()) = frames++ * GST_SECOND / 30;
    std::this_thread::sleep_until (due);
    due = std::max (due + std::chrono::microseconds{33'333}, std::chrono::steady_clock::now ());
    const auto begin = std::chrono::steady_clock::now ();
    ck_assert_int_eq (feed.push (copy), GST_FLOW_OK);
    long_pushes += std::chrono::steady_clock::now () - begin > std::chrono::milliseconds{150};
    if (frames % 30 == 0)
      for (auto *peer : {&passing, &large_peer, &small_peer})
        seen[peer] += forget (*peer);
  }

  std::size_t forget (Peer &peer)
  {
    const auto count = peer.count ();
    peer.clear ();
    return count;
  }
  template <class Condition>
  void play_until (Condition condition)
  {
    const auto end = std::chrono::steady_clock::now () + std::chrono::seconds{20};
    while (!condition ()) {
      ck_assert (std::chrono::steady_clock::now () < end);
      frame ();
    }
  }
  void play (int count)
  {
    for (int i = 0; i < count; ++i)
      frame ();
  }

  Curse &curse_large (Fate fate)
  {
    auto &curse = *curses.emplace_back (std::make_unique<Curse> ());
    curse.fate = fate;
    handed_over (&curse);
    Ref<GstElement> encoder;
    play_until ([&] { return (encoder = encoder_of (transcoder.element (), 120)); });
    for (const auto &[pad_name, probe] : {std::pair ("sink", &on_input), {"src", &on_output}}) {
      const auto pad = adopt (gst_element_get_static_pad (encoder.get (), pad_name));
      gst_pad_add_probe (pad.get (), GST_PAD_PROBE_TYPE_BUFFER, probe, &curse, nullptr);
    }
    return curse;
  }

  /** Until it has been replaced, and a little more. */
  void survive (Fate fate, int pause)
  {
    auto &curse = curse_large (fate);
    play_until ([&] { return curse.struck > 0; });
    play_until ([&] { return !problem_of (large.get ()).empty (); });
    const auto before = large_screen.frames ();
    play_until (
        [&] { return problem_of (large.get ()).empty () && large_screen.frames () > before + 2; });
    curse.lift ();
    play (pause);
  }
};

START_TEST (stream_goes_on_whatever_its_encoder_does)
{
  const auto owned = std::make_unique<House> (); // Check's failures leap over destructors
  auto &house = *owned;
  std::minstd_rand random (4);
  house.play_until (
      [&] { return house.large_screen.frames () > 30 && house.small_screen.frames () > 30; });
  const auto threads_before = threads (), memory_before = of_process ("VmRSS:");
  const int deaths = slow ? 100 : 10;
  for (int i = 0; i < deaths; ++i)
    house.survive (static_cast<Fate> (random () % fates), static_cast<int> (random () % 40));
  house.play (30);

  ck_assert_uint_eq (house.large_screen.went_back (), 0);
  ck_assert_uint_eq (house.large_screen.without_key (), 0);
  ck_assert_uint_ge (house.large_screen.beginnings (), static_cast<std::size_t> (deaths));
  ck_assert_msg (house.large_screen.longest_gap () <= GST_SECOND, "%f s",
      static_cast<double> (house.large_screen.longest_gap ()) / GST_SECOND);
  // Others: not a frame less, nor later.
  ck_assert_uint_eq (house.seen[&house.passing] + house.passing.count (), house.frames);
  ck_assert_msg (house.small_screen.longest_gap () <= 500 * GST_MSECOND, "%f s",
      static_cast<double> (house.small_screen.longest_gap ()) / GST_SECOND);
  ck_assert (problem_of (house.small.get ()).empty ());
  ck_assert_int_le (house.long_pushes, deaths / 5); // the machine may be busy
  ck_assert_int_eq (house.large_peer.saw (GST_EVENT_EOS), 0);
  ck_assert_uint_eq (house.transcoder.errors (), 0);
  house.play_until ([&] { return house.transcoder.children () <= 14; });
  ck_assert_int_le (threads (), threads_before + 10); // GLib keeps some that are idle
  ck_assert_msg (of_process ("VmRSS:") <= memory_before + 30'000, "%d KiB, and %d before",
      of_process ("VmRSS:"), memory_before);
}
END_TEST

START_TEST (each_death_is_told_with_its_reason)
{
  const struct
  {
    Fate fate;
    const char *what;
  } deaths[]{{Fate::gives_up, " gave up, and is replaced"},
      {Fate::swallows, " puts out nothing, and is replaced"},
      {Fate::hangs, " puts out nothing, and is replaced"},
      {Fate::garbage, " puts out garbage, and is replaced"}};
  const auto owned = std::make_unique<House> (); // Check's failures leap over destructors
  auto &house = *owned;
  house.play_until ([&] { return house.large_screen.frames () > 30; });
  for (const auto &[fate, what] : deaths) {
    house.transcoder.problems ();
    house.survive (fate, 5);
    const auto problems = house.transcoder.problems ();
    ck_assert_uint_eq (problems.size (), 2);
    ck_assert_msg (problems[0].ends_with (what), "%s", problems[0].c_str ());
    assert_text (problems[1], "video_1: ");
  }
}
END_TEST

START_TEST (second_chance_and_then_another_encoder)
{
  const auto owned = std::make_unique<House> (); // Check's failures leap over destructors
  auto &house = *owned;
  house.play_until ([&] { return house.large_screen.frames () > 40; });
  const auto name = [&] {
    const auto encoder = encoder_of (house.transcoder.element (), 120);
    return std::string (encoder ? GST_OBJECT_NAME (gst_element_get_factory (encoder.get ())) : "");
  };
  assert_text (name (), "x264enc");
  ck_assert (decision_of (house.large.get ()).find ("; by ") == std::string::npos);
  house.survive (Fate::gives_up, 40);
  assert_text (name (), "x264enc");
  house.survive (Fate::garbage, 40);
  assert_text (name (), "openh264enc");
  ck_assert_msg (
      decision_of (house.large.get ()).ends_with ("; by openh264enc, for x264enc puts out garbage"),
      "%s", decision_of (house.large.get ()).c_str ());
  house.survive (Fate::gives_up, 40);
  assert_text (name (), "openh264enc");
  house.survive (Fate::gives_up, 40);
  assert_text (name (), "x264enc"); // none is better than the other now
  ck_assert (decision_of (house.small.get ()).find ("; by ") == std::string::npos);
}
END_TEST

/** One that is never well isn't tried again and again without a pause. */
START_TEST (hopeless_encoders_are_tried_less_and_less)
{
  const auto owned = std::make_unique<House> (); // Check's failures leap over destructors
  auto &house = *owned;
  house.play_until ([&] { return house.large_screen.frames () > 30; });
  auto &curse = house.curse_large (Fate::gives_up);
  int deaths = 0;
  Ref<GstElement> last;
  const auto spoil = [&] {
    auto encoder = encoder_of (house.transcoder.element (), 120);
    if (!encoder || encoder.get () == last.get ())
      return;
    const auto pad = adopt (gst_element_get_static_pad (encoder.get (), "sink"));
    gst_pad_add_probe (pad.get (), GST_PAD_PROBE_TYPE_BUFFER, on_input, &curse, nullptr);
    last = encoder;
    ++deaths;
  };
  for (int i = 0; i < 150; ++i) {
    house.frame ();
    spoil ();
  }
  ck_assert_int_ge (deaths, 3);
  ck_assert_int_le (deaths, 9);
  ck_assert_uint_ge (house.small_screen.frames (), 150);
  curse.lift ();
}
END_TEST

/** Each holds its threads until it goes on, if ever: there mustn't be more and more of them. */
START_TEST (encoders_that_hang_for_good_do_not_pile_up)
{
  const auto owned = std::make_unique<House> ();
  auto &house = *owned;
  house.play_until ([&] { return house.large_screen.frames () > 10; });
  std::vector<Curse *> hanging;
  Ref<GstElement> last;
  for (int idle = 0; idle < 90; ++idle) {
    house.frame ();
    const auto encoder = encoder_of (house.transcoder.element (), 120);
    if (!encoder || encoder.get () == last.get ())
      continue;
    last = encoder;
    hanging.push_back (&house.curse_large (Fate::hangs));
    idle = 0;
  }
  ck_assert_uint_ge (hanging.size (), 6);
  ck_assert_uint_le (hanging.size (), 10); // of two kinds, and those that just begin
  ck_assert (!problem_of (house.large.get ()).empty ());
  for (auto *curse : hanging)
    curse->lift ();
  house.play_until ([&] { return problem_of (house.large.get ()).empty (); });
}
END_TEST

/** The large one's end mustn't hold up that of the bin. */
START_TEST (taken_down_while_an_encoder_hangs)
{
  for (int i = 0; i < 3; ++i) {
    const auto owned = std::make_unique<House> (); // Check's failures leap over destructors
    auto &house = *owned;
    house.play_until ([&] { return house.large_screen.frames () > 5; });
    auto &curse = house.curse_large (Fate::hangs);
    house.play_until ([&] { return curse.struck > 0; });
    if (i > 0)
      house.play_until ([&] { return !problem_of (house.large.get ()).empty (); });
    curse.lift ();
    if (i == 1)
      house.transcoder.release (house.large.get ());
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  slow = argc > 1;
  if (slow)
    return run ("transcode-encoder-deaths", {stream_goes_on_whatever_its_encoder_does});
  return run ("transcode-encoder-deaths",
      {stream_goes_on_whatever_its_encoder_does, each_death_is_told_with_its_reason,
          second_chance_and_then_another_encoder, hopeless_encoders_are_tried_less_and_less,
          encoders_that_hang_for_good_do_not_pile_up, taken_down_while_an_encoder_hangs});
}
