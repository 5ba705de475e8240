// SPDX-License-Identifier: LGPL-2.1-or-later
// What is muxed comes out of the demuxer as it went in; what players rely on besides is there.
#include <map>

#include "libs/mpegts/muxer.hpp"
#include "tests/unit/mpegts/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using mpegts::Codec;
using mpegts::Muxer;
using mpegts::MuxTrack;
using mpegts::Payload;

namespace {

constexpr MuxTrack video = MuxTrack::video, audio = MuxTrack::audio;

std::optional<Payload>
payload_of (const mpegts::Setup &setup)
{
  switch (setup.codec) {
    case Codec::h264:
      return Payload::h264 (setup.config);
    case Codec::h265:
      return Payload::h265 (setup.config);
    case Codec::aac:
      return Payload::aac (setup.config);
    case Codec::opus:
      return Payload::opus (setup.config[9]);
  }
  return std::nullopt;
}

MuxTrack
track_of (Codec codec)
{
  return codec == Codec::h264 || codec == Codec::h265 ? video : audio;
}

Bytes
mux (const Events &events)
{
  Muxer muxer;
  std::map<Codec, Payload> payloads;
  Bytes out, converted;
  for (const auto &event : events)
    if (const auto *setup = std::get_if<mpegts::Setup> (&event)) {
      const auto payload = payload_of (*setup);
      ck_assert (payload.has_value ());
      payloads.insert_or_assign (setup->codec, *payload);
      muxer.set (track_of (setup->codec), payload->kind ());
    } else if (const auto *unit = std::get_if<mpegts::Unit> (&event)) {
      const auto track = track_of (unit->codec);
      ck_assert (payloads.at (unit->codec).convert (unit->data, unit->keyframe, converted));
      ck_assert (muxer.write (
          {track, static_cast<std::int64_t> (unit->pts), static_cast<std::int64_t> (unit->dts),
              track == video && unit->keyframe, converted},
          out));
    }
  return out;
}

mpegts::Packet
packet_of (const Bytes &stream, std::size_t index)
{
  const auto packet =
      mpegts::parse_packet (ByteView (stream).subspan (index * packet_size, packet_size));
  ck_assert (packet.has_value ());
  return *packet;
}

/** PCR in 90 kHz. */
std::optional<std::uint64_t>
clock_of (const Bytes &stream, std::size_t index)
{
  const auto *p = stream.data () + index * packet_size;
  if ((p[3] & 0x20) == 0 || p[4] == 0 || (p[5] & 0x10) == 0)
    return std::nullopt;
  Reader reader (ByteView (p + 6, 6));
  const std::uint64_t high = reader.u32 ();
  return high << 1 | reader.u16 () >> 15;
}

/** A unit of @p size bytes at @p ms. */
bool
write (Muxer &muxer, MuxTrack track, std::int64_t ms, bool keyframe, Bytes &out,
    std::size_t size = 100)
{
  const Bytes payload (size, 0x55);
  return muxer.write ({track, ms * 90, ms * 90, keyframe, payload}, out);
}

std::vector<mpegts::Stream>
last_map (const Bytes &stream)
{
  mpegts::SectionReader reader;
  std::vector<mpegts::Stream> out;
  for (std::size_t i = 0; i < stream.size () / packet_size; ++i)
    if (const auto packet = packet_of (stream, i); packet.pid == 0x1000)
      for (const auto &section : reader.feed (packet))
        out = mpegts::parse_pmt (section).value ();
  return out;
}

const mpegts::StreamKind h264{0x1b, 0xe0}, adts{0x0f, 0xc0};

} // namespace

