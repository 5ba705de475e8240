// SPDX-License-Identifier: LGPL-2.1-or-later
// Headers that ask for pictures too large to decode, wherever they stand.
#include "gst-plugins/common/picture_bound.hpp"

#include <initializer_list>
#include <string>

#include "gst-plugins/common/ref.hpp"
#include "libs/codecs/sps.hpp"
#include "tests/unit/codecs/writer.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

const Bytes small_h264 = write_h264 ({.width = 80, .height = 45}),
            large_h264 = write_h264 ({.width = 1024, .height = 1024}),
            small_h265 = write_h265 ({.width = 1280, .height = 720}),
            large_h265 = write_h265 ({.width = 16384, .height = 16384});

Ref<GstBuffer>
buffer_of (const Bytes &bytes)
{
  return adopt (
      bytes.empty () ? gst_buffer_new () : gst_buffer_new_memdup (bytes.data (), bytes.size ()));
}

/** A slice, then the NAL units, each behind its start code or length. */
Ref<GstBuffer>
unit (std::initializer_list<Bytes> nals, bool lengths)
{
  Bytes out;
  const auto add = [&] (const Bytes &nal) {
    const auto size = static_cast<std::uint8_t> (nal.size ());
    for (const std::uint8_t byte : {0, 0, 0, lengths ? int{size} : 1})
      out.push_back (byte);
    out.insert (out.end (), nal.begin (), nal.end ());
  };
  add ({0x02, 0x01, 0x80});
  for (const auto &nal : nals)
    add (nal);
  return buffer_of (out);
}

PictureBound
bound (const char *caps)
{
  return PictureBound (adopt (gst_caps_from_string (caps)).get ());
}

/** With an avcC that holds @p sps. */
PictureBound
bound_avc (const Bytes &sps)
{
  Bytes record{1, sps[1], sps[2], sps[3], 0xff, 0xe1, 0, static_cast<std::uint8_t> (sps.size ())};
  record.insert (record.end (), sps.begin (), sps.end ());
  record.insert (record.end (), {1, 0, 2, 0x68, 0xce});
  const auto data = buffer_of (record);
  const auto caps = adopt (gst_caps_new_simple ("video/x-h264", "stream-format", G_TYPE_STRING,
      "avc", "codec_data", GST_TYPE_BUFFER, data.get (), nullptr));
  return PictureBound (caps.get ());
}

START_TEST (caps_tell)
{
  const auto frame = buffer_of ({1, 2, 3});
  for (const char *codec : {"video/x-h264", "video/x-h265", "video/x-vp8", "video/x-vp9"}) {
    const auto with = [&] (const char *size) {
      return bound ((std::string (codec) + size).c_str ());
    };
    ck_assert (with ("").holds (frame.get ()));
    ck_assert (with (",width=4096,height=2304").holds (frame.get ()));
    ck_assert (!with (",width=4096,height=2305").holds (frame.get ()));
    ck_assert (!with (",width=65535,height=65535").holds (frame.get ()));
  }
  ck_assert (bound_avc (small_h264).holds (frame.get ()));
  ck_assert (!bound_avc (large_h264).holds (frame.get ()));
}
END_TEST

START_TEST (parameter_sets_in_frames)
{
  const auto h264 = bound ("video/x-h264,stream-format=byte-stream,width=1280,height=720");
  ck_assert (h264.holds (unit ({small_h264}, false).get ()));
  ck_assert (!h264.holds (unit ({large_h264}, false).get ()));
  ck_assert (!h264.holds (unit ({small_h264, large_h264}, false).get ()));
  ck_assert (!h264.holds (unit ({{0x67, 1}}, false).get ())); // can't be read
  const auto h265 = bound ("video/x-h265,stream-format=byte-stream");
  ck_assert (h265.holds (unit ({small_h265}, false).get ()));
  ck_assert (!h265.holds (unit ({large_h265}, false).get ()));
  const auto avc = bound_avc (small_h264);
  ck_assert (avc.holds (unit ({small_h264}, true).get ()));
  ck_assert (!avc.holds (unit ({small_h264, large_h264}, true).get ()));
}
END_TEST

START_TEST (a_frame_is_no_configuration)
{
  const auto avc = bound_avc (small_h264);
  ck_assert (!avc.holds (buffer_of ({1, 100, 0, 40, 0xff, 0xe1, 0, 1, 0x67}).get ()));
  ck_assert (avc.holds (buffer_of ({}).get ()));
  ck_assert (avc.holds (buffer_of ({0, 0, 0}).get ()));
  ck_assert (avc.holds (buffer_of ({0xff, 0xff, 0xff, 0xff, 0x65}).get ())); // a length beyond it
}
END_TEST

Bytes
vp9_key (unsigned side)
{
  return BitWriter ()
      .bits ("10 00 0 0 10")
      .u (24, 0x498342)
      .bits ("001 0")
      .u (16, side - 1)
      .u (16, side - 1)
      .u (8, 0)
      .bytes ();
}

START_TEST (key_frames_of_vpx)
{
  const auto vp8 = [] (unsigned side) {
    const auto low = static_cast<std::uint8_t> (side), high = static_cast<std::uint8_t> (side >> 8);
    return buffer_of ({0x70, 0x67, 0, 0x9d, 1, 0x2a, low, high, low, high});
  };
  const auto bound_vp8 = bound ("video/x-vp8,width=320,height=240");
  ck_assert (bound_vp8.holds (vp8 (3000).get ()));
  ck_assert (!bound_vp8.holds (vp8 (16383).get ()));
  ck_assert (bound_vp8.holds (buffer_of ({}).get ()));
  const auto bound_vp9 = bound ("video/x-vp9,width=320,height=240");
  ck_assert (bound_vp9.holds (buffer_of (vp9_key (3000)).get ()));
  ck_assert (!bound_vp9.holds (buffer_of (vp9_key (65536)).get ()));
  ck_assert (bound_vp9.holds (buffer_of ({0xff}).get ()));
}
END_TEST

