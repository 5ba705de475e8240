// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/audio_conversion.hpp"

#include <utility>

namespace stagedoor::transcode {

namespace {

/** How many frames go in without anything coming out before the conversion counts as broken. */
constexpr int patience = 100;
/** For how much of the stream the conversion goes on when nobody wants it any more: viewers reload,
 * and come one after the other. */
constexpr GstClockTime linger = 5 * GST_SECOND;

} // namespace

AudioSpec
audio_spec_of (GstPad *output)
{
  return resolve_audio (wants (output), target (output));
}

bool
AudioConversion::serves (GstPad *output) const
{
  return mode (output) == Mode::convert && audio_spec_of (output) == spec_;
}

GstFlowReturn
AudioConversion::on_converted (GstPad *pad, GstObject *, GstBuffer *buffer)
{
  of (pad).take (adopt (buffer));
  return GST_FLOW_OK; // whatever the conversion returns is then its own fault, not a peer's
}

gboolean
AudioConversion::on_converted_event (GstPad *pad, GstObject *, GstEvent *raw)
{
  const auto event = adopt (raw);
  auto &self = of (pad);
  // A flush comes on another thread, which must not look at draining_.
  if (GST_EVENT_TYPE (raw) == GST_EVENT_EOS && self.draining_)
    return TRUE;
  const auto outs = self.lane_.outputs ();
  for (const auto &out : *outs)
    if (self.serves (out.get ()))
      gst_pad_push_event (out.get (), gst_event_ref (raw));
  return TRUE;
}

gboolean
AudioConversion::on_feed_query (GstPad *pad, GstObject *, GstQuery *query)
{
  return static_cast<Lane *> (gst_pad_get_element_private (pad))->answer_feed_query (pad, query);
}

void
AudioConversion::take (const Ref<GstBuffer> &buffer)
{
  const auto outs = lane_.outputs ();
  const bool mended = std::exchange (broken_, false);
  if (GST_BUFFER_PTS_IS_VALID (buffer.get ()) && GST_BUFFER_DURATION_IS_VALID (buffer.get ()))
    heard_until_ = GST_BUFFER_PTS (buffer.get ()) + GST_BUFFER_DURATION (buffer.get ());
  starving_ = 0;
  for (const auto &out : *outs)
    if (serves (out.get ())) {
      if (mended)
        lane_.report (out.get (), nullptr);
      lane_.push_to (out.get (), Ref<GstBuffer> (buffer));
    }
}

Ref<GstPad>
AudioConversion::tail () const
{
  const auto c = chain ();
  return c ? share (c->tail ()) : nullptr;
}

void
AudioConversion::drain ()
{
  if (const auto c = chain ()) {
    draining_ = true;
    gst_pad_push_event (c->feed (), gst_event_new_eos ());
    draining_ = false;
  }
  set_chain (nullptr);
  retry_at_ = 0;
  broken_ = false;
  starving_ = 0;
  idle_since_ = GST_CLOCK_TIME_NONE;
}

/** Whether nobody has wanted the conversion for a short time only. */
bool
AudioConversion::lingers (GstClockTime now)
{
  if (!GST_CLOCK_TIME_IS_VALID (idle_since_) || now < idle_since_)
    idle_since_ = now;
  return !GST_CLOCK_TIME_IS_VALID (now) || now - idle_since_ < linger;
}

bool
AudioConversion::update (const Outputs &outputs, GstClockTime now, const GstCaps *input)
{
  bool listened = false, wanted = false;
  for (const auto &out : outputs) {
    const bool served = serves (out.get ());
    listened |= served;
    // Whether a broken one is well again has to be found out for the problem's sake.
    wanted |= served && (broken_ || is_wanted (out.get ()));
  }
  if (wanted)
    idle_since_ = GST_CLOCK_TIME_NONE;
  const bool exists = chain () != nullptr;
  if (wanted && !exists && g_get_monotonic_time () >= retry_at_)
    start (outputs, input);
  return wanted || (exists && listened && lingers (now));
}

void
AudioConversion::start (const Outputs &outputs, const GstCaps *input)
{
  // Encoders' delays would put the first sound before the beginning of time.
  const auto floor = GST_CLOCK_TIME_IS_VALID (heard_until_) ? heard_until_ : 0;
  auto fresh = AudioChain::build (lane_.bin (), input, spec_, floor,
      {this, &lane_, on_feed_query, on_converted, on_converted_event});
  if (fresh) {
    set_chain (fresh);
    if (const auto from = lane_.sink ())
      Lane::replay (from.get (), fresh->feed ());
    return;
  }
  for (const auto &out : outputs)
    if (serves (out.get ()))
      lane_.refuse (out.get (), "no decoder for this audio format is installed");
}

void
AudioConversion::feed (GstBuffer *buffer)
{
  const auto c = chain ();
  if (!c)
    return;
  ++starving_;
  const auto flow = gst_pad_push (c->feed (), gst_buffer_ref (buffer));
  if (flow < GST_FLOW_EOS || starving_ > patience)
    fail ();
}

void
AudioConversion::feed (GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
    heard_until_ = GST_CLOCK_TIME_NONE; // in another count
  if (const auto c = chain ())
    gst_pad_push_event (c->feed (), gst_event_ref (event));
}

/** What a publisher sends must not end the pipeline: start anew a second later. */
void
AudioConversion::fail ()
{
  set_chain (nullptr);
  retry_at_ = g_get_monotonic_time () + G_USEC_PER_SEC;
  broken_ = true;
  starving_ = 0;
  const auto outs = lane_.outputs ();
  for (const auto &out : *outs)
    if (serves (out.get ()))
      lane_.report (out.get (), undecodable_sound);
}

std::shared_ptr<AudioChain>
AudioConversion::chain () const
{
  const std::lock_guard lock{mutex_};
  return chain_;
}

void
AudioConversion::set_chain (std::shared_ptr<AudioChain> chain)
{
  const std::lock_guard lock{mutex_};
  chain_.swap (chain); // the old one ends with the argument, after the lock is gone
}

} // namespace stagedoor::transcode