START_TEST (comes_out_as_it_went_in)
{
  for (const char *name :
      {"h264-aac.mpegts", "h264-bframes.mpegts", "h265.mpegts", "opus.mpegts"}) {
    const auto events = demux (load (name));
    const auto stream = mux (events);
    ck_assert_uint_eq (stream.size () % packet_size, 0);
    const auto again = demux (stream);
    for (const auto codec : {Codec::h264, Codec::h265, Codec::aac, Codec::opus}) {
      const auto wanted = units (events, codec), got = units (again, codec);
      ck_assert_uint_eq (wanted.size (), got.size ());
      for (std::size_t i = 0; i < got.size (); ++i) {
        ck_assert_uint_eq (got[i].pts, wanted[i].pts);
        ck_assert_uint_eq (got[i].dts, wanted[i].dts);
        ck_assert (got[i].keyframe == wanted[i].keyframe);
        ck_assert_msg (got[i].data == wanted[i].data, "%s %zu", name, i);
      }
      ck_assert (setups (again, codec) == setups (events, codec));
    }
  }
}
END_TEST

START_TEST (tables_and_random_access_at_key_frames)
{
  Muxer muxer;
  muxer.set (video, h264);
  Bytes out;
  ck_assert (write (muxer, video, 0, true, out));
  ck_assert (write (muxer, video, 33, false, out));
  const auto before = out.size () / packet_size;
  ck_assert (write (muxer, video, 66, true, out));
  ck_assert_uint_eq (packet_of (out, before).pid, 0);
  ck_assert_uint_eq (packet_of (out, before + 1).pid, 0x1000);
  ck_assert (packet_of (out, before + 2).random_access && packet_of (out, before + 2).start);
  ck_assert (!packet_of (out, 3).random_access); // of the picture between them
  out.clear ();
  ck_assert (write (muxer, video, 265, false, out));
  ck_assert_uint_eq (packet_of (out, 0).pid, 0x100);
  ck_assert (write (muxer, video, 266, false, out)); // 200 ms later
  ck_assert_uint_eq (packet_of (out, 1).pid, 0);
}
END_TEST

START_TEST (counters_have_no_gaps)
{
  const auto stream = mux (demux (load ("h264-aac.mpegts")));
  std::map<unsigned, mpegts::Continuity> counters;
  for (std::size_t i = 0; i < stream.size () / packet_size; ++i) {
    const auto packet = packet_of (stream, i);
    ck_assert (counters[packet.pid].check (packet) == mpegts::Continuity::Verdict::next);
  }
  ck_assert_uint_eq (counters.size (), 4);
}
END_TEST

START_TEST (the_clock_is_there_in_time_and_never_late)
{
  Muxer muxer;
  muxer.set (video, h264);
  muxer.set (audio, adts);
  Bytes out;
  for (std::int64_t ms = 1000; ms < 4000; ms += 20) // pictures become rare
    ck_assert (write (muxer, ms % 500 == 0 || ms < 2000 ? video : audio, ms, false, out));
  std::optional<std::uint64_t> last;
  for (std::size_t i = 0; i < out.size () / packet_size; ++i)
    if (const auto clock = clock_of (out, i)) {
      ck_assert_uint_eq (packet_of (out, i).pid, 0x100);
      if (last)
        ck_assert (*clock > *last && *clock - *last <= 9000);
      last = clock;
    }
  ck_assert (last && *last <= (3980 - 200) * 90 && *last >= (3980 - 300) * 90);
}
END_TEST

START_TEST (a_track_that_comes_late_changes_the_map)
{
  Muxer muxer;
  muxer.set (audio, adts);
  Bytes out;
  ck_assert (write (muxer, audio, 0, false, out));
  ck_assert_uint_eq (last_map (out).size (), 1);
  ck_assert (clock_of (out, 2).has_value ());
  muxer.set (video, h264);
  ck_assert (write (muxer, video, 20, true, out));
  ck_assert_uint_eq (last_map (out).size (), 2);
  muxer.set (video, std::nullopt);
  ck_assert (write (muxer, audio, 40, false, out));
  ck_assert_uint_eq (last_map (out).size (), 1);
  const auto same = out.size ();
  muxer.set (audio, adts); // no change
  ck_assert (write (muxer, audio, 60, false, out));
  ck_assert_uint_eq (out.size () - same, packet_size);
}
END_TEST

