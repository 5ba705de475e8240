// SPDX-License-Identifier: LGPL-2.1-or-later
// A trial is a pipeline of its own with some small pictures; a chip may lack, be in use or hang.
#include "gst-plugins/transcode/encoder_trial.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

#include <gst/video/video.h>

#include "gst-plugins/common/handover.hpp"
#include "gst-plugins/transcode/output_check.hpp"

namespace stagedoor::transcode {

namespace {

constexpr int frames = 12, asked_after = 4, most_frames = 100;
/** Viewers wait so long for a chip, which may hang, before they get something else. */
constexpr auto patience = std::chrono::milliseconds{400};
constexpr std::chrono::seconds limit{5};
constexpr int most_taken_down = 4;

/** Those of the process; never destroyed, for a trial may still go on at its end. */
struct Trials
{
  struct Entry
  {
    std::chrono::steady_clock::time_point late; ///< from then on
    bool over = false, works = false;
  };
  std::mutex mutex; // innermost
  std::condition_variable ended;
  std::map<std::string, Entry> all;            // protected by mutex
  std::map<std::string, int> being_taken_down; // likewise

  static Trials &get ()
  {
    static auto &trials = *new Trials;
    return trials;
  }
  /** Under mutex. */
  static Verdict of (const Entry &entry)
  {
    if (entry.over)
      return entry.works ? Verdict::works : Verdict::fails;
    return std::chrono::steady_clock::now () < entry.late ? Verdict::trying : Verdict::late;
  }
};

class Trial
{
public:
  explicit Trial (const EncoderKind &kind) : kind_ (kind), check_ (spec_)
  {
    pipeline_ = Ref<GstElement>::sink (gst_pipeline_new (nullptr));
  }
  GstElement *pipeline () const { return pipeline_.get (); }
  const std::string &factory () const { return kind_.factory; }
  bool passes ();

private:
  bool build ();
  void look (GstPad *pad, GstBuffer *frame);
  static RenditionSpec small_picture (const EncoderKind &kind)
  {
    return {.codec = kind.codec,
        .width = 320,
        .height = 240,
        .bitrate = 500'000,
        .profiles = kind.profiles};
  }

  const EncoderKind kind_;
  const RenditionSpec spec_ = small_picture (kind_);
  Ref<GstElement> pipeline_;
  // streaming thread of the pipeline, until that is down
  OutputCheck check_;
  int seen_ = 0;
  bool faulty_ = false;
};

bool
Trial::build ()
{
  auto source = make ("videotestsrc"), sink = make ("fakesink");
  if (!source || !sink)
    return false;
  g_object_set (source.get (), "num-buffers", most_frames, nullptr);
  g_object_set (sink.get (), "sync", FALSE, nullptr);
  const auto raw = adopt (gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, kind_.format,
      "width", G_TYPE_INT, spec_.width, "height", G_TYPE_INT, spec_.height, "framerate",
      GST_TYPE_FRACTION, 30, 1, nullptr));
  const auto pad = adopt (gst_element_get_static_pad (sink.get (), "sink"));
  gst_pad_add_probe (
      pad.get (), GST_PAD_PROBE_TYPE_BUFFER,
      [] (GstPad *pad, GstPadProbeInfo *info, gpointer self) {
        static_cast<Trial *> (self)->look (pad, GST_PAD_PROBE_INFO_BUFFER (info));
        return GST_PAD_PROBE_OK;
      },
      this, nullptr);
  GstElement *last = nullptr;
  for (auto &element : {source, make_filter (raw.get ()), make_encoder (kind_, spec_),
           make_filter (encoder_filter (kind_, spec_).get ()), sink}) {
    if (!element || !gst_bin_add (GST_BIN (pipeline ()), element.get ())
        || (last != nullptr && !gst_element_link (last, element.get ())))
      return false;
    last = element.get ();
  }
  return true;
}

void
Trial::look (GstPad *pad, GstBuffer *frame)
{
  faulty_ = faulty_ || check_.fault (frame) != nullptr;
  if (++seen_ == asked_after)
    gst_pad_push_event (
        pad, gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE, TRUE, 0));
  if (seen_ == frames)
    gst_element_post_message (pipeline (),
        gst_message_new_application (GST_OBJECT (pipeline ()), gst_structure_new_empty ("enough")));
}

/** May hang, with a chip that does. */
bool
Trial::passes ()
{
  bool enough = false;
  if (build ()
      && gst_element_set_state (pipeline (), GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) {
    const auto bus = adopt (gst_element_get_bus (pipeline ()));
    const auto message = adopt (gst_bus_timed_pop_filtered (bus.get (), limit.count () * GST_SECOND,
        static_cast<GstMessageType> (
            GST_MESSAGE_APPLICATION | GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    enough = message && GST_MESSAGE_TYPE (message.get ()) == GST_MESSAGE_APPLICATION;
  }
  if (enough) // one that hangs mustn't be waited for before it is told
    gst_element_set_state (pipeline (), GST_STATE_NULL);
  return enough && !faulty_;
}

void
conclude (const std::string &factory, bool works)
{
  auto &trials = Trials::get ();
  {
    const std::lock_guard lock{trials.mutex};
    auto &entry = trials.all[factory];
    entry.over = true;
    entry.works = works;
  }
  trials.ended.notify_all ();
}

void
begin (const EncoderKind &kind)
{
  auto *trial = new Trial (kind);
  handed_over (trial);
  gst_element_call_async (
      trial->pipeline (),
      [] (GstElement *pipeline, gpointer data) {
        taken_over (data);
        auto &trial = *static_cast<Trial *> (data);
        conclude (trial.factory (), trial.passes ());
        gst_element_set_state (pipeline, GST_STATE_NULL);
      },
      trial, [] (gpointer data) { delete static_cast<Trial *> (data); });
}

} // namespace

Verdict
verdict (const EncoderKind &kind)
{
  auto &trials = Trials::get ();
  const auto late = std::chrono::steady_clock::now () + patience;
  {
    const std::lock_guard lock{trials.mutex};
    const auto [entry, fresh] = trials.all.insert ({kind.factory, {late}});
    if (!fresh)
      return Trials::of (entry->second);
  }
  begin (kind);
  return Verdict::trying;
}

bool
has_failed_trial (const EncoderKind &kind)
{
  auto &trials = Trials::get ();
  const std::lock_guard lock{trials.mutex};
  const auto found = trials.all.find (kind.factory);
  return found != trials.all.end () && Trials::of (found->second) == Verdict::fails;
}

TakingDown::TakingDown (const std::string &factory) : factory_ (factory)
{
  auto &trials = Trials::get ();
  const std::lock_guard lock{trials.mutex};
  ++trials.being_taken_down[factory_];
}

TakingDown::~TakingDown ()
{
  auto &trials = Trials::get ();
  const std::lock_guard lock{trials.mutex};
  --trials.being_taken_down[factory_];
}

bool
hangs (const EncoderKind &kind)
{
  auto &trials = Trials::get ();
  const std::lock_guard lock{trials.mutex};
  const auto found = trials.being_taken_down.find (kind.factory);
  return found != trials.being_taken_down.end () && found->second >= most_taken_down;
}

void
wait_for_trials (const EncoderKinds &kinds)
{
  auto &trials = Trials::get ();
  for (const auto &kind : *kinds) {
    if (verdict (kind) != Verdict::trying || !kind.hardware)
      continue;
    std::unique_lock lock{trials.mutex};
    const auto &entry = trials.all[kind.factory];
    trials.ended.wait_until (lock, entry.late, [&] { return entry.over; });
  }
}

} // namespace stagedoor::transcode
