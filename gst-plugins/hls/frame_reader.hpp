// SPDX-License-Identifier: LGPL-2.1-or-later
// From caps and buffers to what MP4 has: the track, and frames without start codes.
#pragma once

#include <memory>
#include <optional>

#include <gst/gst.h>
#include <tl/expected.hpp>

#include "libs/hls/cmaf.hpp"
#include "libs/hls/segmenter.hpp"
#include "libs/media/h26x.hpp"

namespace stagedoor::hlssink {

/** Of one pad, until its caps change. */
class FrameReader
{
public:
  /** Error text is for people. */
  static tl::expected<FrameReader, std::string> open (const GstCaps *caps);

  /** Appends @p frame, as MP4 has it, to @p out. False: it isn't one that can be shown. */
  bool read (ByteView frame, bool key, Bytes &out);

  /** Null until a key frame has told; another one when it tells otherwise. */
  const std::shared_ptr<const hls::Track> &track () const { return track_; }
  /** Of the frame just read, in ticks of the track; 0: until the next one. */
  int duration (ByteView frame) const;
  /** How long each is; 0: not known. */
  hls::Duration frame_duration () const;

private:
  enum class Form { as_is, byte_stream, describes_itself };

  FrameReader (hls::Codec codec, Form form) : codec_ (codec), form_ (form) {}
  bool take_setup (tl::expected<hls::Track, std::string> track);
  bool convert (ByteView frame, bool key, Bytes &out);
  void read_fields (const GstStructure *fields);

  hls::Codec codec_;
  Form form_;
  std::optional<media::ByteStreamConverter> converter_;
  std::shared_ptr<const hls::Track> track_;
  std::optional<codecs::Ratio> frame_rate_, pixel_aspect_; ///< as the caps have them
};

} // namespace stagedoor::hlssink
