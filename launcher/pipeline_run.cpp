// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/pipeline_run.hpp"

#include "launcher/log.hpp"

namespace stagedoor {
namespace {

constexpr std::chrono::seconds drain_time{2};

/** A run that a C callback may reach, on any thread. */
using Handle = std::weak_ptr<PipelineRun>;

void
free_handle (gpointer handle, GClosure *)
{
  delete static_cast<Handle *> (handle);
}

void
free_handle_of_probe (gpointer handle)
{
  delete static_cast<Handle *> (handle);
}

bool
is_of_factory (GstElement *element, const char *name)
{
  GstElementFactory *factory = gst_element_get_factory (element);
  return factory != nullptr && g_str_equal (GST_OBJECT_NAME (factory), name);
}

std::vector<Ref<GstElement>>
children (GstElement *bin)
{
  std::vector<Ref<GstElement>> out;
  const Owned<GstIterator, gst_iterator_free> each (gst_bin_iterate_recurse (GST_BIN (bin)));
  gst_iterator_foreach (
      each.get (),
      [] (const GValue *value, gpointer list) {
        static_cast<std::vector<Ref<GstElement>> *> (list)->push_back (
            share (GST_ELEMENT (g_value_get_object (value))));
      },
      &out);
  return out;
}

/** gst-launch text links a pad that comes later; a track that never does is no mistake. */
bool
is_missing_track (GstMessage *message)
{
  GError *error = nullptr;
  gst_message_parse_warning (message, &error, nullptr);
  const Error owned (error);
  return g_error_matches (error, GST_PARSE_ERROR, GST_PARSE_ERROR_DELAYED_LINK);
}

std::string
error_text (GstMessage *message)
{
  GError *error = nullptr;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    gst_message_parse_warning (message, &error, nullptr);
  else
    gst_message_parse_error (message, &error, nullptr);
  const Error owned (error);
  const char *from = GST_MESSAGE_SRC_NAME (message);
  return std::string (from != nullptr ? from : "pipeline") + ": " + error->message;
}

} // namespace

void
PipelineRun::tell (const std::weak_ptr<PipelineRun> &run, std::function<void (PipelineRun &)> call)
{
  post_to_main ([run, call = std::move (call)] {
    const auto here = run.lock ();
    if (here != nullptr && !here->stopped_)
      call (*here);
  });
}

void
PipelineRun::fail_later (std::string text)
{
  tell (weak_from_this (),
      [text = std::move (text)] (PipelineRun &run) { run.listener_.failed (text); });
}

std::shared_ptr<PipelineRun>
PipelineRun::start (const PipelineFile &file, const Variables &variables, Listener listener)
{
  std::shared_ptr<PipelineRun> run (new PipelineRun (std::move (listener)));
  auto pipeline = build_pipeline (file, variables);
  if (pipeline)
    run->play (std::move (*pipeline));
  else
    run->fail_later (pipeline.error ().front ().pointer + ": " + pipeline.error ().front ().text);
  return run;
}

void
PipelineRun::play (Ref<GstElement> pipeline)
{
  pipeline_ = std::move (pipeline);
  for (auto &element : children (pipeline_.get ()))
    if (is_of_factory (element.get (), gate_element))
      gate_ = element;
  if (gate_)
    watch_gate ();
  const auto bus = adopt (gst_element_get_bus (pipeline_.get ()));
  gst_bus_add_watch (
      bus.get (),
      [] (GstBus *, GstMessage *message, gpointer self) -> gboolean {
        const auto run = static_cast<PipelineRun *> (self)->shared_from_this ();
        run->on_message (message);
        return G_SOURCE_CONTINUE;
      },
      this);
  if (gst_element_set_state (pipeline_.get (), GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
    return;
  const auto error = adopt (gst_bus_pop_filtered (bus.get (), GST_MESSAGE_ERROR));
  fail_later (error ? error_text (error.get ()) : "the pipeline can't start");
}

/** Callbacks on streaming threads. */
void
PipelineRun::watch_gate ()
{
  g_signal_connect_data (gate_.get (), "pad-added",
      G_CALLBACK (+[] (GstElement *, GstPad *pad, Handle *handle) {
        if (const auto run = handle->lock ())
          run->watch_pad (pad);
      }),
      new Handle (weak_from_this ()), free_handle, static_cast<GConnectFlags> (0));
}

void
PipelineRun::tell_caps (const std::weak_ptr<PipelineRun> &run, GstCaps *caps)
{
  tell (run, [kept = share (caps)] (PipelineRun &here) { here.listener_.caps (kept.get ()); });
}

/** A pad of the gate's; on its streaming thread. */
struct PipelineRun::PadWatch
{
  Handle run;
  bool silent = false;

  void on_event (GstPad *pad, GstEvent *event);
  void on_buffer (GstPad *pad);
};

void
PipelineRun::PadWatch::on_event (GstPad *pad, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    GstCaps *caps = nullptr;
    gst_event_parse_caps (event, &caps);
    tell_caps (run, caps);
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_GAP && !std::exchange (silent, true)) {
    // Who comes back may have left one of the tracks away.
    tell (run, [name = std::string (GST_PAD_NAME (pad))] (
                   PipelineRun &here) { here.listener_.silent (name); });
  }
}

void
PipelineRun::PadWatch::on_buffer (GstPad *pad)
{
  if (!std::exchange (silent, false))
    return;
  if (const auto caps = adopt (gst_pad_get_current_caps (pad)))
    tell_caps (run, caps.get ());
}

/** On the gate's streaming thread. The pad carries no data yet. */
void
PipelineRun::watch_pad (GstPad *pad)
{
  gst_pad_add_probe (
      pad,
      static_cast<GstPadProbeType> (
          GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_BUFFER),
      [] (GstPad *on, GstPadProbeInfo *info, gpointer data) {
        auto &watch = *static_cast<PadWatch *> (data);
        if ((GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER) != 0)
          watch.on_buffer (on);
        else
          watch.on_event (on, GST_PAD_PROBE_INFO_EVENT (info));
        return GST_PAD_PROBE_OK;
      },
      new PadWatch{weak_from_this ()},
      [] (gpointer data) { delete static_cast<PadWatch *> (data); });
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [] (GstPad *, GstPadProbeInfo *, gpointer handle) {
        tell (*static_cast<Handle *> (handle), [] (PipelineRun &run) {
          if (!std::exchange (run.flowing_, true))
            run.listener_.flowing ();
        });
        return GST_PAD_PROBE_REMOVE;
      },
      new Handle (weak_from_this ()), free_handle_of_probe);
}

/** Sinks of tracks that never came have no end: those get drain_time, and without any frame there
 * is nothing to wait for. */
void
PipelineRun::on_publisher_end (const std::string &why)
{
  listener_.unpublished (why);
  if (drain_ == nullptr)
    drain_ =
        after (flowing_ ? drain_time : std::chrono::seconds (0), [this] { listener_.ended (); });
}

void
PipelineRun::on_message (GstMessage *message)
{
  if (stopped_)
    return;
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      draw ("failed");
      return listener_.failed (error_text (message));
    case GST_MESSAGE_WARNING:
      if (!is_missing_track (message))
        log_line ("warning from " + error_text (message));
      return;
    case GST_MESSAGE_EOS:
      return listener_.ended ();
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency (GST_BIN (pipeline_.get ()));
      return;
    case GST_MESSAGE_ELEMENT:
      return on_element_message (message);
    default:
      return;
  }
}

