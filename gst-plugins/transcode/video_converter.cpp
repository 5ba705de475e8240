// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever video comes -> renditions: decoded once, each encoded once for all outputs that want it,
// while any does.
#include <algorithm>
#include <mutex>
#include <utility>

#include <gst/video/video.h>

#include "gst-plugins/transcode/lane.hpp"
#include "gst-plugins/transcode/video_chain.hpp"
#include "gst-plugins/transcode/video_encoder.hpp"
#include "gst-plugins/transcode/video_source.hpp"

namespace stagedoor::transcode {

namespace {

using Renditions = std::vector<std::shared_ptr<Rendition>>;

/** For how much of the stream a rendition goes on when nobody wants it any more. */
constexpr GstClockTime linger = 5 * GST_SECOND;

class VideoConverter final : public Converter
{
public:
  explicit VideoConverter (Lane &lane) : lane_ (lane) {}

  Ref<GstCaps> makes (GstPad *output) const override;
  std::string objection (GstPad *output, const GstCaps *taken) const override;
  std::string problem () const override { return {}; }
  Ref<GstPad> tail (GstPad *output) const override;
  void set_input (GstCaps *caps) override;
  bool observe (GstBuffer *buffer) override { return source_.observe (buffer); }
  void update (const Outputs &outputs) override;
  void feed (GstBuffer *buffer) override;
  void feed (GstEvent *event) override;
  void reset () override;

private:
  /** What runs no longer. */
  struct Gone
  {
    std::shared_ptr<VideoChain> chain;
    Renditions renditions;
    void end (); ///< waits for its threads
  };
  struct Assignment
  {
    GstPad *output; // borrowed, to compare
    std::shared_ptr<Rendition> rendition;
    bool operator== (const Assignment &) const = default;
  };

  static gboolean on_feed_query (GstPad *pad, GstObject *, GstQuery *query);
  void on_encoded (const Rendition &rendition, const Ref<GstBuffer> &buffer);
  void on_event (const Rendition &rendition, GstEvent *event);
  Outputs outputs_of (const Rendition &rendition) const;

  RenditionSpec spec_of (GstPad *output) const;
  void keep_wanted (const Outputs &outputs);
  void forget (const Renditions &gone);
  void assign (const Outputs &outputs);
  std::vector<Assignment> exchange_assignments (std::vector<Assignment> assignments);
  void run (Renditions renditions);
  void join (GstPad *output, const Rendition &rendition);
  bool start_chain ();
  std::shared_ptr<Rendition> rendition_for (const RenditionSpec &spec, Renditions &all);
  Gone take_all ();
  void end_later (Gone gone);
  void end_all ();

  Lane &lane_;
  mutable std::mutex mutex_;            // innermost
  SourcePicture picture_;               // protected by mutex_; written by the streaming thread
  std::vector<Assignment> assignments_; // protected by mutex_; written by the streaming thread

