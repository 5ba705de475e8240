// SPDX-License-Identifier: LGPL-2.1-or-later
// Strict receivers for what the packetisers make; nullopt on anything that a real one may refuse.
#pragma once

#include <optional>
#include <vector>

#include "libs/webrtc/packetizer.hpp"

namespace stagedoor::test {

using Units = std::vector<Bytes>; ///< NAL units, OBUs or one frame

inline ByteView
payload_of (const webrtc::PacketizedFrame &frame, std::size_t i)
{
  return ByteView (frame.bytes).subspan (frame.payloads[i].offset, frame.payloads[i].size);
}

/** One NAL format's numbers. */
struct NalFormat
{
  std::size_t header;
  unsigned aggregate, fragment;
  unsigned (*type) (ByteView);
};

inline const NalFormat h264_format = {1, 24, 28, [] (ByteView nal) -> unsigned {
                                        return nal[0] & 0x1f;
                                      }};
inline const NalFormat h265_format = {2, 48, 49, [] (ByteView nal) -> unsigned {
                                        return nal[0] >> 1 & 0x3f;
                                      }};

inline bool
take_aggregate (ByteView payload, const NalFormat &format, Units &out)
{
  Reader in (payload.subspan (format.header));
  std::size_t count = 0;
  for (; in.remaining () > 0; ++count) {
    const auto nal = in.take (in.u16 ());
    if (nal.size () < format.header)
      return false;
    out.emplace_back (nal.begin (), nal.end ());
  }
  return count >= 2;
}

/** @p open: a fragmented NAL unit is under way. */
inline bool
take_fragment (ByteView payload, const NalFormat &format, bool &open, Units &out)
{
  if (payload.size () < format.header + 2)
    return false;
  const auto fu = payload[format.header];
  const bool start = fu & 0x80, end = fu & 0x40;
  if (start == open || (start && end))
    return false;
  if (start) {
    Bytes header (payload.begin (), payload.begin () + static_cast<long> (format.header));
    if (format.header == 1)
      header[0] = static_cast<std::uint8_t> ((header[0] & 0xe0) | (fu & 0x1f));
    else
      header[0] = static_cast<std::uint8_t> ((header[0] & 0x81) | (fu & 0x3f) << 1);
    out.push_back (header);
  }
  const auto body = payload.subspan (format.header + 1);
  out.back ().insert (out.back ().end (), body.begin (), body.end ());
  open = !end;
  return true;
}

inline std::optional<Units>
depacketize_nals (const webrtc::PacketizedFrame &frame, const NalFormat &format)
{
  Units out;
  bool open = false;
  for (std::size_t i = 0; i < frame.payloads.size (); ++i) {
    const auto payload = payload_of (frame, i);
    if (payload.size () < format.header || payload[0] & 0x80)
      return {};
    const auto type = format.type (payload);
    if (type == format.fragment) {
      if (!take_fragment (payload, format, open, out))
        return {};
      continue;
    }
    if (open || type > format.aggregate)
      return {};
    if (type != format.aggregate)
      out.emplace_back (payload.begin (), payload.end ());
    else if (!take_aggregate (payload, format, out))
      return {};
  }
  if (open)
    return {};
  return out;
}

/** VP8 and VP9 as this house writes them. */
inline std::optional<Units>
depacketize_vpx (const webrtc::PacketizedFrame &frame)
{
  const bool vp9 = frame.codec == webrtc::Codec::vp9;
  Bytes whole;
  unsigned picture_id = 0;
  for (std::size_t i = 0; i < frame.payloads.size (); ++i) {
    Reader in (payload_of (frame, i));
    const bool first = i == 0, last = i + 1 == frame.payloads.size ();
    const unsigned descriptor = in.u8 ();
    if (!vp9 && descriptor != (first ? 0x10 : 0))
      return {};
    if (vp9) {
      const unsigned expected =
          0x80u | (frame.keyframe ? 0 : 0x40) | (first ? 8 : 0) | (last ? 4 : 0);
      const unsigned id = in.u16 ();
      if (descriptor != expected || !(id & 0x8000) || (!first && id != picture_id))
        return {};
      picture_id = id;
    }
    if (!in.ok () || in.remaining () == 0)
      return {};
    whole.insert (whole.end (), in.rest ().begin (), in.rest ().end ());
  }
  return Units{whole};
}

inline std::optional<std::size_t>
leb128 (Reader &in)
{
  std::size_t value = 0;
  for (unsigned shift = 0; shift < 56; shift += 7) {
    const std::size_t byte = in.u8 ();
    value |= (byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return in.ok () ? std::optional (value) : std::nullopt;
  }
  return {};
}

/** AV1, all values of W. */
inline std::optional<Units>
depacketize_av1 (const webrtc::PacketizedFrame &frame)
{
  Units out;
  bool continues = false;
  for (std::size_t i = 0; i < frame.payloads.size (); ++i) {
    Reader in (payload_of (frame, i));
    const unsigned header = in.u8 (), w = header >> 4 & 3;
    if (!in.ok () || bool (header & 0x80) != continues || (i > 0 && header & 8) || header & 7)
      return {};
    for (unsigned n = 1; in.remaining () > 0; ++n) {
      auto size = std::optional (in.remaining ());
      if (w == 0 || n < w)
        size = leb128 (in);
      if (!size || *size == 0 || *size > in.remaining ())
        return {};
      const auto part = in.take (*size);
      if (!continues)
        out.emplace_back ();
      continues = false;
      out.back ().insert (out.back ().end (), part.begin (), part.end ());
    }
    continues = header & 0x40;
  }
  if (continues)
    return {};
  return out;
}

inline std::optional<Units>
depacketize (const webrtc::PacketizedFrame &frame)
{
  switch (frame.codec) {
    case webrtc::Codec::h264:
      return depacketize_nals (frame, h264_format);
    case webrtc::Codec::h265:
      return depacketize_nals (frame, h265_format);
    case webrtc::Codec::vp8:
    case webrtc::Codec::vp9:
      return depacketize_vpx (frame);
    case webrtc::Codec::av1:
      return depacketize_av1 (frame);
    case webrtc::Codec::opus:
      break;
  }
  return Units{frame.bytes};
}

} // namespace stagedoor::test
