// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/gate/whip_studio.hpp"

#include <gst/app/app.h>

#include "gst-plugins/common/gate/whip/mapped.hpp"

namespace stagedoor::test {
namespace {

std::vector<Bytes>
packets_of (const std::string &description)
{
  GError *error = nullptr;
  const auto pipeline = Ref<GstElement>::sink (
      gst_parse_launch ((description + " ! appsink name=out sync=false").c_str (), &error));
  ck_assert_msg (error == nullptr, "%s", error != nullptr ? error->message : "");
  const auto sink = adopt (gst_bin_get_by_name (GST_BIN (pipeline.get ()), "out"));
  gst_element_set_state (pipeline.get (), GST_STATE_PLAYING);
  std::vector<Bytes> out;
  const auto take = [&out] (GstBuffer *buffer) {
    const gate::Mapped mapped (buffer);
    out.emplace_back (mapped.view ().begin (), mapped.view ().end ());
  };
  while (const auto sample = adopt (gst_app_sink_pull_sample (GST_APP_SINK (sink.get ())))) {
    auto *list = gst_sample_get_buffer_list (sample.get ());
    if (list == nullptr)
      take (gst_sample_get_buffer (sample.get ()));
    for (guint i = 0; list != nullptr && i < gst_buffer_list_length (list); ++i)
      take (gst_buffer_list_get (list, i));
  }
  gst_element_set_state (pipeline.get (), GST_STATE_NULL);
  return out;
}

std::string
payloader (std::uint8_t type, std::uint32_t ssrc)
{
  return "pt=" + std::to_string (type) + " ssrc=" + std::to_string (ssrc)
         + " mtu=1200 seqnum-offset=65500 timestamp-offset=4294960000";
}

} // namespace

std::vector<Bytes>
video_packets (const std::string &encoder, int frames)
{
  return packets_of ("videotestsrc pattern=ball num-buffers=" + std::to_string (frames)
                     + " ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! " + encoder
                     + " " + payloader (video_type, video_ssrc));
}

std::vector<Bytes>
audio_packets (int frames)
{
  return packets_of ("audiotestsrc samplesperbuffer=960 num-buffers=" + std::to_string (frames)
                     + " ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay "
                     + payloader (audio_type, audio_ssrc));
}

Bytes
as_retransmission (const Bytes &packet, std::uint16_t sequence)
{
  Bytes out (packet.begin (), packet.begin () + 12);
  out[1] = static_cast<std::uint8_t> ((packet[1] & 0x80) | rtx_type);
  out[2] = static_cast<std::uint8_t> (sequence >> 8);
  out[3] = static_cast<std::uint8_t> (sequence);
  std::fill (out.begin () + 8, out.end (), 0x33);
  out.push_back (packet[2]);
  out.push_back (packet[3]);
  out.insert (out.end (), packet.begin () + 12, packet.end ());
  return out;
}

Bytes
sender_report (std::uint32_t ssrc, std::uint64_t ntp, std::uint32_t rtp)
{
  Bytes out;
  Writer writer (out);
  writer.u32 (0x80c80006);
  writer.u32 (ssrc);
  writer.u64 (ntp);
  writer.u32 (rtp);
  writer.u64 (0);
  return out;
}

webrtc::IncomingPlan
plan_of (webrtc::Codec video, bool with_audio)
{
  webrtc::IncomingPlan plan;
  plan.tracks.push_back ({.video = true,
      .codec = video,
      .m_line = 0,
      .payload_type = video_type,
      .clock_rate = 90000,
      .channels = 1,
      .fmtp = "",
      .mid = "0",
      .rtx_payload_type = rtx_type,
      .nack = true,
      .pli = true,
      .transport_cc = true,
      .transport_cc_id = 3});
  if (with_audio)
    plan.tracks.push_back ({.video = false,
        .codec = webrtc::Codec::opus,
        .m_line = 1,
        .payload_type = audio_type,
        .clock_rate = 48000,
        .channels = 2,
        .fmtp = "",
        .mid = "1"});
  return plan;
}

Studio::Studio (webrtc::IncomingPlan plan, std::chrono::milliseconds latency)
    : publication_ ({"live/demo", "whip", {}, {}}, nullptr), reader_ (publication_, plan)
{
  std::string error;
  input_ = gate::RtpInput::open (plan, latency,
      {.packet =
              [this] (std::size_t track, ByteView packet) {
                if (reader_.take (track, packet) == gate::ReadResult::needs_key_frame)
                  ++key_frames_needed_;
              },
          .report = [this] (const webrtc::SenderReport &report) { reader_.report (report); },
          .rtcp =
              [this] (Bytes compound) {
                const std::lock_guard lock (mutex_);
                rtcp_.push_back (std::move (compound));
              },
          .failed =
              [this] (std::string why) {
                const std::lock_guard lock (mutex_);
                failure_ = std::move (why);
              }},
      error);
  ck_assert_msg (input_ != nullptr, "%s", error.c_str ());
  consumer_ = std::thread ([this] {
    while (auto item = publication_.pop (over_, gate::no_deadline)) {
      const std::lock_guard lock (mutex_);
      if (auto *frame = std::get_if<gate::Frame> (&*item))
        frames_.push_back (std::move (*frame));
      else if (auto *caps = std::get_if<gate::TrackCaps> (&*item))
        caps_.push_back (std::move (*caps));
    }
  });
}

Studio::~Studio ()
{
  input_.reset ();
  over_.set ();
  consumer_.join ();
}

std::vector<gate::Frame>
Studio::frames (gate::Track track) const
{
  const std::lock_guard lock (mutex_);
  std::vector<gate::Frame> out;
  for (const auto &frame : frames_)
    if (frame.track == track)
      out.push_back (frame);
  return out;
}

std::vector<gate::TrackCaps>
Studio::caps () const
{
  const std::lock_guard lock (mutex_);
  return caps_;
}

std::vector<gate::Frame>
Studio::wait_for (gate::Track track, std::size_t count) const
{
  eventually ([&] { return frames (track).size () >= count; });
  auto out = frames (track);
  ck_assert_uint_ge (out.size (), count);
  return out;
}

std::string
Studio::failure () const
{
  const std::lock_guard lock (mutex_);
  return failure_;
}

std::vector<Bytes>
Studio::rtcp () const
{
  const std::lock_guard lock (mutex_);
  return rtcp_;
}

bool
Studio::sent (std::uint8_t type, std::uint8_t format) const
{
  for (const auto &compound : rtcp ()) {
    Reader in (compound);
    while (in.remaining () >= 4) {
      const unsigned first = in.u8 (), second = in.u8 ();
      in.skip (std::size_t (4) * in.u16 ());
      if (second == type && (first & 0x1f) == format)
        return true;
    }
  }
  return false;
}

} // namespace stagedoor::test
