// SPDX-License-Identifier: LGPL-2.1-or-later
// The element alone, and with an application's gate.
#include <srt/access_control.h>

#include "gst-plugins/common/shared_service.hpp"
#include "libs/mpegts/demuxer.hpp"
#include "tests/check/gate/outlet.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

/** A transport stream that is pushed by hand. */
class Sink
{
public:
  explicit Sink (const std::string &properties, const Ref<GstContext> &context = nullptr)
  {
    const auto text = "appsrc name=in is-live=true format=time caps=video/mpegts,"
                      "systemstream=true,packetsize=188 ! stagesrtsink name=srt "
                      + properties;
    GError *error = nullptr;
    pipeline_ = Ref<GstElement>::sink (gst_parse_launch (text.c_str (), &error));
    ck_assert_msg (error == nullptr, "%s", error != nullptr ? error->message : "");
    in_ = adopt (gst_bin_get_by_name (GST_BIN (pipeline_.get ()), "in"));
    srt_ = adopt (gst_bin_get_by_name (GST_BIN (pipeline_.get ()), "srt"));
    bus_ = adopt (gst_element_get_bus (pipeline_.get ()));
    if (context)
      gst_element_set_context (pipeline_.get (), context.get ());
  }
  ~Sink () { gst_element_set_state (pipeline_.get (), GST_STATE_NULL); }

  bool set_state (GstState state)
  {
    return gst_element_set_state (pipeline_.get (), state) != GST_STATE_CHANGE_FAILURE;
  }
  void push (const Bytes &stream)
  {
    auto *buffer = gst_buffer_new_memdup (stream.data (), stream.size ());
    GstFlowReturn flow = GST_FLOW_ERROR;
    g_signal_emit_by_name (in_.get (), "push-buffer", buffer, &flow);
    gst_buffer_unref (buffer);
    ck_assert_int_eq (flow, GST_FLOW_OK);
  }
  void end ()
  {
    GstFlowReturn flow = GST_FLOW_ERROR;
    g_signal_emit_by_name (in_.get (), "end-of-stream", &flow);
    ck_assert (wait_for (GST_MESSAGE_EOS));
  }
  Ref<GstMessage> wait_for (GstMessageType type)
  {
    return adopt (gst_bus_timed_pop_filtered (bus_.get (), 20 * GST_SECOND, type));
  }
  guint viewers () const
  {
    guint out = 0;
    g_object_get (srt_.get (), "viewers", &out, nullptr);
    return out;
  }
  std::uint64_t stat (const char *name) const
  {
    guint64 out = 0;
    ck_assert (gst_structure_get_uint64 (stats ().get (), name, &out));
    return out;
  }
  std::uint16_t port () const
  {
    const std::string address = gst_structure_get_string (stats ().get (), "address");
    return static_cast<std::uint16_t> (std::stoi (address.substr (address.rfind (':') + 1)));
  }

private:
  Structure stats () const
  {
    GstStructure *out = nullptr;
    g_object_get (srt_.get (), "stats", &out, nullptr);
    return Structure (out);
  }

  Ref<GstElement> pipeline_, in_, srt_;
  Ref<GstBus> bus_;
};

constexpr const char *alone = "location=srt://127.0.0.1:0/live/demo srt-latency=20 ";

std::string
with_keys ()
{
  const auto text = keyring_text ();
  const auto at = text.find ("secret "); // gst-launch's syntax wants it on one line
  return "keys=\"" + text.substr (at, text.find ('\n', at) - at) + "\"";
}

/** What a player gets to see of the test film: pictures, up to its end. */
std::size_t
watch (SrtCaller &caller, std::size_t wanted)
{
  mpegts::Demuxer demuxer;
  std::size_t pictures = 0;
  while (pictures < wanted) {
    const auto message = caller.receive ();
    std::vector<mpegts::Event> events;
    if (message.empty ())
      demuxer.finish (events);
    else
      ck_assert (demuxer.feed (message, events).has_value ());
    for (const auto &event : events)
      if (const auto *unit = std::get_if<mpegts::Unit> (&event))
        pictures += unit->codec == mpegts::Codec::h264;
    if (message.empty ())
      break;
  }
  return pictures;
}

} // namespace

