// SPDX-License-Identifier: LGPL-2.1-or-later
// stagetranscodebin between sources and peers that a test holds in its hands.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gst/gst.h>

#include "gst-plugins/common/ref.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

/** A piece of an elementary stream, encoded beforehand. */
struct Track
{
  Ref<GstCaps> caps;
  std::vector<Ref<GstBuffer>> buffers;

  GstClockTime duration () const;
};

/** What the encoder in @p launch makes, such as "audiotestsrc num-buffers=9 ! avenc_aac". */
Track record (const std::string &launch);

inline constexpr const char *opus = "audio/x-opus";
inline constexpr const char *aac = "audio/mpeg,mpegversion=4";
/** @p seconds of a tone as AAC frames of 1024 samples, as a publisher sends them. */
Track record_aac (int seconds, int rate = 48000, int channels = 2);
Track record_h264 (int frames);

/** The downstream neighbour of one source pad; takes what its caps say. Any thread. */
class Peer
{
public:
  explicit Peer (const std::string &caps);
  ~Peer ();
  Peer (const Peer &) = delete;
  Peer &operator= (const Peer &) = delete;

  GstPad *pad () const { return pad_.get (); }
  void link (GstPad *source);
  void unlink ();
  /** Changes its mind and says so upstream. */
  void set_caps (const std::string &caps);
  void set_flow (GstFlowReturn flow);
  /** Says whether it has any use for what comes. */
  void demand (bool wanted);

  std::vector<Ref<GstBuffer>> buffers () const;
  std::size_t count () const { return buffers ().size (); }
  /** Until @p count buffers have come; fails after 20 s. */
  void wait_for (std::size_t count);
  void wait_for_eos ();
  GstClockTime duration () const;  ///< sum over the buffers
  std::string media_type () const; ///< of its current caps; "" before any
  int saw (GstEventType type) const;
  void clear ();

private:
  static GstFlowReturn on_buffer (GstPad *, GstObject *, GstBuffer *buffer);
  static gboolean on_event (GstPad *, GstObject *, GstEvent *event);
  static gboolean on_query (GstPad *, GstObject *, GstQuery *query);

  const Ref<GstPad> pad_;
  mutable std::mutex mutex_; // guards all below
  std::string caps_;
  GstFlowReturn flow_ = GST_FLOW_OK;
  std::vector<Ref<GstBuffer>> buffers_;
  std::vector<GstEventType> events_;
  std::condition_variable changed_;
};

/** The upstream neighbour of a sink pad. */
class Feed
{
public:
  /** Not @p live: it may be held up. */
  Feed (GstElement *element, const char *pad_name, bool live = true);
  ~Feed ();
  Feed (const Feed &) = delete;
  Feed &operator= (const Feed &) = delete;

  GstPad *pad () const { return pad_.get (); }
  GstPad *sink () const { return sink_.get (); }
  void start (GstCaps *caps); ///< stream-start, caps, segment
  bool push (GstEvent *event) { return gst_pad_push_event (pad_.get (), event); }
  GstFlowReturn push (const Ref<GstBuffer> &buffer);
  /** Starts when needed, then all of it. */
  GstFlowReturn push (const Track &track);
  int saw (GstEventType type) const;

private:
  static gboolean on_event (GstPad *, GstObject *, GstEvent *event);
  static gboolean on_query (GstPad *, GstObject *, GstQuery *query);

  const bool live_;
  const Ref<GstPad> pad_;
  Ref<GstPad> sink_;
  mutable std::mutex mutex_;
  std::vector<GstEventType> events_; // from downstream; protected by mutex_
};

/** The element in PLAYING, and what it posts. */
class Transcoder
{
public:
  Transcoder ();
  ~Transcoder ();
  Transcoder (const Transcoder &) = delete;
  Transcoder &operator= (const Transcoder &) = delete;

  GstElement *element () const { return element_.get (); }
  Ref<GstPad> request (const char *name);
  void release (GstPad *pad) { gst_element_release_request_pad (element (), pad); }
  /** "pad: text" of each stagedoor-problem since the last call, in order. */
  std::vector<std::string> problems ();
  std::size_t errors (); ///< error messages since the last call
  std::size_t children () const;

private:
  void collect ();

  const Ref<GstElement> element_;
  const Ref<GstBus> bus_;
  std::vector<std::string> problems_;
  std::size_t errors_ = 0;
};

std::string problem_of (GstPad *pad);
std::string decision_of (GstPad *pad);

/** One source, one peer that wants Opus. */
struct Converting
{
  Transcoder transcoder;
  Feed feed{transcoder.element (), "audio"};
  Ref<GstPad> pad = transcoder.request ("audio_%u");
  Peer peer{opus};

  Converting () { peer.link (pad.get ()); }
  /** So much of it, and that nothing went wrong. */
  void expect_opus (GstClockTime duration, GstClockTimeDiff tolerance = 80 * GST_MSECOND);
};

GstClockTimeDiff distance (GstClockTime a, GstClockTime b);

} // namespace stagedoor::test
