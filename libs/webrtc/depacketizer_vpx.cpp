// SPDX-License-Identifier: LGPL-2.1-or-later
// VP8 (RFC 7741 section 4.2) and VP9 (RFC 9628 section 4.2): a descriptor, then a piece of the
// frame.
#include "libs/webrtc/depacketizer_kinds.hpp"

namespace stagedoor::webrtc {
namespace {

void
skip_picture_id (Reader &in)
{
  if (in.u8 () & 0x80)
    in.skip (1);
}

class VpxDepacketizer : public Depacketizer
{
  bool append (ByteView payload, Bytes &unit) final
  {
    Reader in (payload);
    const bool first = begins_unit (payload);
    skip_descriptor (in);
    if (!in.ok () || in.remaining () == 0 || (unit.empty () && !first))
      return false;
    unit.insert (unit.end (), in.rest ().begin (), in.rest ().end ());
    return true;
  }
  bool complete (Bytes &) final { return true; }

  virtual void skip_descriptor (Reader &in) const = 0;
};

class Vp8Depacketizer final : public VpxDepacketizer
{
  /** S, and the first partition. */
  bool begins_unit (ByteView payload) const override { return (payload[0] & 0x17) == 0x10; }

  void skip_descriptor (Reader &in) const override
  {
    if (!(in.u8 () & 0x80))
      return;
    const unsigned extension = in.u8 ();
    if (extension & 0x80)
      skip_picture_id (in);
    if (extension & 0x40)
      in.skip (1); // TL0PICIDX
    if (extension & 0x30)
      in.skip (1); // TID, KEYIDX
  }
};

class Vp9Depacketizer final : public VpxDepacketizer
{
  enum : unsigned {
    has_picture_id = 0x80,
    is_predicted = 0x40,
    has_layers = 0x20,
    is_flexible = 0x10,
    begins_frame = 0x08,
    has_structure = 0x02,
  };

  /** Of several spatial layers, which are frames with the same time stamp, the lowest. */
  bool begins_unit (ByteView payload) const override
  {
    Reader in (payload);
    const unsigned flags = in.u8 ();
    if (!(flags & begins_frame))
      return false;
    if (flags & has_picture_id)
      skip_picture_id (in);
    return !(flags & has_layers) || (in.u8 () & 0x0e) == 0;
  }

  void skip_descriptor (Reader &in) const override
  {
    const unsigned flags = in.u8 ();
    if (flags & has_picture_id)
      skip_picture_id (in);
    if (flags & has_layers)
      in.skip (flags & is_flexible ? 1 : 2);
    if (flags & is_flexible && flags & is_predicted) {
      constexpr int most_references = 3;
      for (int i = 0; i < most_references && in.u8 () & 1; ++i) {
      }
    }
    if (flags & has_structure)
      skip_structure (in);
  }

  void skip_structure (Reader &in) const
  {
    const unsigned flags = in.u8 ();
    if (flags & 0x10)
      in.skip (4 * ((flags >> 5) + 1));
    if (!(flags & 0x08))
      return;
    for (unsigned pictures = in.u8 (); pictures > 0 && in.ok (); --pictures)
      in.skip (in.u8 () >> 2 & 3);
  }
};

} // namespace

std::unique_ptr<Depacketizer>
make_vp8_depacketizer ()
{
  return std::make_unique<Vp8Depacketizer> ();
}

std::unique_ptr<Depacketizer>
make_vp9_depacketizer ()
{
  return std::make_unique<Vp9Depacketizer> ();
}

} // namespace stagedoor::webrtc
