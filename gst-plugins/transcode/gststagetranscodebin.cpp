// SPDX-License-Identifier: LGPL-2.1-or-later
// The element: request pads, state changes; each kind of medium is a Lane.
/**
 * SECTION:element-stagetranscodebin
 * @title: stagetranscodebin
 *
 * Passes the input through to every peer that takes it as it is, at the cost of a function call.
 * What a peer does not take is converted: audio to Opus or AAC, video to the first of H.264, VP8,
 * VP9, HEVC and AV1 that the peer takes and something here encodes, decoded once for all
 * renditions, each encoded once for however many pads want the same. A pad's properties say what is
 * wanted of it: a smaller picture, fewer frames per second, another bit rate or codec, fewer
 * channels. Nothing is ever made larger or faster than the source, and nothing larger than
 * 4096x2304 is decoded: what a publisher sends must not take all memory.
 *
 * Of a codec's encoders the highest ranked piece of hardware comes first that passes a trial, once
 * in the life of the process; then those that are programs: for H.264 x264enc and openh264enc.
 *
 * Caps don't tell of B-frames. A peer that can't show them says so in its answer to the caps query,
 * by the field "b-frames=(boolean)false" of H.264 and HEVC, as #stagewhepsink does; the bin knows
 * from the stream's parameter sets and timestamps whether there are some. What a pad carries, and
 * why, is in its "decision" property and in an element message "stagedoor-decision" (strings "pad"
 * and "text"). It may change while the stream is live: then the pad goes on with a key frame.
 *
 * H.264 and HEVC that a peer takes, but in another stream-format, are only repacked. A peer that
 * wants key frames at least that often says so by the int field "max-key-frame-distance", in
 * milliseconds, of a format in its caps; #GstStageTranscodePad:max-key-frame-distance is the same
 * for peers that don't. Sound that is converted goes on without gaps, overlaps and drift, whatever
 * its timestamps are like.
 *
 * A peer may say that it has no use for what comes for now, or has again, by a
 * %GST_EVENT_CUSTOM_UPSTREAM with the structure "stagedoor-demand" and the boolean field "wanted",
 * as #stagewhepsink does: when none has had any for 5 s of the stream the conversion ends, until
 * one has again. Video begins with the picture that is live then, also in the middle of a long
 * group of pictures. A track that is missing, or whose data never comes, holds nothing back.
 *
 * What a peer cannot take is dropped, with an element message "stagedoor-problem" (strings "pad"
 * and "text"), a warning, and the text in the pad's "problem" property; it is never an error. When
 * the problem is gone the message comes again, with an empty text. A decoder that fails, or puts
 * out nothing for seconds, is such a problem: it is started again a second later. An encoder that
 * gives up, puts out nothing for 0.6 s and isn't at work either, or what can't be its codec, is
 * replaced at once: by another of its kind, and when that fails, too, by the next kind. The pad
 * goes on with a key frame, others and the source don't notice, and the decision says which encoder
 * it is, and for what reason.
 *
 * Of a live source no picture is waited for: an encoder that is late loses pictures, and a
 * rendition that goes on doing so is cut, as its "decision" then says: a faster preset, half of the
 * pictures, and when that doesn't help nothing at all, which is a problem. Of several late ones the
 * larger goes first. What was cut is given back when there is time for it again. Who gets the
 * source as it is, or another rendition, notices nothing of that.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 audiotestsrc num-buffers=100 ! audioconvert ! avenc_aac ! transcode.audio
 * stagetranscodebin name=transcode transcode.audio_0 ! audio/x-opus ! fakesink
 * ]|
 * |[
 * gst-launch-1.0 audiotestsrc num-buffers=100 ! opusenc ! transcode.audio
 * stagetranscodebin name=transcode audio_0::rendition=aac@96k
 * transcode.audio_0 ! audio/mpeg,mpegversion=4 ! fakesink
 * ]|
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! x264enc ! transcode.video
 * stagetranscodebin name=transcode video_1::rendition=120p@200k
 * transcode.video_0 ! fakesink transcode.video_1 ! h264parse ! fakesink
 * ]|
 *
 * Since: 0.1
 */