/** A decoder makes room for what is cropped as well. */
START_TEST (cropped_sets)
{
  const auto h264 = write_h264 ({.width = 1024, .height = 1024, .crop = {{0, 8100, 0, 8100}}}),
             h265 = write_h265 ({.width = 16384, .height = 16384, .crop = {{0, 8100, 0, 8100}}});
  ck_assert_int_eq (codecs::read_h264_sps (h264)->picture.width, 184);
  ck_assert_int_eq (codecs::read_h265_sps (h265)->picture.width, 184);
  ck_assert (!bound ("video/x-h264,stream-format=byte-stream").holds (unit ({h264}, false).get ()));
  ck_assert (!bound ("video/x-h265,stream-format=byte-stream").holds (unit ({h265}, false).get ()));
  ck_assert (!bound_avc (h264).holds (buffer_of ({}).get ()));
}
END_TEST

/** Another than a key frame that says its size, as @p bits begin it. */
Bytes
vp9_delta (const char *bits, bool intra, unsigned side)
{
  BitWriter out;
  out.bits (bits);
  if (intra)
    out.u (24, 0x498342).u (8, 1);
  return out.u (16, side - 1).u (16, side - 1).u (16, 0).bytes ();
}

Bytes
superframe (std::initializer_list<Bytes> frames)
{
  Bytes out, index;
  const auto marker = static_cast<std::uint8_t> (0xc0 | (frames.size () - 1));
  for (const auto &frame : frames) {
    out.insert (out.end (), frame.begin (), frame.end ());
    index.push_back (static_cast<std::uint8_t> (frame.size ()));
  }
  out.push_back (marker);
  out.insert (out.end (), index.begin (), index.end ());
  out.push_back (marker);
  return out;
}

START_TEST (any_frame_of_vp9)
{
  const auto vp9 = bound ("video/x-vp9,width=320,height=240");
  const auto holds = [&vp9] (const Bytes &bytes) {
    return vp9.holds (buffer_of (bytes).get ());
  };
  ck_assert (holds (superframe ({vp9_key (320), vp9_key (640)})));
  ck_assert (!holds (superframe ({vp9_key (320), vp9_key (8192)})));
  // Frames that refer to others, at the size of the second of them, and at one of their own.
  ck_assert (holds (vp9_delta ("10 00 0 1 10 00 00000001 0000 0010 0100 01", false, 8192)));
  ck_assert (holds (vp9_delta ("10 00 0 1 10 00 00000001 0000 0010 0100 000", false, 640)));
  ck_assert (!holds (vp9_delta ("10 00 0 1 10 00 00000001 0000 0010 0100 000", false, 8192)));
  ck_assert (!holds (vp9_delta ("10 00 0 1 11 00000001 0000 0010 0100 000", false, 8192)));
  ck_assert (!holds (superframe (
      {vp9_key (320), vp9_delta ("10 00 0 1 10 00 00000001 0000 0010 0100 000", false, 8192)})));
  // Hidden frames that refer to none.
  ck_assert (holds (vp9_delta ("10 00 0 1 00 1 00", true, 640)));
  ck_assert (!holds (vp9_delta ("10 00 0 1 00 1 00", true, 8192)));
  ck_assert (!holds (vp9_delta ("10 00 0 1 01 1", true, 8192)));
  ck_assert (holds ({0xc0, 0xc0}));
  ck_assert (holds ({0xdf}));
}
END_TEST

/** A sequence header of a still picture, with its OBU's. */
Bytes
av1_sequence (unsigned side)
{
  auto payload = BitWriter ()
                     .bits ("000 1 1 00000 1111 1111")
                     .u (16, side - 1)
                     .u (16, side - 1)
                     .bits ("000 000 0000 00 1")
                     .u (8, 0)
                     .bytes ();
  payload.insert (payload.begin (), {0x0a, static_cast<std::uint8_t> (payload.size ())});
  return payload;
}

START_TEST (any_sequence_of_av1)
{
  const auto av1 = bound ("video/x-av1,stream-format=obu-stream,alignment=tu");
  const auto holds = [&av1] (std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const auto &part : parts)
      all.insert (all.end (), part.begin (), part.end ());
    return av1.holds (buffer_of (all).get ());
  };
  const Bytes delimiter{0x12, 0}, frame{0x32, 1, 0x10}, zeros{0, 0};
  const auto small = av1_sequence (640), large = av1_sequence (8192);
  ck_assert (holds ({delimiter, small, frame}));
  ck_assert (holds ({delimiter, frame}));
  ck_assert (!holds ({delimiter, large, frame}));
  ck_assert (!holds ({delimiter, small, frame, large, frame}));
  ck_assert (!holds ({delimiter, small, frame, zeros, delimiter, large, frame}));
  ck_assert (!holds ({delimiter, {0x0a, 1, 0x18}, frame})); // can't be read
  ck_assert (holds ({delimiter, small, {0x32, 9, 0x10}}));  // a cut frame
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("common-picture-bound",
      {caps_tell, parameter_sets_in_frames, a_frame_is_no_configuration, key_frames_of_vpx,
          cropped_sets, any_frame_of_vp9, any_sequence_of_av1});
}
