// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever sound comes -> Opus, once for all peers that want that, while any does.
#include <mutex>
#include <utility>

#include "gst-plugins/transcode/lane.hpp"
#include "gst-plugins/transcode/opus_chain.hpp"
#include "gst-plugins/transcode/peer_caps.hpp"

namespace stagedoor::transcode {

namespace {

/** How many frames go in without any Opus coming out before the conversion counts as broken. */
constexpr int patience = 100;
/** For how much of the stream the conversion goes on when nobody wants it any more: viewers reload,
 * and come one after the other. */
constexpr GstClockTime linger = 5 * GST_SECOND;
constexpr const char *undecodable = "the audio cannot be decoded";

class AudioConverter final : public Converter
{
public:
  explicit AudioConverter (Lane &lane) : lane_ (lane) {}

  void meet (GstPad *, const GstCaps *) override {}
  std::optional<Form> form_for (const GstCaps *taken, std::string &why) const override;
  Ref<GstCaps> caps_in (Form) override { return caps_; }
  Ref<GstBuffer> buffer_in (Form) override { return nullptr; } // nothing is repacked
  Ref<GstCaps> makes (GstPad *) const override { return opus_caps (); }
  std::string objection (GstPad *, const GstCaps *) override { return {}; }
  std::string problem (GstPad *) const override { return broken_ ? undecodable : ""; }
  Ref<GstPad> tail (GstPad *) const override;
  void set_input (GstCaps *caps) override;
  bool observe (GstBuffer *buffer) override;
  void update (const Outputs &outputs) override;
  void feed (GstBuffer *buffer) override;
  void feed (GstEvent *event) override;
  void reset () override;

private:
  static AudioConverter &of (GstPad *pad)
  {
    return *static_cast<AudioConverter *> (gst_pad_get_element_private (pad));
  }
  static GstFlowReturn on_converted (GstPad *pad, GstObject *, GstBuffer *buffer);
  static gboolean on_converted_event (GstPad *pad, GstObject *, GstEvent *event);
  static gboolean on_feed_query (GstPad *pad, GstObject *, GstQuery *query);

  void take (const Ref<GstBuffer> &buffer);
  void forget ();
  void drain ();
  bool lingers ();
  void start (const Outputs &outputs);
  void failed ();
  std::shared_ptr<OpusChain> chain () const;
  void set_chain (std::shared_ptr<OpusChain> chain);

  Lane &lane_;
  mutable std::mutex mutex_;         // innermost
  std::shared_ptr<OpusChain> chain_; // protected by mutex_

