// SPDX-License-Identifier: LGPL-2.1-or-later
// NAL units of H.264 and HEVC: finding them in a byte stream, and what is inside.
#pragma once

#include "libs/base/bytes.hpp"

namespace stagedoor::codecs {

/** Goes through a byte stream with start codes (annex B of ITU-T H.264 and H.265). */
class ByteStreamReader
{
public:
  explicit ByteStreamReader (ByteView byte_stream);
  /** The next NAL unit, never with zeros at its end; empty when there is none left. */
  ByteView next ();

private:
  ByteView rest_; // begins after a start code
};

/** Without emulation prevention bytes, ITU-T H.264 section 7.4.1. */
Bytes unescape (ByteView nal);

} // namespace stagedoor::codecs
