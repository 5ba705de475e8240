// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/gate/trace.hpp"

#include <algorithm>

namespace stagedoor::test {
namespace {

std::string
name_of (GstEvent *event)
{
  const auto *fields = gst_event_get_structure (event);
  return GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_DOWNSTREAM ? gst_structure_get_name (fields)
                                                               : GST_EVENT_TYPE_NAME (event);
}

} // namespace

Trace::Trace (Pipeline &pipeline)
{
  g_signal_connect (pipeline.gate (), "pad-added",
      G_CALLBACK (+[] (GstElement *, GstPad *pad, Trace *self) {
        ++self->pads_;
        const auto what = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM;
        gst_pad_add_probe (pad, static_cast<GstPadProbeType> (what), on_pass, self, nullptr);
      }),
      this);
}

GstPadProbeReturn
Trace::on_pass (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  auto &self = *static_cast<Trace *> (data);
  Step step{GST_PAD_NAME (pad), "buffer"};
  const auto element = adopt (gst_pad_get_parent_element (pad));
  step.arrived = gst_element_get_current_running_time (element.get ());
  if (GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
      (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    step.at = GST_BUFFER_DTS_OR_PTS (buffer);
    step.discont = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    step.key = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  } else {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
    step.kind = name_of (event);
    if (GST_EVENT_TYPE (event) == GST_EVENT_GAP)
      gst_event_parse_gap (event, &step.at, nullptr);
    if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
      GstCaps *caps = nullptr;
      gst_event_parse_caps (event, &caps);
      step.caps = share (caps);
    }
  }
  const std::lock_guard lock (self.mutex_);
  self.steps_.push_back (std::move (step));
  return GST_PAD_PROBE_OK;
}

std::vector<Step>
Trace::of (const std::string &pad) const
{
  const std::lock_guard lock (mutex_);
  std::vector<Step> out;
  std::ranges::copy_if (
      steps_, std::back_inserter (out), [&] (const Step &step) { return step.pad == pad; });
  return out;
}

std::size_t
Trace::count (const std::string &pad, const std::string &kind) const
{
  return static_cast<std::size_t> (std::ranges::count (of (pad), kind, &Step::kind));
}

void
Trace::assert_pad (const std::string &pad, std::size_t times) const
{
  std::size_t interrupted = 0, resumed = 0;
  GstClockTime last = 0;
  bool broken = true; // nothing came since the break
  for (const auto &step : of (pad)) {
    interrupted += step.kind == "stagedoor-interrupted";
    resumed += step.kind == "stagedoor-resumed";
    ck_assert (interrupted == resumed || interrupted == resumed + 1);
    if (step.kind == "stagedoor-resumed")
      broken = true;
    if (step.kind != "buffer")
      continue;
    ck_assert_msg (interrupted == resumed, "%s: a buffer during an interruption", pad.c_str ());
    ck_assert_uint_ge (step.at, last);
    last = step.at;
    if (std::exchange (broken, false)) {
      ck_assert_msg (step.discont, "%s: no DISCONT", pad.c_str ());
      ck_assert_msg (step.key, "%s: no key frame", pad.c_str ());
    }
  }
  ck_assert_uint_eq (resumed, times);
}

void
Trace::assert_whole (std::size_t times) const
{
  assert_pad ("video", times);
  assert_pad ("audio", times);
  ck_assert_int_eq (pads (), 2);
}

} // namespace stagedoor::test
