// SPDX-License-Identifier: LGPL-2.1-or-later
// What a lane asks of the conversions of its kind of medium.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gst/gst.h>

#include "gst-plugins/common/ref.hpp"
#include "gst-plugins/transcode/repacker.hpp"

namespace stagedoor::transcode {

class Lane;

using Outputs = std::vector<Ref<GstPad>>;

/** Belongs to a lane, and lives as long. Streaming thread of the lane's sink pad unless said
 * otherwise. */
class Converter
{
public:
  virtual ~Converter () = default;

  /** @p taken is what @p output's peer takes: what is made for it is chosen by that. */
  virtual void meet (GstPad *output, const GstCaps *taken) = 0;

  /** What @p output may get in place of the input: fixed caps, or empty ones. Any thread. */
  virtual Ref<GstCaps> makes (GstPad *output) const = 0;

  /** The least work that makes the input acceptable, by its caps, to a peer that takes @p taken; @p
   * why tells what for. nullopt, @p why tells as well: none does. */
  virtual std::optional<Form> form_for (const GstCaps *taken, std::string &why) const = 0;
  /** The input's caps in @p form; null while too little is known of it. */
  virtual Ref<GstCaps> caps_in (Form form) = 0;
  /** The buffer that was observed last; null when it can't be had so. */
  virtual Ref<GstBuffer> buffer_in (Form form) = 0;

  /** Why @p output may not get the input as it is, though its peer takes it by its caps; empty: it
   * may. */
  virtual std::string objection (GstPad *output, const GstCaps *taken) = 0;

  /** Why @p output, in Mode::convert, gets nothing at the moment; empty: all is well. */
  virtual std::string problem (GstPad *output) const = 0;

  /** What is not as it should be with what @p output, in Mode::convert, gets; empty: nothing. */
  virtual std::string remark (GstPad *) const { return {}; }

  /** The inner pad whose events and buffers @p output gets; null when no conversion runs for it.
   * Any thread. */
  virtual Ref<GstPad> tail (GstPad *output) const = 0;

  /** Another format from here on: what runs puts out what it still holds, and ends. */
  virtual void set_input (GstCaps *caps) = 0;

  /** Looks at the next buffer. True when objection() may be another now. */
  virtual bool observe (GstBuffer *buffer) = 0;

  /** Starts and ends what the outputs in Mode::convert want. */
  virtual void update (const Outputs &outputs) = 0;

  virtual void feed (GstBuffer *buffer) = 0;
  /** An event of the input, but for caps. On its thread. */
  virtual void feed (GstEvent *event) = 0;

  /** Forgets the stream. The pads are inactive. */
  virtual void reset () = 0;
};

std::unique_ptr<Converter> make_audio_converter (Lane &lane);
std::unique_ptr<Converter> make_video_converter (Lane &lane);

} // namespace stagedoor::transcode
