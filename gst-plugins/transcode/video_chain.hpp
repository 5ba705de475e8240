// SPDX-License-Identifier: LGPL-2.1-or-later
// One decoder, and the renditions that are made of what comes out of it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "gst-plugins/common/picture_bound.hpp"
#include "gst-plugins/transcode/picture_sizes.hpp"
#include "gst-plugins/transcode/rendition.hpp"

namespace stagedoor::transcode {

/** Queue, decoder, and a distributor of frames to renditions. Frames are decoded on the queue's
 * thread. */
class VideoChain
{
public:
  struct Setup
  {
    GstBin *bin;
    GstCaps *caps;                      ///< of what will be fed
    GstClockTime shown_until;           ///< frames up to there aren't put out; NONE: all are
    bool patient;                       ///< the source isn't live: wait, drop nothing
    gpointer owner;                     ///< element private of the feeding pad
    GstPadQueryFunction query_upstream; ///< of the feeding pad
  };
  /** nullptr when no element here can decode it. */
  static std::shared_ptr<VideoChain> build (const Setup &setup);
  ~VideoChain ();
  VideoChain (const VideoChain &) = delete;
  VideoChain &operator= (const VideoChain &) = delete;

  // Streaming thread of the bin.
  /** False when the decoder is so far behind that @p buffer was given up, with all up to the next
   * key frame; or when it asks for a picture that is too large. A stream that goes on with that has
   * failed. */
  bool feed (GstBuffer *buffer);
  GstPad *feed_pad () const { return feed_.get (); }
  /** From the decoder's next picture or event on: it may be at work now, and isn't waited for. */
  void set_renditions (std::vector<std::shared_ptr<Rendition>> renditions);
  bool has_failed () const { return failed_; }
  /** It has kept up once and doesn't any more. */
  bool is_late () const;

  /** Waits for the decoder's thread to let go of renditions that aren't its any more: who lets go
   * of one last waits for that one's threads. Any thread but those two. */
  void settle ();

private:
  explicit VideoChain (const Setup &setup)
      : patient_ (setup.patient), shown_until_ (setup.shown_until), bound_ (setup.caps),
        row_ (setup.bin)
  {
  }
  bool assemble (GstCaps *caps);
  void watch (GstElement *decoder);
  GstClockTime waiting () const;
  bool is_behind ();
  void open (const Setup &setup);

  static GstFlowReturn on_decoded (GstPad *pad, GstObject *, GstBuffer *buffer);
  static gboolean on_decoded_event (GstPad *pad, GstObject *, GstEvent *event);
  static gboolean on_decoded_query (GstPad *pad, GstObject *, GstQuery *query);
  GstFlowReturn take (Ref<GstBuffer> frame);
  void change_renditions ();
  void tell_all (Rendition &rendition);
  void tell (Rendition &rendition, GstEvent *event);
  bool is_key_time (GstBuffer *frame);
  std::vector<std::shared_ptr<Rendition>> renditions () const;

  const bool patient_;
  GstClockTime shown_until_; // of the first segment; decoder's thread
  bool has_segment_ = false; // decoder's thread
  const PictureBound bound_;
  ElementRow row_;
  Ref<GstElement> queue_;
  Ref<GstPad> feed_, decoded_;
  bool skipping_ = true;             // up to the next key frame; streaming thread of the bin
  bool caught_up_ = false;           // has had nothing waiting; streaming thread of the bin
  int refused_ = 0;                  // groups in a row, too large; streaming thread of the bin
  std::atomic<bool> failed_ = false; // the decoder gave up
  int undecoded_ = 0;                // frames since a picture came out; decoder's thread
  PictureSizes pictures_;            // decoder's thread, or its stream lock
  GstSegment segment_;               // decoder's thread
  gint64 last_key_slot_ = -1;        // decoder's thread
  mutable std::mutex mutex_;         // innermost
  // protected by mutex_; the second by the streaming thread of the bin, for the decoder's to take
  std::vector<std::shared_ptr<Rendition>> renditions_;
  std::optional<std::vector<std::shared_ptr<Rendition>>> next_;
};

} // namespace stagedoor::transcode
