// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/video_chain.hpp"

#include <algorithm>
#include <functional>

namespace stagedoor::transcode {

namespace {

/** Renditions have key frames at multiples of this, of running time. */
constexpr GstClockTime key_distance = 2 * GST_SECOND;
/** A decoder that is further behind goes on with the next key frame; at its start it has a group of
 * pictures to catch up on. */
constexpr GstClockTime most_behind = GST_SECOND;
constexpr guint max_waiting = 1024, max_waiting_bytes = 16 * 1024 * 1024;
/** What the decoder of a machine that keeps up never is. */
constexpr GstClockTime late = 300 * GST_MSECOND;
/** How many frames go in without any picture coming out before the decoder counts as broken. */
constexpr int patience = 150;
/** Damage may look like too large a picture, and is over with the next key frame. */
constexpr int most_refused = 2;

VideoChain &
chain_of (GstPad *pad)
{
  return *static_cast<VideoChain *> (gst_pad_get_element_private (pad));
}

gboolean
drop_event (GstPad *, GstObject *, GstEvent *event)
{
  gst_event_unref (event);
  return TRUE;
}

/** Frame threads would hold back as many frames; a frame of several slices has few. */
void
prefer_low_delay (GstElement *decoder)
{
  auto *klass = G_OBJECT_GET_CLASS (decoder);
  if (g_object_class_find_property (klass, "thread-type"))
    gst_util_set_object_arg (G_OBJECT (decoder), "thread-type", "slice");
  if (g_object_class_find_property (klass, "max-threads"))
    g_object_set (decoder, "max-threads", std::min (g_get_num_processors (), 4u), nullptr);
  if (g_object_class_find_property (klass, "qos"))
    g_object_set (decoder, "qos", FALSE, nullptr);
}

} // namespace

std::shared_ptr<VideoChain>
VideoChain::build (const Setup &setup)
{
  std::shared_ptr<VideoChain> out{new VideoChain (setup)};
  if (!out->assemble (setup.caps))
    return nullptr;
  out->open (setup);
  return out;
}

bool
VideoChain::assemble (GstCaps *caps)
{
  queue_ = make ("queue");
  if (!queue_)
    return false;
  g_object_set (queue_.get (), "max-size-buffers", patient_ ? 30u : 2 * max_waiting,
      "max-size-bytes", patient_ ? 0u : 2 * max_waiting_bytes, "max-size-time",
      G_GUINT64_CONSTANT (0), nullptr);
  if (!row_.add (Ref<GstElement> (queue_)))
    return false;
  if (gst_structure_has_name (gst_caps_get_structure (caps, 0), "video/x-av1")
      && !row_.add (make ("av1parse")))
    return false;
  auto decoder =
      make_for (GST_ELEMENT_FACTORY_TYPE_DECODER | GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO, caps);
  if (!decoder)
    return false;
  tolerate_errors (decoder.get ());
  watch (decoder.get ());
  prefer_low_delay (decoder.get ());
  return row_.add (std::move (decoder));
}

/** On the decoder's thread: one that tolerates errors may put out nothing at all. */
void
VideoChain::watch (GstElement *decoder)
{
  const auto pad = adopt (gst_element_get_static_pad (decoder, "sink"));
  gst_pad_add_probe (
      pad.get (), GST_PAD_PROBE_TYPE_BUFFER,
      [] (GstPad *, GstPadProbeInfo *, gpointer self) {
        auto &chain = *static_cast<VideoChain *> (self);
        if (++chain.undecoded_ > patience)
          chain.failed_ = true;
        return GST_PAD_PROBE_OK;
      },
      this, nullptr);
}

void
VideoChain::open (const Setup &setup)
{
  gst_segment_init (&segment_, GST_FORMAT_TIME);
  feed_ = Ref<GstPad>::sink (gst_pad_new ("feed", GST_PAD_SRC));
  gst_pad_set_query_function (feed_.get (), setup.query_upstream);
  gst_pad_set_event_function (feed_.get (), drop_event);
  gst_pad_set_element_private (feed_.get (), setup.owner);

  decoded_ = Ref<GstPad>::sink (gst_pad_new ("decoded", GST_PAD_SINK));
  gst_pad_set_chain_function (decoded_.get (), on_decoded);
  gst_pad_set_event_function (decoded_.get (), on_decoded_event);
  gst_pad_set_query_function (decoded_.get (), on_decoded_query);
  gst_pad_set_element_private (decoded_.get (), this);

  gst_pad_link (feed_.get (), row_.sink ().get ());
  gst_pad_link (row_.src ().get (), decoded_.get ());
  gst_pad_set_active (decoded_.get (), TRUE);
  row_.start ();
  gst_pad_set_active (feed_.get (), TRUE);
}

VideoChain::~VideoChain ()
{
  if (feed_) {
    gst_pad_set_active (feed_.get (), FALSE);
    gst_pad_set_active (decoded_.get (), FALSE);
  }
  row_.stop ();
}

GstClockTime
VideoChain::waiting () const
{
  guint64 time = 0;
  g_object_get (queue_.get (), "current-level-time", &time, nullptr);
  return time;
}

/** Further than it may be. */
bool
VideoChain::is_behind ()
{
  guint buffers = 0, bytes = 0;
  g_object_get (
      queue_.get (), "current-level-buffers", &buffers, "current-level-bytes", &bytes, nullptr);
  caught_up_ |= buffers == 0;
  return buffers >= max_waiting || bytes >= max_waiting_bytes
         || (caught_up_ && waiting () > most_behind);
}

bool
VideoChain::is_late () const
{
  return caught_up_ && waiting () > late;
}

bool
VideoChain::feed (GstBuffer *buffer)
{
  if (!patient_ && is_behind ())
    skipping_ = true;
  else if (!GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    skipping_ = false;
  if (skipping_)
    return false;
  skipping_ = !bound_.holds (buffer);
  refused_ = skipping_ ? refused_ + 1 : 0;
  if (refused_ > most_refused)
    failed_ = true;
  if (skipping_)
    return false;
  if (gst_pad_push (feed_.get (), gst_buffer_ref (buffer)) < GST_FLOW_EOS)
    failed_ = true;
  return true;
}

void
VideoChain::set_renditions (std::vector<std::shared_ptr<Rendition>> renditions)
{
  // The larger ones first, of which the smaller ones are made.
  std::ranges::stable_sort (renditions, std::greater<> (),
      [] (const auto &rendition) { return rendition->spec ().width * rendition->spec ().height; });
  const std::lock_guard lock{mutex_};
  next_.emplace (std::move (renditions));
}

void
VideoChain::settle ()
{
  GST_PAD_STREAM_LOCK (decoded_.get ());
  change_renditions ();
  GST_PAD_STREAM_UNLOCK (decoded_.get ());
}

/** Decoder's thread, or its stream lock. */
void
VideoChain::change_renditions ()
{
  std::vector<std::shared_ptr<Rendition>> old;
  {
    const std::lock_guard lock{mutex_};
    if (!next_)
      return;
    old = std::exchange (renditions_, std::move (*next_));
    next_.reset ();
  }
  const auto now = renditions ();
  pictures_.keep ([&] (int width, int height) {
    return std::ranges::any_of (now, [&] (const auto &rendition) {
      return rendition->spec ().width == width && rendition->spec ().height == height;
    });
  });
  for (const auto &rendition : now)
    if (!gst_pad_has_current_caps (rendition->head ()))
      tell_all (*rendition);
}

/** A new one has to hear first what the others have heard, and nothing twice. */
void
VideoChain::tell_all (Rendition &rendition)
{
  std::pair to (this, &rendition);
  gst_pad_sticky_events_foreach (
      decoded_.get (),
      [] (GstPad *, GstEvent **event, gpointer data) -> gboolean {
        const auto &[self, rendition] = *static_cast<decltype (to) *> (data);
        self->tell (*rendition, *event);
        return TRUE;
      },
      &to);
}

std::vector<std::shared_ptr<Rendition>>
VideoChain::renditions () const
{
  const std::lock_guard lock{mutex_};
  return renditions_;
}

GstFlowReturn
VideoChain::on_decoded (GstPad *pad, GstObject *, GstBuffer *buffer)
{
  return chain_of (pad).take (adopt (buffer));
}

gboolean
VideoChain::on_decoded_event (GstPad *pad, GstObject *, GstEvent *raw)
{
  const auto event = adopt (raw);
  auto &self = chain_of (pad);
  if ((gst_event_type_get_flags (GST_EVENT_TYPE (raw)) & GST_EVENT_TYPE_SERIALIZED) != 0)
    self.change_renditions (); // other events come on other threads
  if (GST_EVENT_TYPE (raw) == GST_EVENT_SEGMENT) {
    gst_event_copy_segment (raw, &self.segment_);
    if (std::exchange (self.has_segment_, true))
      self.shown_until_ = GST_CLOCK_TIME_NONE;
  }
  if (GST_EVENT_TYPE (raw) == GST_EVENT_CAPS) {
    GstCaps *caps = nullptr;
    gst_event_parse_caps (raw, &caps);
    if (!self.pictures_.set_input (caps))
      return FALSE;
  }
  for (const auto &rendition : self.renditions ())
    self.tell (*rendition, raw);
  return TRUE;
}

/** Decoders that know strides need not copy what they decoded. */
gboolean
VideoChain::on_decoded_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return gst_pad_query_default (pad, parent, query);
  gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, nullptr);
  return TRUE;
}

