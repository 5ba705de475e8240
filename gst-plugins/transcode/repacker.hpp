// SPDX-License-Identifier: LGPL-2.1-or-later
// H.264 and HEVC in another packing: what a peer may need is no more than that.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <gst/gst.h>

#include "gst-plugins/common/ref.hpp"
#include "libs/codecs/nal_setup.hpp"
#include "libs/media/h26x.hpp"

namespace stagedoor::transcode {

/** How NAL units are put together: "stream-format" of caps. */
enum class Form : gint {
  as_it_comes,
  byte_stream, ///< with start codes; each key frame brings its parameter sets, there are no
               ///< delimiters
  lengths      ///< avc, hvc1: parameter sets in the caps only
};

/** Streaming thread. */
class Repacker
{
public:
  void set_caps (GstCaps *caps);
  /** Looks at the next buffer. True when form_for() may be another now. */
  bool observe (GstBuffer *buffer);
  void reset () { *this = {}; }

  /** The least work that makes the input acceptable to a peer that takes @p taken; @p why tells
   * what for. nullopt: none does. */
  std::optional<Form> form_for (const GstCaps *taken, std::string &why) const;
  /** Null while too little is known. */
  Ref<GstCaps> caps (Form form);
  /** The buffer that was observed last; null when it can't be had in this form. */
  Ref<GstBuffer> packed (Form form);
  /** Of the byte stream that was observed last: its first sequence parameter set, if any. */
  const Bytes &sps () const { return sps_; }

private:
  void learn (ByteView byte_stream);
  Bytes to_byte_stream (ByteView unit) const;
  Ref<GstCaps> caps_as (Form form) const;
  const char *name_of (Form form) const;
  Ref<GstBuffer> wrap (Bytes bytes) const;

  Ref<GstCaps> caps_; ///< null unless it is H.264 or HEVC in whole access units
  media::NalCodec codec_ = media::NalCodec::h264;
  Form input_ = Form::as_it_comes;
  unsigned length_size_ = 0;
  Bytes sets_; ///< parameter sets, as a byte stream
  Bytes sps_;
  bool has_sets_ = false;   ///< the key frame observed last brought its own
  bool lacks_sets_ = false; ///< one didn't, after others had
  Ref<GstBuffer> current_;
  Ref<GstBuffer> as_byte_stream_, as_lengths_; ///< of current_, made when asked for
  std::unique_ptr<media::ByteStreamConverter> converter_;
};

} // namespace stagedoor::transcode
