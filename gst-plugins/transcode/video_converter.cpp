// SPDX-License-Identifier: LGPL-2.1-or-later
// How what is made reaches the outputs, and how it ends.
#include "gst-plugins/transcode/video_converter.hpp"

#include <utility>

#include "gst-plugins/common/handover.hpp"

namespace stagedoor::transcode {

RenditionSpec
VideoConverter::spec_of (GstPad *output) const
{
  const auto target = transcode::target (output);
  const std::lock_guard lock{mutex_};
  auto spec = resolve (wants (output), picture_);
  if (!target.codec.empty ())
    spec.codec = target.codec;
  spec.profiles = spec.codec == "h264" ? target.profiles : 0;
  spec.cut = headroom_.cut (spec);
  return spec;
}

void
VideoConverter::meet (GstPad *output, const GstCaps *taken)
{
  set_target (output, target_for (wants (output).codec, taken));
}

Ref<GstCaps>
VideoConverter::makes (GstPad *output) const
{
  return expected_caps (spec_of (output));
}

std::string
VideoConverter::remark (GstPad *output) const
{
  const auto spec = spec_of (output);
  const auto cut = remark_on (spec.cut);
  std::string out = cut.empty () ? "" : "; " + cut;
  for (const auto &rendition : renditions_)
    if (rendition->spec () == spec && !rendition->instead.empty ())
      out += "; by " + rendition->kind ().factory + ", for " + rendition->instead;
  return out;
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
VideoConverter::on_encoded (Rendition &rendition, const Ref<GstBuffer> &buffer)
{
  for (const auto &output : outputs_of (rendition))
    if (!lane_.push_converted (output.get (), rendition.id (), Ref<GstBuffer> (buffer)))
      rendition.request_key ();
}

/** The rendition's thread, but for flushes. */
void
VideoConverter::on_event (const Rendition &rendition, GstEvent *event)
{
  for (const auto &output : outputs_of (rendition))
    lane_.push_converted (output.get (), rendition.id (), event);
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
  failures_.clear ();
  key_distances_.clear ();
  retry_at_ = 0;
  patient_ = !lane_.is_live ();
  looked_at_ = GST_CLOCK_TIME_NONE;
  const std::lock_guard lock{mutex_};
  picture_ = source_.picture ();
}

void
VideoConverter::reset ()
{
  take_all ().end ();
  source_.reset ();
  failures_.clear ();
  retry_at_ = 0;
  looked_at_ = GST_CLOCK_TIME_NONE;
  const std::lock_guard lock{mutex_};
  picture_ = {};
  headroom_.clear ();
}

void
VideoConverter::Gone::end ()
{
  if (chain != nullptr && !chain_goes_on)
    chain->set_renditions ({});
  if (chain != nullptr)
    chain->settle ();
  renditions.clear (); // before the decoder, which may be waiting for room in one of them
  chain.reset ();
}

VideoConverter::Gone
VideoConverter::take_all ()
{
  Gone gone{nullptr, std::exchange (renditions_, {}), false};
  std::vector<Assignment> assignments; // dropped after the lock
  const std::lock_guard lock{mutex_};
  gone.chain.swap (chain_);
  assignments.swap (assignments_);
  return gone;
}

/** That waits for threads that may be at work: not on this one. */
void
VideoConverter::end_later (Gone gone)
{
  auto *kept = new Gone (std::move (gone));
  handed_over (kept);
  gst_element_call_async (
      GST_ELEMENT (lane_.bin ()),
      [] (GstElement *, gpointer data) {
        taken_over (data);
        static_cast<Gone *> (data)->end ();
      },
      kept, [] (gpointer data) { delete static_cast<Gone *> (data); });
}

void
VideoConverter::end_all ()
{
  if (chain_ != nullptr)
    end_later (take_all ());
}

void
VideoConverter::feed (GstBuffer *buffer)
{
  source_.keep (buffer);
  if (chain_ != nullptr)
    chain_->feed (buffer);
}

/** Events that aren't serialized come on any thread. */
void
VideoConverter::feed (GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
    source_.forget_times ();
  std::shared_ptr<VideoChain> chain;
  {
    const std::lock_guard lock{mutex_};
    chain = chain_;
  }
  if (chain != nullptr)
    gst_pad_push_event (chain->feed_pad (), gst_event_ref (event));
}

std::unique_ptr<Converter>
make_video_converter (Lane &lane)
{
  return std::make_unique<VideoConverter> (lane);
}

} // namespace stagedoor::transcode
