// SPDX-License-Identifier: LGPL-2.1-or-later
// An element on a gate with an RTMP and an SRT door that the test has opened, and who publishes
// there.
#pragma once

#include "tests/check/gate/srt_caller.hpp"
#include "tests/check/gate/trace.hpp"

namespace stagedoor::test {

struct House
{
  explicit House (
      const std::string &properties, std::vector<std::string> pads = {"video", "audio"});
  ~House () { pipeline.set_state (GST_STATE_NULL); }

  Ref<GstMessage> message (const char *name)
  {
    return pipeline.wait_for (GST_MESSAGE_ELEMENT, name);
  }
  bool gets (const char *pad, std::size_t count);
  SrtCaller call () { return {srt, {"publish:live/" + stream}}; }
  int last_rate () const; ///< of the audio caps

  TestGate gate;
  const std::string stream = good_stream (); // one key for all: others would find it busy
  std::uint16_t srt = open_srt_door (*gate.pointer ());
  Pipeline pipeline;
  Trace trace;
};

std::string why_of (const Ref<GstMessage> &message);

/** Both tracks for half a second, ten frames a second each. */
void show (Publisher &publisher, std::uint32_t from = 0);
/** Publishes and shows, and waits for all of it. */
std::unique_ptr<Publisher> appear (House &house);
/** Waits until what @p publisher sends comes out, and all before it has come out. */
bool is_on_air (House &house, Publisher &publisher);

} // namespace stagedoor::test
