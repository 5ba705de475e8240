// SPDX-License-Identifier: LGPL-2.1-or-later
// What encoders wrote (ffmpeg 5.1 with x264, x265, libaom, SVT-AV1, rav1e and libvpx), and what
// ffprobe says about it.
#pragma once

#include "libs/base/bytes.hpp"
#include "libs/codecs/picture.hpp"

namespace stagedoor::test {

enum class Kind { h264, h265, av1, vp8, vp9 };

struct Recorded
{
  Kind kind;
  const char *what;
  const char *hex;
  codecs::Picture picture;
  codecs::SampleFormat samples = {}; ///< H.264 and HEVC only
};

inline Bytes
from_hex (std::string_view hex)
{
  const auto digit = [] (char c) {
    return c <= '9' ? c - '0' : c - 'a' + 10;
  };
  Bytes out;
  for (std::size_t i = 0; i + 1 < hex.size (); i += 2)
    out.push_back (static_cast<std::uint8_t> (digit (hex[i]) << 4 | digit (hex[i + 1])));
  return out;
}

/** H.264 and HEVC: the SPS; AV1: temporal delimiter and sequence header; VP8 and VP9: the beginning
 * of a key frame. */
inline const Recorded recordings[] = {
    {Kind::h264, "cropped, NTSC", "67640028acd940780227e5c04400000fa40003a9803c60c658",
        {1920, 1080, codecs::Ratio{30000, 1001}, codecs::Ratio{1, 1}}, {1, 8, 8}},
    {Kind::h264, "854 is no multiple of 16", "6764001facd940d83de6f0110000030001000003003c0f183196",
        {854, 480, codecs::Ratio{30, 1}, codecs::Ratio{1, 1}}, {1, 8, 8}},
    {Kind::h264, "fields", "6764001eacd940b424dff8020001688000000300800000190f8a14cb",
        {720, 576, codecs::Ratio{25, 1}, codecs::Ratio{64, 45}}, {1, 8, 8}},
    {Kind::h264, "fields, in name only", "67640028acd940780447de0220000003002000000641e30632c0",
        {1920, 1080, codecs::Ratio{25, 1}, codecs::Ratio{1, 1}}, {1, 8, 8}},
    {Kind::h264, "4:4:4, NTSC film", "67f4000d919b282a10f1f1f870800001f480005dc0078a14cb",
        {322, 242, codecs::Ratio{24000, 1001}, codecs::Ratio{4, 3}}, {3, 8, 8}},
    {Kind::h264, "preset scaling lists", "6764000dacd94141fb011000000300100000030320f1429960",
        {320, 240, codecs::Ratio{25, 1}, codecs::Ratio{1, 1}}, {1, 8, 8}},
    {Kind::h264, "scaling lists, HRD",
        "67f4000b919b28589d80880000030008000003019301000927800249fc98600f142996",
        {176, 144, codecs::Ratio{25, 1}, codecs::Ratio{1, 1}}, {3, 8, 8}},
    {Kind::h264, "4:2:2, odd shape", "677a001fb6cd940a02fea7c044000003000400000301903c60c658",
        {638, 362, codecs::Ratio{50, 1}, codecs::Ratio{1, 1}}, {2, 10, 10}},
    {Kind::h264, "no chroma", "6764000af3650b11e3e7c05b20000003002000000303c1e244b2c0",
        {162, 122, codecs::Ratio{15, 1}, codecs::Ratio{1, 1}, codecs::Colors{2, 2, 2, true}},
        {0, 8, 8}},
    {Kind::h264, "baseline", "6742c00cd9028df93011000003000100000300780f142a48",
        {160, 90, codecs::Ratio{60, 1}, codecs::Ratio{1, 1}}, {1, 8, 8}},
    {Kind::h264, "full VUI",
        "67640020acd9405005bb01a5010101a5000003000100000300786040002dc6c0005b8da4d38078c1"
        "8cb0",
        {1280, 720, codecs::Ratio{60, 1}, codecs::Ratio{1, 1}, codecs::Colors{1, 1, 1}}, {1, 8, 8}},
    {Kind::h265, "1080 is a multiple of 8",
        "420101016000000300900000030000030078a003c08010e596566924caf01680800001f480003a98"
        "04",
        {1920, 1080, codecs::Ratio{30000, 1001}, codecs::Ratio{1, 1}}, {1, 8, 8}},
    {Kind::h265, "cropped",
        "42010101600000030090000003000003003ca00a480f9c9265959a4932bc11a02000000300200000"
        "030321",
        {322, 242, codecs::Ratio{25, 1}, codecs::Ratio{16, 11}}, {1, 8, 8}},
    {Kind::h265, "4:4:4",
        "4201010408000003009c0800000300005d9000d6403c3bdb2cacd249cafff0007000568080000003"
        "008000001904",
        {854, 480, codecs::Ratio{50, 1}, codecs::Ratio{7, 5}}, {3, 10, 10}},
    {Kind::h265, "4:2:2",
        "4201010408000003009d0800000300003fb005020171d4f96566924caf0168080000030008000003"
        "00c040",
        {638, 362, codecs::Ratio{24, 1}, codecs::Ratio{1, 1}}, {2, 8, 8}},
    {Kind::h265, "temporal layers, full VUI",
        "42010101600000030090000003000003005aa00502016965959a4932bc0694040406904000000300"
        "4000000f1805261f8000b71b00016e3620",
        {640, 360, codecs::Ratio{60, 1}, codecs::Ratio{1, 1}, codecs::Colors{1, 1, 1}}, {1, 8, 8}},
    {Kind::h265, "fields",
        "42010101600000030040000003000003005aa005a20090596566924cafff0040002d686800000300"
        "0800000300c840",
        {720, 576, codecs::Ratio{25, 1}, codecs::Ratio{64, 45}}, {1, 8, 8}},
    {Kind::h265, "without timing",
        "42010101600000030090000003000003003ca00d080f165959a4932bc05a0020",
        {416, 240, {}, codecs::Ratio{1, 1}}, {1, 8, 8}},
    {Kind::h265, "no chroma",
        "4201010408000003009fc800000300001ec0548081cf3e5959a4932bc05b02000003000200000300"
        "1e10",
        {162, 122, codecs::Ratio{15, 1}, codecs::Ratio{1, 1}, codecs::Colors{2, 2, 2, true}},
        {0, 8, 8}},
    {Kind::av1, "libaom", "12000a0b000000043d07c4daf90040", {322, 242, {}, {}}},
    {Kind::av1, "libaom, 10 bit", "12000a0b00000024c6abdf36be5010", {854, 480, {}, {}}},
    {Kind::av1, "SVT-AV1", "12000a0b0000000cc4ff673efe4010", {640, 360, {}, {}}},
    {Kind::av1, "rav1e", "12000a0e000000fa1e8bea210a88101010a0", {326, 246, {}, {}}},
    {Kind::av1, "constant rate", "12000a140400000004000000f34000095eabbfc3732be401",
        {1920, 1080, codecs::Ratio{60, 1}, {}}},
    {Kind::av1, "decoder model, and no promise of a rate",
        "12000a1e040000000400000079780000000a530000035f915f90bbbd7c79b5f20080", {176, 144, {}, {}}},
    {Kind::vp8, "VP8", "7067009d012a4201f20000470885858885848802020ec2b7b667fe6ff803d583",
        {322, 242, {}, {}}},
    {Kind::vp9, "profile 0", "824983420014100f160c38241c184a0008007fd5fa3e8fe771fcbf8fef0bf9fc",
        {322, 242, {}, {}}},
    {Kind::vp9, "profile 1", "a249834200014200f2c1c7048383094000d87fd9fa34bfde7ff2f45d4de8bf4f",
        {162, 122, {}, {}}},
    {Kind::vp9, "profile 2", "92498342001aa80efb031c120e0c2c0803307fd5fa3e8fe777d87d1fdf73f4fd",
        {854, 480, {}, {}}},
    {Kind::vp9, "profile 3", "b124c1a14203bf821bb211c120e0c2e0c029607fd5fa3e87e67d1fc0ffb0ff23",
        {1920, 1080, {}, {}}},
    {Kind::vp9, "profile 1, RGB",
        "a2498342e00a1007960838241c184a0007007fd9fa34ff8fd3f7affc77aedd1e",
        {162, 122, {}, {}, codecs::Colors{1, 13, 0, true}}},
};

} // namespace stagedoor::test
