// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/hls/fixture.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gst/app/app.h>

namespace stagedoor::test {

void
wait_for (const std::function<bool ()> &condition)
{
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now () + std::chrono::seconds (15);
  while (!condition ()) {
    ck_assert_msg (Clock::now () < deadline, "what was waited for hasn't happened");
    std::this_thread::sleep_for (std::chrono::milliseconds (2));
  }
}

Recording
record (const std::string &pipeline)
{
  Recording out;
  GError *error = nullptr;
  const auto all = Ref<GstElement>::sink (gst_parse_launch (pipeline.c_str (), &error));
  ck_assert_msg (error == nullptr, "%s: %s", pipeline.c_str (), error ? error->message : "");
  const auto sink = adopt (gst_bin_get_by_name (GST_BIN (all.get ()), "out"));
  g_object_set (sink.get (), "sync", FALSE, nullptr);
  gst_element_set_state (all.get (), GST_STATE_PLAYING);
  while (const auto sample =
             adopt (gst_app_sink_try_pull_sample (GST_APP_SINK (sink.get ()), 30 * GST_SECOND))) {
    auto buffer = adopt (gst_buffer_copy_deep (gst_sample_get_buffer (sample.get ())));
    const auto *segment = gst_sample_get_segment (sample.get ());
    // As running time: encoders begin at a thousand hours.
    const auto shift = [segment] (GstClockTime &time) {
      if (GST_CLOCK_TIME_IS_VALID (time))
        time = time + GST_SECOND - segment->start;
    };
    shift (GST_BUFFER_PTS (buffer.get ()));
    shift (GST_BUFFER_DTS (buffer.get ()));
    out.buffers.push_back (std::move (buffer));
    out.caps = share (gst_sample_get_caps (sample.get ()));
  }
  gst_element_set_state (all.get (), GST_STATE_NULL);
  ck_assert_msg (!out.buffers.empty (), "%s gives nothing", pipeline.c_str ());
  return out;
}

const Recording &
picture ()
{
  static const Recording recorded =
      record ("videotestsrc num-buffers=360 pattern=ball ! "
              "video/x-raw,format=I420,width=160,height=120,framerate=30/1 "
              "! x264enc key-int-max=30 bframes=0 tune=zerolatency speed-preset=ultrafast "
              "option-string=scenecut=0 "
              "! h264parse ! video/x-h264,stream-format=avc,alignment=au ! appsink name=out");
  return recorded;
}

const Recording &
sound ()
{
  static const Recording recorded =
      record ("audiotestsrc num-buffers=564 samplesperbuffer=1024 ! "
              "audio/x-raw,rate=48000,channels=2 ! voaacenc "
              "! aacparse ! audio/mpeg,stream-format=raw ! appsink name=out");
  return recorded;
}

HlsSink::HlsSink (const std::string &properties, bool playing)
    : http_ (*http::Server::open ("127.0.0.1:0")),
      element_ (Ref<GstElement>::sink (
          gst_parse_launch (("stagehlssink name=hls " + properties).c_str (), nullptr))),
      bus_ (adopt (gst_bus_new ()))
{
  ck_assert (element_);
  gst_element_set_bus (element (), bus_.get ());
  g_object_set (element (), "http-address", http_->address ().c_str (), nullptr);
  if (playing)
    set_state (GST_STATE_PLAYING);
}

HlsSink::~HlsSink ()
{
  set_state (GST_STATE_NULL);
  gst_element_set_bus (element (), nullptr);
}

void
HlsSink::set_state (GstState state)
{
  ck_assert_int_eq (gst_element_set_state (element (), state), GST_STATE_CHANGE_SUCCESS);
}

std::uint64_t
HlsSink::stat (const char *name) const
{
  GstStructure *raw = nullptr;
  g_object_get (element (), "stats", &raw, nullptr);
  const Structure stats (raw);
  guint64 out = 0;
  ck_assert (gst_structure_get_uint64 (stats.get (), name, &out));
  return out;
}

guint
HlsSink::viewers () const
{
  guint out = 0;
  g_object_get (element (), "viewers", &out, nullptr);
  return out;
}

std::string
HlsSink::problem () const
{
  gchar *raw = nullptr;
  g_object_get (element (), "problem", &raw, nullptr);
  const String text (raw);
  return text ? text.get () : "";
}

Ref<GstMessage>
HlsSink::message (GstMessageType type)
{
  auto out = adopt (gst_bus_timed_pop_filtered (bus_.get (), 15 * GST_SECOND, type));
  ck_assert (out);
  return out;
}

bool
HlsSink::has_message (GstMessageType type)
{
  return bool (adopt (gst_bus_pop_filtered (bus_.get (), type)));
}

Response
HlsSink::get (const std::string &place, const std::string &headers) const
{
  return Client (port ()).ask (test::get ("/live/demo/" + place, headers));
}

std::string
HlsSink::text (const std::string &place) const
{
  const auto response = get (place);
  ck_assert_msg (
      response.status == 200, "%s: %d %s", place.c_str (), response.status, response.body.c_str ());
  return response.body;
}

struct Source::Upstream
{
  mutable std::mutex mutex;
  std::vector<bool> demands; // protected by mutex