  // streaming thread
  VideoSource source_;
  std::shared_ptr<VideoChain> chain_;
  Renditions renditions_;
  bool patient_ = false;
  gint64 retry_at_ = 0; // monotonic microseconds: after a failure nothing is built before
};

/** GStreamer's and ours: "b-frames" in a peer's caps says whether it can show them. */
bool
takes_b_frames (const GstCaps *taken, const char *media_type)
{
  for (guint i = 0; i < gst_caps_get_size (taken); ++i) {
    const auto *fields = gst_caps_get_structure (taken, i);
    gboolean b_frames = TRUE;
    if (gst_structure_has_name (fields, media_type)) {
      gst_structure_get_boolean (fields, "b-frames", &b_frames);
      if (b_frames)
        return true;
    }
  }
  return false;
}

RenditionSpec
VideoConverter::spec_of (GstPad *output) const
{
  const std::lock_guard lock{mutex_};
  return resolve (wants (output), picture_);
}

Ref<GstCaps>
VideoConverter::makes (GstPad *output) const
{
  return encoded_caps (spec_of (output));
}

std::string
VideoConverter::objection (GstPad *output, const GstCaps *taken) const
{
  const auto *format = gst_caps_get_structure (source_.caps (), 0);
  if (source_.has_b_frames () && !takes_b_frames (taken, gst_structure_get_name (format)))
    return source_.b_frames_text ();
  return difference (wants (output), source_.picture ());
}

Ref<GstPad>
VideoConverter::tail (GstPad *output) const
{
  const std::lock_guard lock{mutex_};
  for (const auto &assignment : assignments_)
    if (assignment.output == output)
      return share (assignment.rendition->tail ());
  return nullptr;
}

Outputs
VideoConverter::outputs_of (const Rendition &rendition) const
{
  const auto all = lane_.outputs ();
  Outputs out;
  const std::lock_guard lock{mutex_};
  for (const auto &assignment : assignments_)
    if (assignment.rendition.get () == &rendition)
      for (const auto &output : *all)
        if (output.get () == assignment.output)
          out.push_back (output);
  return out;
}

/** The rendition's thread. */
void
VideoConverter::on_encoded (const Rendition &rendition, const Ref<GstBuffer> &buffer)
{
  for (const auto &output : outputs_of (rendition))
    lane_.push_converted (output.get (), Ref<GstBuffer> (buffer));
}

/** The rendition's thread, but for flushes. */
void
VideoConverter::on_event (const Rendition &rendition, GstEvent *event)
{
  for (const auto &output : outputs_of (rendition))
    lane_.push_converted (output.get (), event);
}

gboolean
VideoConverter::on_feed_query (GstPad *pad, GstObject *, GstQuery *query)
{
  return static_cast<VideoConverter *> (gst_pad_get_element_private (pad))
      ->lane_.answer_feed_query (pad, query);
}

void
VideoConverter::set_input (GstCaps *caps)
{
  end_all ();
  source_.set_caps (caps);
  patient_ = !lane_.is_live ();
  const std::lock_guard lock{mutex_};
  picture_ = source_.picture ();
}

void
VideoConverter::reset ()
{
  take_all ().end ();
  source_.reset ();
  retry_at_ = 0;
  const std::lock_guard lock{mutex_};
  picture_ = {};
}

void
VideoConverter::Gone::end ()
{
  if (chain != nullptr)
    chain->set_renditions ({});
  renditions.clear (); // before the decoder, which may be waiting for room in one of them
  chain.reset ();
}

VideoConverter::Gone
VideoConverter::take_all ()
{
  Gone gone{std::exchange (chain_, nullptr), std::exchange (renditions_, {})};
  std::vector<Assignment> assignments; // dropped after the lock
  const std::lock_guard lock{mutex_};
  assignments.swap (assignments_);
  return gone;
}

/** That waits for threads that may be at work: not on this one. */
void
VideoConverter::end_later (Gone gone)
{
  gst_element_call_async (
      GST_ELEMENT (lane_.bin ()),
      [] (GstElement *, gpointer data) { static_cast<Gone *> (data)->end (); },
      new Gone (std::move (gone)), [] (gpointer data) { delete static_cast<Gone *> (data); });
}

void
VideoConverter::end_all ()
{
  if (chain_ != nullptr)
    end_later (take_all ());
}

/** So that none is held to the end by an assignment, and ends on the streaming thread. */
void
VideoConverter::forget (const Renditions &gone)
{
  const std::lock_guard lock{mutex_};
  std::erase_if (assignments_,
      [&] (const auto &a) { return std::ranges::find (gone, a.rendition) != gone.end (); });
}

/** Takes leave of renditions that nobody has wanted for a while. */
void
VideoConverter::keep_wanted (const Outputs &outputs)
{
  const auto now = source_.now ();
  Renditions kept, gone;
  for (const auto &rendition : renditions_) {
    const bool wanted = std::ranges::any_of (outputs, [&] (const auto &out) {
      return mode (out.get ()) == Mode::convert && is_wanted (out.get ())
             && spec_of (out.get ()) == rendition->spec ();
    });
    auto &since = rendition->idle_since;
    if (wanted)
      since = GST_CLOCK_TIME_NONE;
    else if (!GST_CLOCK_TIME_IS_VALID (since) || now < since)
      since = now;
    const bool keep = wanted || now - since < linger;
    (keep ? kept : gone).push_back (rendition);
  }
  if (gone.empty ())
    return;
  if (kept.empty ())
    return end_all ();
  chain_->set_renditions (kept);
  renditions_ = std::move (kept);
  forget (gone);
  end_later ({nullptr, std::move (gone)});
}

bool
VideoConverter::start_chain ()
{
  chain_ = VideoChain::build (
      {lane_.bin (), source_.caps (), source_.shown_until (), patient_, this, on_feed_query});
  if (chain_ == nullptr)
    return false;
  if (const auto from = lane_.sink ())
    Lane::replay (from.get (), chain_->feed_pad ());
  return true;
}

std::shared_ptr<Rendition>
VideoConverter::rendition_for (const RenditionSpec &spec, Renditions &all)
{
  const auto found = std::ranges::find (all, spec, [] (const auto &r) { return r->spec (); });
  if (found != all.end ())
    return *found;
  auto fresh = Rendition::build (lane_.bin (), spec, patient_,
      {[this] (Rendition &r, Ref<GstBuffer> buffer) { on_encoded (r, buffer); },
          [this] (Rendition &r, GstEvent *event) { on_event (r, event); },
          [this] (GstQuery *query) {
            const auto from = lane_.sink ();
            return from && gst_pad_peer_query (from.get (), query);
          }});
  if (fresh != nullptr)
    all.push_back (fresh);
  return fresh;
}

/** An output of a rendition that runs already. */
void
VideoConverter::join (GstPad *output, const Rendition &rendition)
{
  lane_.replay_converted (rendition.tail (), output);
  gst_pad_push_event (rendition.tail (),
      gst_video_event_new_upstream_force_key_unit (GST_CLOCK_TIME_NONE, TRUE, 0));
}

/** Gives each output that wants one its rendition; makes what is missing. */
void
VideoConverter::assign (const Outputs &outputs)
{
  auto all = renditions_;
  std::vector<Assignment> assignments;
  for (const auto &out : outputs) {
    if (mode (out.get ()) != Mode::convert)
      continue;
    const auto spec = spec_of (out.get ());
    const bool runs = std::ranges::any_of (all, [&] (const auto &r) { return r->spec () == spec; });
    if (!runs && !is_wanted (out.get ()))
      continue;
    if (auto rendition = rendition_for (spec, all))
      assignments.push_back ({out.get (), std::move (rendition)});
    else
      lane_.refuse (out.get (), "no encoder for what is wanted is installed");
  }
  const auto before = exchange_assignments (assignments);
  for (const auto &a : assignments)
    if (std::ranges::find (renditions_, a.rendition) != renditions_.end ()
        && std::ranges::find (before, a) == before.end ())
      join (a.output, *a.rendition);
  if (all.size () > renditions_.size ())
    run (std::move (all));
}

std::vector<VideoConverter::Assignment>
VideoConverter::exchange_assignments (std::vector<Assignment> assignments)
{
  const std::lock_guard lock{mutex_};
  assignments.swap (assignments_);
  return assignments;
}

void
VideoConverter::run (Renditions renditions)
{
  renditions_ = std::move (renditions);
  const bool starting = chain_ == nullptr;
  if (starting && !start_chain ()) {
    end_later (take_all ());
    const auto outs = lane_.outputs ();
    for (const auto &out : *outs)
      if (mode (out.get ()) == Mode::convert)
        lane_.refuse (out.get (), "no decoder for this video format is installed");
    return;
  }
  chain_->set_renditions (renditions_);
  if (starting)
    for (const auto &buffer : source_.group ())
      chain_->feed (buffer.get ());
}

void
VideoConverter::update (const Outputs &outputs)
{
  if (chain_ != nullptr && chain_->has_failed ()) {
    end_all ();
    retry_at_ = g_get_monotonic_time () + G_USEC_PER_SEC;
  }
  const bool any = std::ranges::any_of (
      outputs, [] (const auto &out) { return mode (out.get ()) == Mode::convert; });
  if (!any && renditions_.empty ())
    return;
  keep_wanted (outputs);
  if (g_get_monotonic_time () >= retry_at_)
    assign (outputs);
}

void
VideoConverter::feed (GstBuffer *buffer)
{
  source_.keep (buffer);
  if (chain_ != nullptr)
    chain_->feed (buffer);
}

void
VideoConverter::feed (GstEvent *event)
{
  if (chain_ != nullptr)
    gst_pad_push_event (chain_->feed_pad (), gst_event_ref (event));
}

} // namespace

std::unique_ptr<Converter>
make_video_converter (Lane &lane)
{
  return std::make_unique<VideoConverter> (lane);
}

} // namespace stagedoor::transcode
