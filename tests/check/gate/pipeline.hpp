// SPDX-License-Identifier: LGPL-2.1-or-later
// A pipeline with a stagegatesrc, and what came out of it.
#pragma once

#include "tests/check/gate/fixture.hpp"

namespace stagedoor::test {

struct Got
{
  std::string pad; ///< "video" or "audio"
  GstClockTime pts;
  bool discont;
};

class Pipeline
{
public:
  /** A stagegatesrc called "gate" on a free port, with @p properties in gst-launch's way, and a
   * sink for each of @p pads. */
  explicit Pipeline (const std::string &properties,
      std::vector<std::string> pads = {"video", "audio"},
      const std::string &address = "127.0.0.1:0");
  ~Pipeline ();

  GstElement *get () const { return pipeline_.get (); }
  GstElement *gate () const { return gate_.get (); }
  GstStateChangeReturn set_state (GstState state);
  void play (); ///< fails the test when it can't
  std::uint16_t port () const;
  std::uint64_t stat (const char *name) const;

  std::vector<Got> got () const;
  std::size_t count (const std::string &pad) const;
  int no_more_pads () const { return no_more_pads_; }

  /** The next message of @p type, and of element @p name if that is given; null after 20 s. */
  Ref<GstMessage> wait_for (GstMessageType type, const char *name = nullptr);

private:
  Ref<GstElement> pipeline_, gate_;
  mutable std::mutex mutex_;
  std::vector<Got> got_; // protected by mutex_
  std::atomic<int> no_more_pads_ = 0;
};

std::string with_keys ();   ///< the keys property in gst-launch's way
std::string good_stream (); ///< a stream name with a key that holds

} // namespace stagedoor::test
