// SPDX-License-Identifier: LGPL-2.1-or-later
// The bounded queue: what it loses, what it never loses, and how a new consumer starts.
#include "gst-plugins/common/gate/item_queue.hpp"

#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Frame;
using gate::ItemQueue;
using gate::Track;
using gate::TrackCaps;

namespace {

const auto start = std::chrono::steady_clock::now ();

Frame
frame (Track track, int ms, bool key, std::size_t size = 100)
{
  auto buffer = adopt (gst_buffer_new_allocate (nullptr, size, nullptr));
  GST_BUFFER_PTS (buffer.get ()) = static_cast<GstClockTime> (ms) * GST_MSECOND;
  if (!key)
    GST_BUFFER_FLAG_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
  return {track, std::move (buffer), start + std::chrono::milliseconds (ms)};
}

Frame
video (int ms, bool key, std::size_t size = 100)
{
  return frame (Track::video, ms, key, size);
}

Frame
audio (int ms)
{
  return frame (Track::audio, ms, true);
}

Ref<GstCaps>
caps (const char *name)
{
  return adopt (gst_caps_new_empty_simple (name));
}

/** "V" and "A" caps, "k" key frame, "d" delta frame, "a" audio, "!" before what is DISCONT, "m"
 * metadata, "." end. */
std::string
drain (ItemQueue &queue)
{
  std::string out;
  while (const auto item = queue.pop ()) {
    if (const auto *c = std::get_if<TrackCaps> (&*item))
      out += c->track == Track::video ? 'V' : 'A';
    else if (const auto *f = std::get_if<Frame> (&*item)) {
      if (GST_BUFFER_FLAG_IS_SET (f->buffer.get (), GST_BUFFER_FLAG_DISCONT))
        out += '!';
      out += f->track == Track::audio ? 'a' : is_key (*f) ? 'k' : 'd';
    } else
      out += std::holds_alternative<gate::End> (*item) ? '.' : 'm';
  }
  return out;
}

void
set_up (ItemQueue &queue)
{
  queue.set_caps (Track::video, caps ("video/x-test"));
  queue.set_caps (Track::audio, caps ("audio/x-test"));
}

/** Groups of pictures of a second, 10 frames a second, each with an audio frame after it. */
void
push_groups (ItemQueue &queue, int seconds, std::size_t size = 100, int from = 0)
{
  for (int ms = from * 1000; ms < (from + seconds) * 1000; ms += 100) {
    queue.push (video (ms, ms % 1000 == 0, size));
    queue.push (audio (ms + 50));
  }
}

START_TEST (order_is_kept)
{
  ItemQueue queue;
  set_up (queue);
  ck_assert (!queue.ready ());
  queue.push (rtmp::Metadata{});
  queue.push (video (0, true));
  queue.push (audio (10));
  queue.push (video (20, false));
  queue.set_caps (Track::video, caps ("video/x-other"));
  queue.push (video (40, true));
  queue.push (gate::End{"over"});
  queue.push (audio (60));
  assert_text (drain (queue), "mV!kA!adVk.");
  ck_assert (queue.ready ());
  ck_assert (!queue.pop ().has_value ());
}
END_TEST

START_TEST (caps_come_with_the_first_frame_only)
{
  ItemQueue queue;
  set_up (queue);
  assert_text (drain (queue), "");
  queue.push (audio (0));
  assert_text (drain (queue), "A!a");
}
END_TEST

START_TEST (video_starts_at_a_key_frame)
{
  ItemQueue queue;
  set_up (queue);
  queue.push (video (0, false));
  queue.push (audio (5));
  queue.push (video (10, false));
  queue.push (video (20, true));
  assert_text (drain (queue), "A!aV!k");
  ck_assert_uint_eq (queue.dropped (), 2);
}
END_TEST

START_TEST (time_overflow_drops_whole_groups)
{
  ItemQueue queue;
  set_up (queue);
  push_groups (queue, 12);
  const auto out = drain (queue);
  ck_assert (out.starts_with ("V!kA!ad"));
  ck_assert_uint_eq (queue.dropped (), 2 * 20);
  ck_assert_uint_eq (out.size (), 10 * 20 + 4);
}
END_TEST

START_TEST (byte_overflow_drops_whole_groups)
{
  ItemQueue queue;
  set_up (queue);
  push_groups (queue, 9, 400 * 1000); // 36 MB
  const auto out = drain (queue);
  ck_assert (out.starts_with ("V!kA!ad"));
  ck_assert_uint_ge (queue.dropped (), 5 * 20);
  ck_assert_uint_eq (queue.dropped () % 20, 0);
}
END_TEST

START_TEST (setup_survives_the_loss_of_its_frame)
{
  ItemQueue queue;
  set_up (queue);
  push_groups (queue, 1);
  queue.set_caps (Track::video, caps ("video/x-other"));
  push_groups (queue, 14, 100, 1);
  const auto first = queue.pop ();
  ck_assert (
      gst_caps_is_equal (std::get<TrackCaps> (*first).caps.get (), caps ("video/x-other").get ()));
}
END_TEST

START_TEST (endless_group_is_lost_up_to_the_next_key_frame)
{
  ItemQueue queue;
  set_up (queue);
  queue.push (video (0, true));
  for (int ms = 100; ms <= 10100; ms += 100)
    queue.push (video (ms, false));
  queue.push (video (10200, false));
  assert_text (drain (queue), "");
  queue.push (video (10300, true));
  assert_text (drain (queue), "V!k");
}
END_TEST

START_TEST (audio_alone_loses_the_oldest)
{
  ItemQueue queue;
  set_up (queue);
  for (int ms = 0; ms <= 10100; ms += 100)
    queue.push (audio (ms));
  ck_assert_uint_eq (queue.dropped (), 1);
  ck_assert (drain (queue).starts_with ("A!aa"));
}
END_TEST

START_TEST (flood_of_empty_frames_is_bounded)
{
  ItemQueue queue;
  set_up (queue);
  for (int i = 0; i < 100000; ++i)
    queue.push (frame (Track::audio, 0, true, 1));
  ck_assert_uint_gt (queue.dropped (), 60000);
}
END_TEST

START_TEST (release_keeps_the_current_group_only)
{
  ItemQueue queue;
  set_up (queue);
  queue.push (rtmp::Metadata{});
  push_groups (queue, 3);
  queue.release ();
  queue.claim ();
  assert_text (drain (queue), "mV!kA!adadadadadadadadada");
}
END_TEST

START_TEST (released_in_mid_group_waits_for_a_key_frame)
{
  ItemQueue queue;
  set_up (queue);
  queue.push (video (0, true));
  queue.push (audio (10));
  drain (queue);
  queue.release ();
  queue.push (video (100, false));
  queue.push (audio (110));
  queue.claim ();
  assert_text (drain (queue), "");
  queue.push (video (200, true));
  queue.push (audio (210));
  assert_text (drain (queue), "V!kA!a");
}
END_TEST

START_TEST (while_unclaimed_old_groups_go)
{
  ItemQueue queue;
  set_up (queue);
  push_groups (queue, 1);
  drain (queue);
  queue.release ();
  push_groups (queue, 5, 100, 1);
  queue.claim ();
  assert_text (drain (queue), "V!kA!adadadadadadadadada");
}
END_TEST

START_TEST (released_audio_starts_afresh)
{
  ItemQueue queue;
  set_up (queue);
  queue.push (audio (0));
  drain (queue);
  queue.release ();
  for (int ms = 20; ms < 1000; ms += 20)
    queue.push (audio (ms));
  queue.claim ();
  assert_text (drain (queue), "A!a");
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("queue",
      {order_is_kept, caps_come_with_the_first_frame_only, video_starts_at_a_key_frame,
          time_overflow_drops_whole_groups, byte_overflow_drops_whole_groups,
          setup_survives_the_loss_of_its_frame, endless_group_is_lost_up_to_the_next_key_frame,
          audio_alone_loses_the_oldest, flood_of_empty_frames_is_bounded,
          release_keeps_the_current_group_only, released_in_mid_group_waits_for_a_key_frame,
          while_unclaimed_old_groups_go, released_audio_starts_afresh});
}