START_TEST (every_size_fits)
{
  for (std::size_t size = 1; size < 600; ++size) {
    Muxer muxer;
    muxer.set (audio, adts);
    Bytes out;
    for (int i = 0; i < 3; ++i)
      ck_assert (write (muxer, audio, i * 20, false, out, size));
    ck_assert_uint_eq (out.size () % packet_size, 0);
    mpegts::PesReader reader (1 << 20);
    std::size_t got = 0;
    for (std::size_t i = 0; i < out.size () / packet_size; ++i) {
      const auto packet = packet_of (out, i);
      if (packet.pid != 0x101)
        continue;
      if (packet.start)
        reader.begin ();
      ck_assert (reader.add (packet.payload));
      if (reader.complete ()) {
        const auto whole = reader.take ();
        const auto pes = mpegts::parse_pes (whole);
        ck_assert (pes && pes->payload.size () == size);
        ++got;
      }
    }
    ck_assert_uint_eq (got, 3);
  }
}
END_TEST

START_TEST (time_that_begins_anew_is_marked)
{
  Muxer muxer;
  muxer.set (video, h264);
  Bytes out;
  ck_assert (write (muxer, video, 100'000, true, out));
  out.clear ();
  ck_assert (write (muxer, video, 5, false, out));
  ck_assert_uint_eq (packet_of (out, 0).pid, 0);
  ck_assert (packet_of (out, 2).discontinuity && clock_of (out, 2).has_value ());
  out.clear ();
  ck_assert (write (muxer, video, 95'443'717, false, out)); // 33 bits are over
  ck_assert (packet_of (out, 2).start);
}
END_TEST

START_TEST (what_cant_be_carried_is_refused)
{
  Muxer muxer;
  Bytes out;
  ck_assert (!write (muxer, video, 0, true, out));
  muxer.set (audio, adts);
  ck_assert (!write (muxer, audio, 0, false, out, 65'530));
  ck_assert (out.empty ());
  ck_assert (!Payload::h264 (Bytes{1, 2, 3}));
  ck_assert (!Payload::h264 (Bytes{1, 66, 0, 30, 0xff, 0xe0, 0})); // no parameter set
  ck_assert (!Payload::h265 ({}));
  ck_assert (!Payload::aac (Bytes{0x12}));
  ck_assert (!Payload::aac (Bytes{0x17, 0x90})); // a rate of its own
  ck_assert (!Payload::aac (Bytes{0x12, 0x00})); // channels in a program config element
  ck_assert (!Payload::opus (0) && !Payload::opus (9));
  const auto aac = Payload::aac (Bytes{0x12, 0x10});
  ck_assert (aac.has_value ());
  ck_assert (!aac->convert ({}, false, out));
  ck_assert (!aac->convert (Bytes (8190), false, out));
  const auto broken = Payload::h264 (Bytes{1, 66, 0, 30, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68});
  ck_assert (broken.has_value ());
  ck_assert (!broken->convert (Bytes{0, 0, 0, 9, 0x65}, true, out));
}
END_TEST

START_TEST (byte_streams_get_a_delimiter_once)
{
  const auto plain = Payload::h264_byte_stream ();
  Bytes out, again;
  ck_assert (plain.convert (Bytes{0, 0, 1, 0x65, 0x88}, true, out));
  ck_assert (out == Bytes ({0, 0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x65, 0x88}));
  ck_assert (plain.convert (out, true, again));
  ck_assert (again == out);
}
END_TEST

int
main (int, char **argv)
{
  data_folder = argv[1];
  return run ("mpegts muxer",
      {comes_out_as_it_went_in, tables_and_random_access_at_key_frames, counters_have_no_gaps,
          the_clock_is_there_in_time_and_never_late, a_track_that_comes_late_changes_the_map,
          every_size_fits, time_that_begins_anew_is_marked, what_cant_be_carried_is_refused,
          byte_streams_get_a_delimiter_once});
}
