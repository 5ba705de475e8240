// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/gate/pipeline.hpp"

#include <algorithm>

namespace stagedoor::test {

Pipeline::Pipeline (
    const std::string &properties, std::vector<std::string> pads, const std::string &address)
{
  auto text = "stagegatesrc name=gate location=rtmp://" + address + "/live/demo " + properties;
  for (const auto &pad : pads)
    text += " fakesink name=" + pad + " async=false signal-handoffs=true";
  GError *error = nullptr;
  GstElement *parsed = gst_parse_launch (text.c_str (), &error);
  ck_assert_msg (error == nullptr, "%s", error != nullptr ? error->message : "");
  if (!GST_IS_PIPELINE (parsed)) { // an element alone comes as it is
    GstElement *alone = std::exchange (parsed, gst_pipeline_new (nullptr));
    gst_bin_add (GST_BIN (parsed), alone);
  }
  pipeline_ = Ref<GstElement>::sink (parsed);
  gate_ = adopt (gst_bin_get_by_name (GST_BIN (get ()), "gate"));
  g_signal_connect (gate_.get (), "no-more-pads",
      G_CALLBACK (+[] (GstElement *, Pipeline *self) { ++self->no_more_pads_; }), this);
  // gst-launch's own delayed link works once, this also after a restart.
  g_signal_connect (gate_.get (), "pad-added",
      G_CALLBACK (+[] (GstElement *, GstPad *pad, GstElement *pipeline) {
        const auto sink = adopt (gst_bin_get_by_name (GST_BIN (pipeline), GST_PAD_NAME (pad)));
        const auto peer = adopt (sink ? gst_element_get_static_pad (sink.get (), "sink") : nullptr);
        ck_assert (!peer || gst_pad_link (pad, peer.get ()) == GST_PAD_LINK_OK);
      }),
      get ());
  for (const auto &pad : pads) {
    const auto sink = adopt (gst_bin_get_by_name (GST_BIN (get ()), pad.c_str ()));
    g_signal_connect (sink.get (), "handoff",
        G_CALLBACK (+[] (GstElement *element, GstBuffer *buffer, GstPad *, Pipeline *self) {
          const std::lock_guard lock (self->mutex_);
          self->got_.push_back ({GST_ELEMENT_NAME (element), GST_BUFFER_PTS (buffer),
              bool (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))});
        }),
        this);
  }
}

Pipeline::~Pipeline ()
{
  set_state (GST_STATE_NULL);
}

GstStateChangeReturn
Pipeline::set_state (GstState state)
{
  return gst_element_set_state (get (), state);
}

void
Pipeline::play ()
{
  ck_assert (set_state (GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE);
}

std::uint16_t
Pipeline::port () const
{
  GstStructure *stats = nullptr;
  g_object_get (gate (), "stats", &stats, nullptr);
  const Structure owned (stats);
  const std::string address = gst_structure_get_string (stats, "address");
  return port_of (address);
}

std::uint64_t
Pipeline::stat (const char *name) const
{
  GstStructure *stats = nullptr;
  g_object_get (gate (), "stats", &stats, nullptr);
  const Structure owned (stats);
  guint64 value = 0;
  ck_assert (gst_structure_get_uint64 (stats, name, &value));
  return value;
}

std::vector<Got>
Pipeline::got () const
{
  const std::lock_guard lock (mutex_);
  return got_;
}

std::size_t
Pipeline::count (const std::string &pad) const
{
  const auto all = got ();
  return static_cast<std::size_t> (
      std::count_if (all.begin (), all.end (), [&] (const Got &g) { return g.pad == pad; }));
}

Ref<GstMessage>
Pipeline::wait_for (GstMessageType type, const char *name)
{
  const auto bus = adopt (gst_element_get_bus (get ()));
  const auto end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  for (auto left = end - g_get_monotonic_time (); left > 0; left = end - g_get_monotonic_time ()) {
    auto message = adopt (gst_bus_timed_pop_filtered (
        bus.get (), static_cast<GstClockTime> (left) * GST_USECOND, type));
    if (message && (name == nullptr || gst_message_has_name (message.get (), name)))
      return message;
  }
  return nullptr;
}

std::string
with_keys ()
{
  const auto text = keyring_text ();
  const auto at = text.find ("secret "); // gst-launch's syntax wants it on one line
  return "keys=\"" + text.substr (at, text.find ('\n', at) - at) + "\"";
}

std::string
good_stream ()
{
  return "demo?key=" + key_for ("live/demo");
}

} // namespace stagedoor::test
