// SPDX-License-Identifier: LGPL-2.1-or-later
// B-frames are told from streams without, by whichever door they come.
#include "tests/check/gate/srt_caller.hpp"
#include "tests/check/gate/whip_studio.hpp"
#include "tests/check/transcode/fixture.hpp"

#include "libs/keys/public.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *with = "transcoding, because the source has B-frames";
constexpr const char *without = "passed through";

/** What a transcoder says that gets what came through the gate, and whose peer is a browser. */
class Judge
{
public:
  Judge () { browser_.link (pad_.get ()); }
  ~Judge ()
  {
    browser_.unlink ();
    gst_pad_set_active (browser_.pad (), FALSE);
  }
  Judge (const Judge &) = delete;
  Judge &operator= (const Judge &) = delete;

  void take (const gate::TrackCaps &caps)
  {
    if (caps.track == gate::Track::video)
      feed_.start (caps.caps.get ());
  }
  void take (const gate::Frame &frame)
  {
    if (frame.track == gate::Track::video)
      ck_assert_int_eq (feed_.push (frame.buffer), GST_FLOW_OK);
  }
  std::string decision () const { return decision_of (pad_.get ()); }

private:
  Transcoder transcoder_;
  Feed feed_{transcoder_.element (), "video"};
  Ref<GstPad> pad_ = transcoder_.request ("video_%u");
  Peer browser_{"video/x-h264,b-frames=(boolean)false"};
};

void
assert_decision (const Judge &judge, const char *expected)
{
  ck_assert_msg (judge.decision ().starts_with (expected), "\"%s\" instead of \"%s\"",
      judge.decision ().c_str (), expected);
}

/** All that is published, until the publisher leaves. */
void
judge_all (gate::Publication &publication, const char *expected)
{
  Judge judge;
  gate::Interrupt never;
  while (auto item = publication.pop (never))
    if (auto *caps = std::get_if<gate::TrackCaps> (&*item))
      judge.take (*caps);
    else if (auto *frame = std::get_if<gate::Frame> (&*item))
      judge.take (*frame);
    else
      break;
  assert_decision (judge, expected);
}

std::string
x264 (bool b_frames, const char *more = "")
{
  return std::string ("x264enc speed-preset=ultrafast key-int-max=15 ")
         + (b_frames ? "bframes=2 b-adapt=false " : "bframes=0 tune=zerolatency ") + more;
}

Bytes
flv_video (bool key, std::uint8_t kind, std::int64_t composition_ms, ByteView data)
{
  Bytes out;
  Writer writer (out);
  writer.u8 (static_cast<std::uint8_t> ((key ? 0x10 : 0x20) | 7));
  writer.u8 (kind);
  writer.u24 (static_cast<std::uint32_t> (composition_ms) & 0xffffff);
  writer.bytes (data);
  return out;
}

Bytes
bytes_of (GstBuffer *buffer)
{
  Bytes out (gst_buffer_get_size (buffer));
  gst_buffer_extract (buffer, 0, out.data (), out.size ());
  return out;
}

/** As OBS does: composition times in each tag. */
void
publish_by_rtmp (Publisher &publisher, const test::Track &track)
{
  const auto *fields = gst_caps_get_structure (track.caps.get (), 0);
  auto *setup = gst_value_get_buffer (gst_structure_get_value (fields, "codec_data"));
  publisher.send_tag (9, 0, flv_video (true, 0, 0, bytes_of (setup)));
  const auto start = GST_BUFFER_DTS (track.buffers[0].get ());
  for (const auto &buffer : track.buffers) {
    const auto dts = GST_BUFFER_DTS (buffer.get ()) - start;
    const auto composition = (GST_BUFFER_PTS (buffer.get ()) - start - dts) / GST_MSECOND;
    const bool key = !GST_BUFFER_FLAG_IS_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
    publisher.send_tag (9, static_cast<std::uint32_t> (dts / GST_MSECOND),
        flv_video (key, 1, static_cast<std::int64_t> (composition), bytes_of (buffer.get ())));
  }
}

START_TEST (by_rtmp)
{
  for (const bool b_frames : {true, false}) {
    const auto track = record (
        "videotestsrc pattern=ball num-buffers=45 ! video/x-raw,format=I420,width=320,height=240,"
        "framerate=30/1 ! "
        + x264 (b_frames) + " ! h264parse ! video/x-h264,stream-format=avc,alignment=au");
    TestGate gate;
    const auto welcome = gate->admit ("*", std::make_shared<keys::Public> ());
    Publisher publisher (gate.port ());
    ck_assert (publisher.publish ("show"));
    const auto publication = gate.claim ("live/show");
    publish_by_rtmp (publisher, track);
    publisher.unpublish ();
    judge_all (*publication, b_frames ? with : without);
  }
}
END_TEST

START_TEST (by_srt)
{
  for (const auto &[file, expected] :
      {std::pair ("h264-bframes.mpegts", with), {"h264-aac.mpegts", without}}) {
    TestGate gate;
    const auto welcome = gate->admit ("*", std::make_shared<keys::Public> ());
    SrtCaller caller (open_srt_door (*gate.pointer ()), {"publish:live/show"});
    ck_assert_int_eq (caller.reject_reason (), 0);
    const auto publication = gate.claim ("live/show");
    const auto stream = transport_stream (file);
    ck_assert (caller.send (stream));
    ck_assert (eventually ([&] { // all of it has to be there before the line is cut
      const Structure stats (publication->stats ());
      guint64 packets = 0;
      return gst_structure_get_uint64 (stats.get (), "packets", &packets)
             && packets >= (stream.size () + 1315) / 1316;
    }));
    g_usleep (100'000); // the latency of what came last
    caller.close ();
    judge_all (*publication, expected);
  }
}
END_TEST

/** RTP has no time of decoding: there are only the parameter sets and the order. A browser never
 * sends any B-frames, but other publishers do. */
START_TEST (by_whip)
{
  for (const bool b_frames : {true, false}) {
    Studio studio (plan_of (webrtc::Codec::h264, false));
    for (const auto &packet :
        video_packets (x264 (b_frames) + " ! rtph264pay config-interval=-1", 45))
      studio.push (packet);
    Judge judge;
    const auto frames = studio.wait_for (gate::Track::video, 40);
    for (const auto &caps : studio.caps ())
      judge.take (caps);
    for (const auto &frame : frames)
      judge.take (frame);
    assert_decision (judge, b_frames ? with : without);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("B-frames", {by_rtmp, by_srt, by_whip});
}