/** Caps are those of the pictures it gets. */
void
VideoChain::tell (Rendition &rendition, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
    const auto &spec = rendition.spec ();
    const auto caps = pictures_.caps (spec.width, spec.height);
    if (spec.rate.num > 0)
      gst_caps_set_simple (
          caps.get (), "framerate", GST_TYPE_FRACTION, spec.rate.num, spec.rate.den, nullptr);
    gst_pad_push_event (rendition.head (), gst_event_new_caps (caps.get ()));
  } else if (!gst_pad_push_event (rendition.head (), gst_event_ref (event))
             && GST_EVENT_TYPE (event) == GST_EVENT_EOS) {
    rendition.end (event); // its encoder gave up, and there won't be another
  }
}

/** The same frames are key frames in all renditions. */
bool
VideoChain::is_key_time (GstBuffer *frame)
{
  const auto running =
      gst_segment_to_running_time (&segment_, GST_FORMAT_TIME, GST_BUFFER_PTS (frame));
  if (!GST_CLOCK_TIME_IS_VALID (running))
    return false;
  const auto slot = static_cast<gint64> (running / key_distance);
  return std::exchange (last_key_slot_, slot) != slot;
}

GstFlowReturn
VideoChain::take (Ref<GstBuffer> frame)
{
  undecoded_ = 0;
  change_renditions ();
  if (GST_CLOCK_TIME_IS_VALID (shown_until_) && GST_BUFFER_PTS_IS_VALID (frame.get ())
      && GST_BUFFER_PTS (frame.get ()) <= shown_until_)
    return GST_FLOW_OK;
  const bool key = is_key_time (frame.get ());
  pictures_.begin (frame.get ());
  for (const auto &rendition : renditions ()) {
    if (!rendition->takes (GST_BUFFER_PTS (frame.get ()), key))
      continue;
    if (const auto picture = pictures_.get (rendition->spec ().width, rendition->spec ().height))
      rendition->feed (picture.get ());
  }
  return GST_FLOW_OK;
}

} // namespace stagedoor::transcode
