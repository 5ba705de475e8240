// SPDX-License-Identifier: LGPL-2.1-or-later
// Which renditions run, and for whom. Streaming thread.
#include "gst-plugins/transcode/video_converter.hpp"

#include <algorithm>
#include <utility>

#include "gst-plugins/transcode/encoder_trial.hpp"

namespace stagedoor::transcode {

namespace {

/** For how much of the stream a rendition goes on when nobody wants it any more. */
constexpr GstClockTime linger = 5 * GST_SECOND;

} // namespace

bool
VideoConverter::is_spec_wanted (const RenditionSpec &spec, const Outputs &outputs) const
{
  return std::ranges::any_of (outputs, [&] (const auto &out) {
    return mode (out.get ()) == Mode::convert && is_wanted (out.get ())
           && spec_of (out.get ()) == spec;
  });
}

bool
VideoConverter::is_any_wanted (const Outputs &outputs) const
{
  return std::ranges::any_of (outputs, [&] (const auto &out) {
    return mode (out.get ()) == Mode::convert && is_wanted (out.get ())
           && spec_of (out.get ()).cut != Cut::left_out;
  });
}

/** Whoever had it wants another by now, which is about to be made. */
bool
VideoConverter::is_superseded (const Rendition &rendition, const Outputs &outputs) const
{
  return std::ranges::none_of (outputs, [&] (const auto &out) {
    return mode (out.get ()) == Mode::convert && spec_of (out.get ()) == rendition.spec ();
  });
}

/** Takes leave of renditions that failed, that are to be others now, or that nobody has wanted for
 * a while. */
void
VideoConverter::keep_wanted (const Outputs &outputs)
{
  const auto now = source_.now ();
  Renditions kept, gone;
  for (const auto &rendition : renditions_) {
    const bool wanted = is_spec_wanted (rendition->spec (), outputs);
    auto &since = rendition->idle_since;
    if (wanted)
      since = GST_CLOCK_TIME_NONE;
    else if (!GST_CLOCK_TIME_IS_VALID (since) || !GST_CLOCK_TIME_IS_VALID (now) || now < since)
      since = now;
    const bool keep = rendition->failure () == nullptr
                      && (wanted || (!is_superseded (*rendition, outputs) && now - since < linger));
    (keep ? kept : gone).push_back (rendition);
  }
  // The decoder goes on while its only encoder is replaced.
  if (kept.empty () && !is_any_wanted (outputs))
    return end_all ();
  if (gone.empty ())
    return;
  chain_->set_renditions (kept);
  renditions_ = std::move (kept);
  {
    // The last to hold one waits for its threads.
    const std::lock_guard lock{mutex_};
    std::erase_if (assignments_,
        [&] (const auto &a) { return std::ranges::find (gone, a.rendition) != gone.end (); });
  }
  end_later ({chain_, std::move (gone), true});
}

bool
VideoConverter::start_chain ()
{
  auto fresh = VideoChain::build (
      {lane_.bin (), source_.caps (), source_.shown_until (), patient_, this, on_feed_query});
  if (fresh == nullptr)
    return false;
  if (const auto from = lane_.sink ())
    Lane::replay (from.get (), fresh->feed_pad ());
  const std::lock_guard lock{mutex_};
  chain_ = std::move (fresh);
  return true;
}

std::shared_ptr<Rendition>
VideoConverter::build (const RenditionSpec &spec, const EncoderChoice &choice)
{
  auto fresh = Rendition::build (lane_.bin (), spec, *choice.kind, patient_,
      {[this] (Rendition &r, Ref<GstBuffer> buffer) { on_encoded (r, buffer); },
          [this] (Rendition &r, GstEvent *event) { on_event (r, event); },
          [this] (GstQuery *query) {
            const auto from = lane_.sink ();
            return from && gst_pad_peer_query (from.get (), query);
          }});
  if (fresh != nullptr)
    fresh->instead = choice.why;
  else
    failures_.add_strike (spec, choice.kind->factory, "can't be made", false);
  return fresh;
}

/** Null: for now, or for good; then @p output is told so. */
std::shared_ptr<Rendition>
VideoConverter::rendition_for (GstPad *output, Renditions &all)
{
  const auto spec = spec_of (output);
  const auto found = std::ranges::find (all, spec, [] (const auto &r) { return r->spec (); });
  if (found != all.end ())
    return *found;
  if (spec.cut == Cut::left_out || !is_wanted (output) || !failures_.may_try (spec))
    return nullptr;
  if (patient_)
    wait_for_trials (encoder_kinds (spec.codec));
  const auto choice = choose_encoder (spec, failures_);
  if (!choice.kind) {
    if (!choice.pending)
      lane_.refuse (output, "no encoder for what is wanted is installed");
    return nullptr;
  }
  auto fresh = build (spec, choice);
  if (fresh == nullptr)
    return nullptr;
  if (!choice.why.empty () || !failures_.text (spec).empty ())
    gst_pad_mark_reconfigure (output); // the decision says who encodes
  all.push_back (fresh);
  return fresh;
}

/** An output of a rendition that runs already. */
void
VideoConverter::join (GstPad *output, Rendition &rendition)
{
  lane_.replay_converted (rendition.tail (), output);
  rendition.request_key ();
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
    if (auto rendition = rendition_for (out.get (), all))
      assignments.push_back ({out.get (), std::move (rendition)});
  }
  set_assignments (assignments);
  for (const auto &a : assignments)
    if (lane_.supply_from (a.output, a.rendition->id (), source_.shown_until ())
        && std::ranges::find (renditions_, a.rendition) != renditions_.end ())
      join (a.output, *a.rendition);
  if (all.size () > renditions_.size ())
    run (std::move (all));
}

void
VideoConverter::set_assignments (std::vector<Assignment> assignments)
{
  const std::lock_guard lock{mutex_};
  assignments.swap (assignments_); // the old ones are dropped after the lock
}

void
VideoConverter::note_failure (const Rendition &rendition)
{
  if (const char *what = rendition.failure ())
    failures_.add_strike (
        rendition.spec (), rendition.kind ().factory, what, rendition.had_done_well ());
  else if (rendition.has_put_out ())
    failures_.mend (rendition.spec (), rendition.had_done_well ());
}

/** What a publisher sends must not end the pipeline, nor an encoder: both start anew. */
void
VideoConverter::note_failures (const Outputs &outputs)
{
  const bool undecodable = chain_ != nullptr && chain_->has_failed ();
  for (const auto &rendition : renditions_)
    if (undecodable)
      failures_.add (rendition->spec (), "the video cannot be decoded");
    else
      note_failure (*rendition);
  if (undecodable) {
    end_all ();
    retry_at_ = g_get_monotonic_time () + G_USEC_PER_SEC;
  }
  failures_.keep ([&] (const auto &spec) { return is_spec_wanted (spec, outputs); });
  if (!failures_.changed ())
    return;
  for (const auto &out : outputs)
    if (mode (out.get ()) == Mode::convert) {
      const auto text = failures_.text (spec_of (out.get ()));
      lane_.report (out.get (), text.empty () ? nullptr : text.c_str ());
    }
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
  note_failures (outputs);
  const bool any = std::ranges::any_of (
      outputs, [] (const auto &out) { return mode (out.get ()) == Mode::convert; });
  if (!any && chain_ == nullptr)
    return;
  watch_headroom (outputs);
  keep_wanted (outputs);
  if (g_get_monotonic_time () >= retry_at_)
    assign (outputs);
}

} // namespace stagedoor::transcode