#include "gst-plugins/transcode/gststagetranscodebin.h"

#include "gst-plugins/transcode/encoder_threads.hpp"
#include "gst-plugins/transcode/lane.hpp"

GST_DEBUG_CATEGORY (gst_stage_transcode_bin_debug);
#define GST_CAT_DEFAULT gst_stage_transcode_bin_debug

using namespace stagedoor;
using transcode::Kind;
using transcode::Lane;

namespace {

struct Impl
{
  explicit Impl (GstStageTranscodeBin *self)
      : video (GST_BIN (self), Kind::video), audio (GST_BIN (self), Kind::audio)
  {
  }
  Lane video, audio;

  Lane &lane (const char *pad_name) { return g_str_has_prefix (pad_name, "video") ? video : audio; }
};

#define STAGE_VIDEO_CAPS "video/x-h264; video/x-h265; video/x-av1; video/x-vp8; video/x-vp9"
#define STAGE_AUDIO_CAPS                                                                           \
  "audio/x-opus; audio/mpeg; audio/x-ac3; audio/x-eac3; audio/x-flac; audio/x-raw"

GstStaticPadTemplate video_sink_template = GST_STATIC_PAD_TEMPLATE (
    "video", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS (STAGE_VIDEO_CAPS));
GstStaticPadTemplate audio_sink_template = GST_STATIC_PAD_TEMPLATE (
    "audio", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS (STAGE_AUDIO_CAPS));
GstStaticPadTemplate video_src_template = GST_STATIC_PAD_TEMPLATE (
    "video_%u", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS (STAGE_VIDEO_CAPS));
GstStaticPadTemplate audio_src_template = GST_STATIC_PAD_TEMPLATE (
    "audio_%u", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS (STAGE_AUDIO_CAPS));

} // namespace

struct _GstStageTranscodeBin
{
  GstBin parent;
  Impl *impl;
};

static void gst_stage_transcode_bin_child_proxy_init (gpointer iface, gpointer);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstStageTranscodeBin, gst_stage_transcode_bin, GST_TYPE_BIN,
    G_IMPLEMENT_INTERFACE (GST_TYPE_CHILD_PROXY, gst_stage_transcode_bin_child_proxy_init)
        GST_DEBUG_CATEGORY_INIT (
            gst_stage_transcode_bin_debug, "stagetranscodebin", 0, "passes through or converts"))
GST_ELEMENT_REGISTER_DEFINE (
    stagetranscodebin, "stagetranscodebin", GST_RANK_NONE, GST_TYPE_STAGE_TRANSCODE_BIN)

static void
gst_stage_transcode_bin_init (GstStageTranscodeBin *self)
{
  self->impl = new Impl (self);
}

static void
gst_stage_transcode_bin_finalize (GObject *object)
{
  delete GST_STAGE_TRANSCODE_BIN (object)->impl;
  G_OBJECT_CLASS (gst_stage_transcode_bin_parent_class)->finalize (object);
}

/** The children that others may set properties of are the source pads; what is inside comes and
 * goes. */
static GObject *
gst_stage_transcode_bin_child_by_index (GstChildProxy *proxy, guint index)
{
  ObjectLock lock{proxy};
  auto *pad = g_list_nth_data (GST_ELEMENT (proxy)->srcpads, index);
  return pad != nullptr ? static_cast<GObject *> (g_object_ref (pad)) : nullptr;
}

static guint
gst_stage_transcode_bin_children_count (GstChildProxy *proxy)
{
  ObjectLock lock{proxy};
  return GST_ELEMENT (proxy)->numsrcpads;
}

static GObject *
gst_stage_transcode_bin_child_by_name (GstChildProxy *proxy, const gchar *name)
{
  return reinterpret_cast<GObject *> (gst_element_get_static_pad (GST_ELEMENT (proxy), name));
}