  Upstream () { std::lock_guard lock (mutex); } // for TSan, which doesn't see GLib's locks
};

Source::Source (HlsSink &sink, const char *pad)
    : sink_ (sink), pad_ (Ref<GstPad>::sink (gst_pad_new ("src", GST_PAD_SRC))),
      peer_ (adopt (gst_element_request_pad_simple (sink.element (), pad))),
      upstream_ (std::make_shared<Upstream> ())
{
  ck_assert (peer_);
  gst_pad_set_event_function_full (
      pad_.get (), on_event, new std::shared_ptr<Upstream> (upstream_), [] (gpointer data) {
        const auto *upstream = static_cast<std::shared_ptr<Upstream> *> (data);
        (*upstream)->mutex.lock (); // whoever was in on_event() is done
        (*upstream)->mutex.unlock ();
        delete upstream;
      });
  gst_pad_set_active (pad_.get (), TRUE);
  ck_assert_int_eq (gst_pad_link (pad_.get (), peer_.get ()), GST_PAD_LINK_OK);
}

Source::~Source ()
{
  gst_pad_unlink (pad_.get (), peer_.get ());
  gst_pad_set_active (pad_.get (), FALSE);
  gst_element_release_request_pad (sink_.element (), peer_.get ());
}

gboolean
Source::on_event (GstPad *pad, GstObject *, GstEvent *event)
{
  const auto owned = adopt (event);
  auto &upstream = **static_cast<std::shared_ptr<Upstream> *> (pad->eventdata);
  gboolean wanted = FALSE;
  if (gst_event_has_name (event, "stagedoor-demand")) {
    gst_structure_get_boolean (gst_event_get_structure (event), "wanted", &wanted);
    std::lock_guard lock (upstream.mutex);
    upstream.demands.push_back (wanted != FALSE);
  }
  return TRUE;
}

std::vector<bool>
Source::demands () const
{
  std::lock_guard lock (upstream_->mutex);
  return upstream_->demands;
}

bool
Source::start (const Ref<GstCaps> &caps)
{
  event (gst_event_new_stream_start ("test"));
  const bool taken = event (gst_event_new_caps (caps.get ()));
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  event (gst_event_new_segment (&segment));
  return taken;
}

GstFlowReturn
Source::push (const Ref<GstBuffer> &buffer, GstClockTimeDiff later)
{
  GstBuffer *copy = gst_buffer_copy (buffer.get ());
  const auto move = [later] (GstClockTime time) {
    return GST_CLOCK_TIME_IS_VALID (time)
               ? static_cast<GstClockTime> (static_cast<GstClockTimeDiff> (time) + later)
               : time;
  };
  GST_BUFFER_PTS (copy) = move (GST_BUFFER_PTS (copy));
  GST_BUFFER_DTS (copy) = move (GST_BUFFER_DTS (copy));
  return gst_pad_push (pad_.get (), copy);
}

void
Source::play (
    const Recording &recording, GstClockTimeDiff later, std::size_t from, std::size_t count)
{
  for (std::size_t i = from; i < recording.buffers.size () && i - from < count; ++i)
    ck_assert_int_eq (push (recording.buffers[i], later), GST_FLOW_OK);
}

void
Stream::play (std::size_t frames, GstClockTimeDiff later)
{
  std::size_t heard = 0;
  const auto &all = sound ().buffers;
  for (std::size_t i = 0; i < frames; ++i) {
    const auto &frame = picture ().buffers[i];
    for (;
         heard < all.size () && GST_BUFFER_PTS (all[heard].get ()) <= GST_BUFFER_PTS (frame.get ());
         ++heard)
      audio.push (all[heard], later);
    video.push (frame, later);
  }
}

std::vector<std::string>
lines_with (const std::string &text, const std::string &beginning)
{
  std::vector<std::string> out;
  std::istringstream in (text);
  for (std::string line; std::getline (in, line);)
    if (line.starts_with (beginning))
      out.push_back (line);
  return out;
}

std::vector<std::string>
uris (const std::string &text)
{
  auto out = lines_with (text, "");
  std::erase_if (out, [] (const auto &line) { return line.empty () || line[0] == '#'; });
  return out;
}

std::string
uri_in (const std::string &line)
{
  const auto from = line.find ("URI=\"") + 5;
  return line.substr (from, line.find ('"', from) - from);
}

std::size_t
count (const std::string &text, const std::string &what)
{
  std::size_t out = 0;
  for (auto at = text.find (what); at != std::string::npos; at = text.find (what, at + 1))
    ++out;
  return out;
}

std::vector<Demuxed>
demux (const HlsSink &sink, const std::string &playlist)
{
  namespace fs = std::filesystem;
  const auto text = sink.text ("hls/" + playlist);
  gchar *name = nullptr;
  close (g_file_open_tmp ("hls-XXXXXX.mp4", &name, nullptr));
  const String path (name);
  {
    std::ofstream file (path.get (), std::ios::binary);
    std::istringstream in (text);
    for (std::string line; std::getline (in, line);)
      if (line.starts_with ("#EXT-X-MAP:"))
        file << sink.text ("hls/" + uri_in (line));
      else if (!line.empty () && line[0] != '#')
        file << sink.text ("hls/" + line);
  }
  std::vector<Demuxed> out;
  const auto recorded =
      record ("filesrc location=" + std::string (path.get ()) + " ! qtdemux ! appsink name=out");
  for (const auto &buffer : recorded.buffers)
    out.push_back ({GST_BUFFER_PTS (buffer.get ()), GST_BUFFER_DTS (buffer.get ()),
        gst_buffer_get_size (buffer.get ()),
        !GST_BUFFER_FLAG_IS_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT)});
  fs::remove (path.get ());
  return out;
}

} // namespace stagedoor::test
