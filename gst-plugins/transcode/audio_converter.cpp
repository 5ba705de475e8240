// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever sound comes -> Opus or AAC, each format once for all peers that want it, while any does.
#include <algorithm>
#include <utility>

#include "gst-plugins/transcode/audio_conversion.hpp"
#include "gst-plugins/transcode/peer_caps.hpp"

namespace stagedoor::transcode {

namespace {

using Conversions = std::vector<std::shared_ptr<AudioConversion>>;

class AudioConverter final : public Converter
{
public:
  explicit AudioConverter (Lane &lane) : lane_ (lane) {}

  std::optional<Form> form_for (const GstCaps *taken, std::string &why) const override;
  Ref<GstCaps> caps_in (Form) override { return caps_; }
  Ref<GstBuffer> buffer_in (Form) override { return nullptr; } // nothing is repacked
  void meet (GstPad *output, const GstCaps *taken) override;
  Ref<GstCaps> makes (GstPad *output) const override { return audio_caps (audio_spec_of (output)); }
  std::string objection (GstPad *output, const GstCaps *) override
  {
    return audio_difference (wants (output), caps_.get ());
  }
  std::string problem (GstPad *output) const override;
  Ref<GstPad> tail (GstPad *output) const override;
  void set_input (GstCaps *caps) override;
  bool observe (GstBuffer *buffer) override;
  void update (const Outputs &outputs) override;
  void feed (GstBuffer *buffer) override;
  void feed (GstEvent *event) override;
  void reset () override;

private:
  std::shared_ptr<AudioConversion> conversion_for (GstPad *output) const;
  Conversions conversions () const;
  void set_conversions (Conversions conversions);

  Lane &lane_;
  mutable std::mutex mutex_; // innermost but for those of conversions
  Conversions conversions_;  // protected by mutex_; written by the streaming thread

  // streaming thread
  Ref<GstCaps> caps_;
  GstClockTime now_ = GST_CLOCK_TIME_NONE; // timestamp of the last buffer that had one
};

std::optional<Form>
AudioConverter::form_for (const GstCaps *taken, std::string &why) const
{
  if (gst_caps_can_intersect (caps_.get (), taken))
    return Form::as_it_comes;
  why = refusal (caps_.get (), taken);
  return std::nullopt;
}

void
AudioConverter::meet (GstPad *output, const GstCaps *taken)
{
  set_target (output, audio_target (wants (output), taken, caps_.get ()));
}

std::shared_ptr<AudioConversion>
AudioConverter::conversion_for (GstPad *output) const
{
  const auto spec = audio_spec_of (output);
  const std::lock_guard lock{mutex_};
  const auto found =
      std::ranges::find_if (conversions_, [&] (const auto &c) { return c->spec () == spec; });
  return found != conversions_.end () ? *found : nullptr;
}

std::string
AudioConverter::problem (GstPad *output) const
{
  const auto conversion = conversion_for (output);
  return conversion != nullptr && conversion->is_broken () ? undecodable_sound : "";
}

Ref<GstPad>
AudioConverter::tail (GstPad *output) const
{
  const auto conversion = conversion_for (output);
  return conversion != nullptr ? conversion->tail () : nullptr;
}

void
AudioConverter::set_input (GstCaps *caps)
{
  for (const auto &conversion : conversions ())
    conversion->drain ();
  caps_ = share (caps);
}

void
AudioConverter::reset ()
{
  set_conversions ({});
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

void
AudioConverter::update (const Outputs &outputs)
{
  auto all = conversions ();
  const auto before = all.size ();
  for (const auto &out : outputs)
    if (mode (out.get ()) == Mode::convert && is_wanted (out.get ())) {
      const auto spec = audio_spec_of (out.get ());
      if (std::ranges::none_of (all, [&] (const auto &c) { return c->spec () == spec; }))
        all.push_back (std::make_shared<AudioConversion> (lane_, spec));
    }
  if (all.size () > before)
    set_conversions (all);
  const auto gone =
      std::erase_if (all, [&] (const auto &c) { return !c->update (outputs, now_, caps_.get ()); });
  if (gone == 0)
    return;
  set_conversions (std::move (all));
}

void
AudioConverter::feed (GstBuffer *buffer)
{
  for (const auto &conversion : conversions ())
    conversion->feed (buffer);
}

void
AudioConverter::feed (GstEvent *event)
{
  for (const auto &conversion : conversions ())
    conversion->feed (event);
}

Conversions
AudioConverter::conversions () const
{
  const std::lock_guard lock{mutex_};
  return conversions_;
}

void
AudioConverter::set_conversions (Conversions conversions)
{
  const std::lock_guard lock{mutex_};
  conversions_.swap (conversions); // the old ones end with the argument, after the lock is gone
}

} // namespace

std::unique_ptr<Converter>
make_audio_converter (Lane &lane)
{
  return std::make_unique<AudioConverter> (lane);
}

} // namespace stagedoor::transcode