static void
gst_stage_transcode_bin_child_proxy_init (gpointer iface, gpointer)
{
  auto *proxy = static_cast<GstChildProxyInterface *> (iface);
  proxy->get_child_by_index = gst_stage_transcode_bin_child_by_index;
  proxy->get_child_by_name = gst_stage_transcode_bin_child_by_name;
  proxy->get_children_count = gst_stage_transcode_bin_children_count;
}

static GstPad *
gst_stage_transcode_bin_request_new_pad (
    GstElement *element, GstPadTemplate *templ, const gchar *name, const GstCaps *)
{
  auto &lane = GST_STAGE_TRANSCODE_BIN (element)->impl->lane (templ->name_template);
  if (templ->direction == GST_PAD_SINK)
    return lane.add_sink (templ);
  auto *pad = lane.add_output (templ, name);
  if (pad != nullptr)
    gst_child_proxy_child_added (GST_CHILD_PROXY (element), G_OBJECT (pad), GST_PAD_NAME (pad));
  return pad;
}

static void
gst_stage_transcode_bin_release_pad (GstElement *element, GstPad *pad)
{
  const auto kept = share (pad);
  GST_STAGE_TRANSCODE_BIN (element)->impl->lane (GST_PAD_NAME (pad)).remove (pad);
  if (GST_PAD_IS_SRC (pad))
    gst_child_proxy_child_removed (GST_CHILD_PROXY (element), G_OBJECT (pad), GST_PAD_NAME (pad));
}

static GstStateChangeReturn
gst_stage_transcode_bin_change_state (GstElement *element, GstStateChange transition)
{
  const auto result =
      GST_ELEMENT_CLASS (gst_stage_transcode_bin_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    auto &impl = *GST_STAGE_TRANSCODE_BIN (element)->impl;
    impl.video.reset ();
    impl.audio.reset ();
  }
  return result;
}

/** The only children are conversions, and what a publisher sends must not end the pipeline. */
static void
gst_stage_transcode_bin_handle_message (GstBin *bin, GstMessage *message)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_STREAM_STATUS)
    stagedoor::transcode::place_thread (message);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    GError *error = nullptr;
    gchar *debug = nullptr;
    gst_message_parse_error (message, &error, &debug);
    auto *warning = gst_message_new_warning (GST_MESSAGE_SRC (message), error, debug);
    g_error_free (error);
    g_free (debug);
    gst_message_unref (message);
    message = warning;
  }
  GST_BIN_CLASS (gst_stage_transcode_bin_parent_class)->handle_message (bin, message);
}

static void
gst_stage_transcode_bin_class_init (GstStageTranscodeBinClass *klass)
{
  auto *element_class = GST_ELEMENT_CLASS (klass);
  G_OBJECT_CLASS (klass)->finalize = gst_stage_transcode_bin_finalize;
  element_class->request_new_pad = GST_DEBUG_FUNCPTR (gst_stage_transcode_bin_request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (gst_stage_transcode_bin_release_pad);
  element_class->change_state = GST_DEBUG_FUNCPTR (gst_stage_transcode_bin_change_state);
  GST_BIN_CLASS (klass)->handle_message =
      GST_DEBUG_FUNCPTR (gst_stage_transcode_bin_handle_message);

  gst_element_class_add_static_pad_template (element_class, &video_sink_template);
  gst_element_class_add_static_pad_template (element_class, &audio_sink_template);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &video_src_template, GST_TYPE_STAGE_TRANSCODE_PAD);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &audio_src_template, GST_TYPE_STAGE_TRANSCODE_PAD);
  gst_element_class_set_static_metadata (element_class, "Stagedoor transcoder",
      "Generic/Bin/Converter", "Passes through what peers take, converts only what they do not",
      "The Stagedoor authors");
  gst_type_mark_as_plugin_api (GST_TYPE_STAGE_TRANSCODE_PAD, static_cast<GstPluginAPIFlags> (0));
}