  // streaming thread
  Ref<GstCaps> caps_;
  GstClockTime now_ = GST_CLOCK_TIME_NONE;        // timestamp of the last buffer that had one
  GstClockTime idle_since_ = GST_CLOCK_TIME_NONE; // nobody has wanted the conversion since
  bool draining_ = false;
  int starving_ = 0;    // frames that went into the conversion since something came out
  bool broken_ = false; // the conversion failed and has put out nothing since
  gint64 retry_at_ = 0; // monotonic microseconds: a broken conversion is built anew from then on
};

GstFlowReturn
AudioConverter::on_converted (GstPad *pad, GstObject *, GstBuffer *buffer)
{
  of (pad).take (adopt (buffer));
  return GST_FLOW_OK; // whatever the conversion returns is then its own fault, not a peer's
}

gboolean
AudioConverter::on_converted_event (GstPad *pad, GstObject *, GstEvent *raw)
{
  const auto event = adopt (raw);
  auto &self = of (pad);
  // A flush comes on another thread, which must not look at draining_.
  if (GST_EVENT_TYPE (raw) == GST_EVENT_EOS && self.draining_)
    return TRUE;
  const auto outs = self.lane_.outputs ();
  for (const auto &out : *outs)
    if (mode (out.get ()) == Mode::convert)
      gst_pad_push_event (out.get (), gst_event_ref (raw));
  return TRUE;
}

gboolean
AudioConverter::on_feed_query (GstPad *pad, GstObject *, GstQuery *query)
{
  return of (pad).lane_.answer_feed_query (pad, query);
}

void
AudioConverter::take (const Ref<GstBuffer> &buffer)
{
  const auto outs = lane_.outputs ();
  const bool mended = std::exchange (broken_, false);
  starving_ = 0;
  for (const auto &out : *outs)
    if (mode (out.get ()) == Mode::convert) {
      if (mended)
        lane_.report (out.get (), nullptr);
      lane_.push_to (out.get (), Ref<GstBuffer> (buffer));
    }
}

Ref<GstPad>
AudioConverter::tail (GstPad *) const
{
  const auto c = chain ();
  return c ? share (c->tail ()) : nullptr;
}

std::optional<Form>
AudioConverter::form_for (const GstCaps *taken, std::string &why) const
{
  if (gst_caps_can_intersect (caps_.get (), taken))
    return Form::as_it_comes;
  why = refusal (caps_.get (), taken);
  return std::nullopt;
}

void
AudioConverter::set_input (GstCaps *caps)
{
  drain ();
  forget ();
  caps_ = share (caps);
}

void
AudioConverter::forget ()
{
  set_chain (nullptr);
  retry_at_ = 0;
  broken_ = false;
  starving_ = 0;
  idle_since_ = GST_CLOCK_TIME_NONE;
}

void
AudioConverter::reset ()
{
  forget ();
  caps_ = nullptr;
  now_ = GST_CLOCK_TIME_NONE;
}

bool
AudioConverter::observe (GstBuffer *buffer)
{
  if (GST_BUFFER_PTS_IS_VALID (buffer))
    now_ = GST_BUFFER_PTS (buffer);
  return false;
}

/** Lets the old conversion put out what it still holds, while its peers still listen. */
void
AudioConverter::drain ()
{
  if (const auto c = chain ()) {
    draining_ = true;
    gst_pad_push_event (c->feed (), gst_event_new_eos ());
    draining_ = false;
  }
}

/** Whether nobody has wanted the conversion for a short time only. */
bool
AudioConverter::lingers ()
{
  if (!GST_CLOCK_TIME_IS_VALID (idle_since_) || now_ < idle_since_)
    idle_since_ = now_;
  return !GST_CLOCK_TIME_IS_VALID (now_) || now_ - idle_since_ < linger;
}

void
AudioConverter::update (const Outputs &outputs)
{
  bool listened = false, wanted = false;
  for (const auto &out : outputs) {
    const bool converted = mode (out.get ()) == Mode::convert;
    listened |= converted;
    // Whether a broken one is well again has to be found out for the problem's sake.
    wanted |= converted && (broken_ || is_wanted (out.get ()));
  }
  const bool exists = chain () != nullptr;
  if (wanted)
    idle_since_ = GST_CLOCK_TIME_NONE;
  else if (exists && !(listened && lingers ())) {
    set_chain (nullptr);
    starving_ = 0;
  }
  if (wanted && !exists && g_get_monotonic_time () >= retry_at_)
    start (outputs);
}

void
AudioConverter::start (const Outputs &outputs)
{
  auto fresh = OpusChain::build (
      lane_.bin (), caps_.get (), {this, on_feed_query, on_converted, on_converted_event});
  if (fresh) {
    set_chain (fresh);
    if (const auto from = lane_.sink ())
      Lane::replay (from.get (), fresh->feed ());
    return;
  }
  for (const auto &out : outputs)
    if (mode (out.get ()) == Mode::convert)
      lane_.refuse (out.get (), "no decoder for this audio format is installed");
}

void
AudioConverter::feed (GstBuffer *buffer)
{
  const auto c = chain ();
  if (!c)
    return;
  ++starving_;
  const auto flow = gst_pad_push (c->feed (), gst_buffer_ref (buffer));
  if (flow < GST_FLOW_EOS || starving_ > patience)
    failed ();
}

void
AudioConverter::feed (GstEvent *event)
{
  if (const auto c = chain ())
    gst_pad_push_event (c->feed (), gst_event_ref (event));
}

/** What a publisher sends must not end the pipeline: start anew a second later. */
void
AudioConverter::failed ()
{
  set_chain (nullptr);
  retry_at_ = g_get_monotonic_time () + G_USEC_PER_SEC;
  broken_ = true;
  starving_ = 0;
  const auto outs = lane_.outputs ();
  for (const auto &out : *outs)
    if (mode (out.get ()) == Mode::convert)
      lane_.report (out.get (), undecodable);
}

std::shared_ptr<OpusChain>
AudioConverter::chain () const
{
  const std::lock_guard lock{mutex_};
  return chain_;
}

void
AudioConverter::set_chain (std::shared_ptr<OpusChain> chain)
{
  const std::lock_guard lock{mutex_};
  chain_.swap (chain); // the old one ends with the argument, after the lock is gone
}

} // namespace

std::unique_ptr<Converter>
make_audio_converter (Lane &lane)
{
  return std::make_unique<AudioConverter> (lane);
}

} // namespace stagedoor::transcode