START_TEST (alone_it_serves_whom_its_keys_let)
{
  Sink sink (alone + with_keys ());
  ck_assert (sink.set_state (GST_STATE_PLAYING));
  const auto port = sink.port ();
  ck_assert_int_eq (SrtCaller (port, {request ()}).reject_reason (), SRT_REJX_NOTFOUND);
  const auto film = transport_stream ("h264-aac.mpegts"); // ten pictures, five in a group
  sink.push (film);
  ck_assert (eventually ([&] {
    return SrtCaller (port, {request ("rubbish")}).reject_reason () == SRT_REJX_UNAUTHORIZED;
  }));
  SrtCaller caller (port, {request ()});
  ck_assert_int_eq (caller.reject_reason (), 0);
  ck_assert (eventually ([&] { return sink.viewers () == 1; }));
  sink.end ();
  ck_assert_uint_eq (watch (caller, 10), 5); // the last group, whole
  ck_assert (caller.closed_by_peer ());
  ck_assert_int_eq (SrtCaller (port, {request ()}).reject_reason (), SRT_REJX_NOTFOUND);
  const auto refused = sink.wait_for (GST_MESSAGE_ELEMENT);
  ck_assert (refused && gst_message_has_name (refused.get (), "stagedoor-refused"));
}
END_TEST

START_TEST (public_lets_anybody_watch_and_says_so)
{
  Sink sink (alone + std::string ("public=true"));
  ck_assert (sink.set_state (GST_STATE_PLAYING));
  ck_assert (sink.wait_for (GST_MESSAGE_WARNING));
  sink.push (transport_stream ("h264-aac.mpegts"));
  const auto port = sink.port ();
  ck_assert (
      eventually ([&] { return SrtCaller (port, {"request:live/demo"}).reject_reason () == 0; }));
  ck_assert_int_ne (SrtCaller (port, {"publish:live/demo"}).reject_reason (), 0);
  ck_assert (eventually ([&] { return sink.stat ("joined") > 0; }));
}
END_TEST

START_TEST (it_can_be_started_again)
{
  Sink sink (alone + std::string ("public=true"));
  for (int round = 0; round < 3; ++round) {
    ck_assert (sink.set_state (GST_STATE_PLAYING));
    sink.push (transport_stream ("h264-aac.mpegts"));
    std::optional<SrtCaller> caller;
    ck_assert (eventually ([&] {
      caller.emplace (sink.port (), SrtCall{"request:live/demo"});
      return caller->reject_reason () == 0;
    }));
    ck_assert_uint_eq (watch (*caller, 4), 4);
    ck_assert (sink.set_state (round == 0 ? GST_STATE_READY : GST_STATE_NULL));
    ck_assert (caller->closed_by_peer ());
    ck_assert_uint_eq (sink.viewers (), 0);
  }
}
END_TEST

START_TEST (an_applications_gate_decides)
{
  TestGate gate;
  const auto address = gate->add_door ("srt://127.0.0.1:0", {.srt = {}});
  ck_assert (address.has_value ());
  const auto port =
      static_cast<std::uint16_t> (std::stoi (address->substr (address->rfind (':') + 1)));
  Sink sink ("location=" + *address + "/live/demo");
  ck_assert (sink.set_state (GST_STATE_PLAYING));
  sink.push (transport_stream ("h264-aac.mpegts"));
  ck_assert (eventually ([&] { return SrtCaller (port, {request ()}).reject_reason () == 0; }));
  ck_assert_int_eq (
      SrtCaller (port, {request (key_for ("live/demo"))}).reject_reason (), SRT_REJX_FORBIDDEN);
}
END_TEST

START_TEST (wrong_settings_are_errors)
{
  for (const std::string bad : {"location=rtmp://127.0.0.1:0/live/demo public=true",
           "location=srt://127.0.0.1:0 public=true",
           "location=srt://127.0.0.1:0/live/../demo public=true",
           "location=srt://127.0.0.1:0/live/demo",
           "location=srt://127.0.0.1:0/live/demo keys=rubbish",
           "location=srt://127.0.0.1:0/live/demo public=true key-file=/nowhere",
           "location=srt://127.0.0.1:0/live/demo public=true srt-passphrase=short"}) {
    Sink sink (bad);
    ck_assert_msg (!sink.set_state (GST_STATE_PLAYING), "%s", bad.c_str ());
    const auto message = sink.wait_for (GST_MESSAGE_ERROR);
    GError *error = nullptr;
    gst_message_parse_error (message.get (), &error, nullptr);
    ck_assert (strstr (error->message, "rubbish") == nullptr);
    g_error_free (error);
  }
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("stagesrtsink",
      {alone_it_serves_whom_its_keys_let, public_lets_anybody_watch_and_says_so,
          it_can_be_started_again, an_applications_gate_decides, wrong_settings_are_errors});
}
