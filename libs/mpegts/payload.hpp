// SPDX-License-Identifier: LGPL-2.1-or-later
// Access units in the form that a transport stream wants them.
#pragma once

#include <optional>

#include "libs/base/bytes.hpp"

namespace stagedoor::mpegts {

/** What a program map says of a stream. */
struct StreamKind
{
  std::uint8_t type = 0;      ///< stream_type
  std::uint8_t stream_id = 0; ///< of its PES packets
  Bytes descriptors = {};
  bool operator== (const StreamKind &) const = default;
};

/** From units as MP4 and RTMP have them. nullopt for a setup that is broken, or not of a kind that
 * transport streams have. */
class Payload
{
public:
  static std::optional<Payload> h264 (ByteView avcc);
  static std::optional<Payload> h265 (ByteView hvcc);
  static Payload h264_byte_stream (); ///< units have start codes, and parameter sets at key frames
  static Payload h265_byte_stream ();
  static std::optional<Payload> aac (ByteView audio_specific_config);
  static Payload aac_adts (); ///< frames have their headers already
  static Payload mp3 ();
  static Payload ac3 ();
  static std::optional<Payload> opus (unsigned channels); ///< of mapping family 0, or 1

  const StreamKind &kind () const { return kind_; }
  /** Replaces @p out; false when the unit is broken. Never keeps @p unit. */
  bool convert (ByteView unit, bool keyframe, Bytes &out) const;

private:
  enum class Form { lengths, byte_stream, adts, opus, as_it_is };

  Payload (Form form, StreamKind kind) : form_ (form), kind_ (std::move (kind)) {}
  static std::optional<Payload> nal (bool is_h265, unsigned length_size, Bytes sets);
  bool is_h265 () const;
  bool is_delimiter (ByteView nal) const;
  void write_delimiter (Bytes &out) const;
  bool convert_lengths (ByteView unit, bool keyframe, Bytes &out) const;
  bool write_adts (ByteView frame, Bytes &out) const;
  void write_opus (ByteView frame, Bytes &out) const;

  Form form_;
  StreamKind kind_;
  unsigned length_size_ = 0;                             // of lengths
  Bytes parameter_sets_;                                 // of lengths, with start codes
  unsigned profile_ = 0, rate_index_ = 0, channels_ = 0; // of adts
};

} // namespace stagedoor::mpegts
