// SPDX-License-Identifier: LGPL-2.1-or-later
// What sinks with several pads have in common: latency, upstream events, end of stream.
#pragma once

#include <map>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor {

/** Answers GST_QUERY_LATENCY with all pads together: the largest minimum, the smallest maximum. */
void query_latency_of_pads (GstElement *element, GstQuery *query);

/** To all pads: the latency of the pipeline concerns whatever is upstream of each. Takes @p event.
 */
bool send_event_to_pads (GstElement *element, GstEvent *event);

/** The end is posted when all pads that anything ever came to have ended, and while playing: an
 * application hears of it only then. Any thread; takes the element's OBJECT_LOCK. */
class StreamEnd
{
public:
  explicit StreamEnd (GstElement *element) : element_ (element) {}

  /** A stream begins on this pad, maybe after an end. */
  void begin (GstPad *pad);
  /** True when all have ended; post() follows once all is put in order. */
  bool end (GstPad *pad, GstEvent *eos);
  void forget (GstPad *pad);
  void forget_all ();
  void set_playing (bool playing);
  void post ();

private:
  GstElement *const element_; ///< borrowed; owns the owner of this
  // Protected by the element's OBJECT_LOCK:
  std::map<GstPad *, bool> ended_; ///< of the pads that have begun
  guint32 seqnum_ = 0;             ///< 0: not at the end
  bool playing_ = false;
};

} // namespace stagedoor