void
PipelineRun::on_element_message (GstMessage *message)
{
  const auto *fields = gst_message_get_structure (message);
  if (fields == nullptr)
    return;
  const auto text = [fields] (const char *name) {
    const char *value = gst_structure_get_string (fields, name);
    return std::string (value != nullptr ? value : "");
  };
  if (gst_structure_has_name (fields, "stagedoor-interrupted")) {
    listener_.interrupted (text ("why"));
  } else if (gst_structure_has_name (fields, "stagedoor-resumed")) {
    listener_.resumed (text ("protocol"));
  } else if (gst_structure_has_name (fields, "stagedoor-unpublished")) {
    on_publisher_end (text ("why"));
  } else if (gst_structure_has_name (fields, "stagedoor-problem")) {
    const char *from = GST_MESSAGE_SRC_NAME (message);
    listener_.problem (
        std::string (from != nullptr ? from : "") + "." + text ("pad"), text ("text"));
  } else if (gst_structure_has_name (fields, "stagedoor-decision")) {
    const char *from = GST_MESSAGE_SRC_NAME (message);
    listener_.decision (
        std::string (from != nullptr ? from : "") + "." + text ("pad"), text ("text"));
  }
}

/** Into GST_DEBUG_DUMP_DOT_DIR, when that is set. */
void
PipelineRun::draw (const char *what) const
{
  GST_DEBUG_BIN_TO_DOT_FILE_WITH_TS (GST_BIN (pipeline_.get ()), GST_DEBUG_GRAPH_SHOW_ALL,
      (std::string ("stagedoor-") + what).c_str ());
}

void
PipelineRun::stop (std::function<void ()> stopped)
{
  stopped_ = true;
  drain_.reset ();
  if (!pipeline_)
    return post_to_main (std::move (stopped));
  draw ("stopping");
  const auto bus = adopt (gst_element_get_bus (pipeline_.get ()));
  gst_bus_remove_watch (bus.get ());
  // Going down may wait for streaming threads. This object, and with it the pipeline, lives until
  // the main thread has heard that it is done.
  auto *done = new std::function<void ()> (
      [keep = shared_from_this (), stopped = std::move (stopped)] { stopped (); });
  handed_over (done);
  gst_element_call_async (
      pipeline_.get (),
      [] (GstElement *pipeline, gpointer call) {
        taken_over (call);
        gst_element_set_state (pipeline, GST_STATE_NULL);
        post_to_main (std::move (*static_cast<std::function<void ()> *> (call)));
      },
      done, [] (gpointer call) { delete static_cast<std::function<void ()> *> (call); });
}

std::vector<Ref<GstElement>>
PipelineRun::audiences () const
{
  std::vector<Ref<GstElement>> out;
  if (pipeline_)
    for (auto &element : children (pipeline_.get ())) {
      const auto *count =
          g_object_class_find_property (G_OBJECT_GET_CLASS (element.get ()), "viewers");
      if (count != nullptr && count->value_type == G_TYPE_UINT)
        out.push_back (element);
    }
  return out;
}

} // namespace stagedoor
