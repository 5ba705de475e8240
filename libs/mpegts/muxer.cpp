// SPDX-License-Identifier: LGPL-2.1-or-later
// Section numbers are those of ISO/IEC 13818-1.
#include "libs/mpegts/muxer.hpp"

#include <algorithm>
#include <utility>

#include "libs/mpegts/packet.hpp"
#include "libs/mpegts/psi.hpp"

namespace stagedoor::mpegts {
namespace {

constexpr std::uint16_t map_pid = 0x1000, first_pid = 0x100;
constexpr std::uint16_t program = 1;
constexpr std::size_t body_size = packet_size - 4;
constexpr std::int64_t tables_interval = 90 * 200;
/** How far the clock is behind what it belongs to: the tracks needn't arrive evenly. */
constexpr std::int64_t lead = 90 * 200;
/** At most 100 ms may pass between two clock references, section 2.7.2. */
constexpr std::int64_t clock_interval = 90 * 40, longest_clock_interval = 90 * 80;
/** Time that goes back by more has begun anew. */
constexpr std::int64_t most_backwards = 90'000;
constexpr std::size_t pes_length_max = 0xffff;

constexpr std::uint16_t
pid_of (MuxTrack track)
{
  return static_cast<std::uint16_t> (first_pid + static_cast<std::uint16_t> (track));
}

void
write_head (std::uint16_t pid, bool start, std::uint8_t control, Bytes &out)
{
  Writer writer (out);
  writer.u8 (sync_byte);
  writer.u16 (static_cast<std::uint16_t> ((start ? 0x4000u : 0u) | pid));
  writer.u8 (control);
}

/** @p prefix are the four bits before it, section 2.4.3.7. */
void
write_stamp (unsigned prefix, std::int64_t stamp, Writer &writer)
{
  const auto t = static_cast<std::uint64_t> (stamp) & 0x1ffffffff;
  writer.u8 (static_cast<std::uint8_t> (prefix << 4 | (t >> 29 & 0x0e) | 1));
  writer.u16 (static_cast<std::uint16_t> ((t >> 14 & 0xfffe) | 1));
  writer.u16 (static_cast<std::uint16_t> ((t << 1 & 0xfffe) | 1));
}

/** Fields behind section_length are in @p body; version and CRC are added. */
Bytes
section_of (std::uint8_t table, std::uint16_t id, std::uint8_t version, const Bytes &body)
{
  Bytes out;
  Writer writer (out);
  writer.u8 (table);
  writer.u16 (static_cast<std::uint16_t> (0xb000u | (5 + body.size () + 4)));
  writer.u16 (id);
  writer.u8 (static_cast<std::uint8_t> (0xc1 | version << 1));
  writer.u16 (0); // the first section of one
  writer.bytes (body);
  writer.u32 (section_crc (out));
  return out;
}

std::uint8_t
next (std::uint8_t &counter)
{
  const auto out = counter;
  counter = (counter + 1) & 15;
  return out;
}

} // namespace

MuxTrack
Muxer::clock_track () const
{
  return tracks_[0].kind ? MuxTrack::video : MuxTrack::audio;
}

void
Muxer::set (MuxTrack track, std::optional<StreamKind> kind)
{
  auto &now = tracks_[static_cast<std::size_t> (track)].kind;
  if (now == kind)
    return;
  now = std::move (kind);
  map_version_ = (map_version_ + 1) & 31;
  tables_at_.reset ();
}

bool
Muxer::write (const Unit &unit, Bytes &out)
{
  auto &track = tracks_[static_cast<std::size_t> (unit.track)];
  constexpr std::size_t largest_header = 16;
  if (!track.kind
      || (unit.track == MuxTrack::audio && unit.payload.size () + largest_header > pes_length_max))
    return false;
  Adaptation adaptation{.random_access = unit.keyframe, .clock = clock_due (unit)};
  if (unit.keyframe || !tables_at_ || unit.dts >= *tables_at_ + tables_interval) {
    tables_at_ = unit.dts;
    write_tables (out);
  }
  if (adaptation.clock && unit.track != clock_track ()) {
    write_clock (*adaptation.clock, out);
    adaptation.clock.reset ();
  }
  adaptation.discontinuity = adaptation.clock && std::exchange (jump_, false);
  write_pes (track, unit, adaptation, out);
  return true;
}

/** The other track's units bring the clock only when its own come too rarely. */
std::optional<std::int64_t>
Muxer::clock_due (const Unit &unit)
{
  const auto now = unit.dts - lead;
  if (clock_ && now + most_backwards < *clock_)
    restart ();
  const auto wait = unit.track == clock_track () ? clock_interval : longest_clock_interval;
  if (clock_ && now < *clock_ + wait)
    return std::nullopt;
  return clock_ = now;
}

void
Muxer::write_tables (Bytes &out)
{
  Bytes body;
  Writer writer (body);
  writer.u16 (program);
  writer.u16 (0xe000 | map_pid);
  write_section (0, association_counter_, section_of (0x00, 1, 0, body), out);
  body.clear ();
  writer.u16 (0xe000 | pid_of (clock_track ()));
  writer.u16 (0xf000);
  for (const auto track : {MuxTrack::video, MuxTrack::audio})
    if (const auto &kind = tracks_[static_cast<std::size_t> (track)].kind) {
      writer.u8 (kind->type);
      writer.u16 (0xe000 | pid_of (track));
      writer.u16 (static_cast<std::uint16_t> (0xf000 | kind->descriptors.size ()));
      writer.bytes (kind->descriptors);
    }
  write_section (map_pid, map_counter_, section_of (0x02, program, map_version_, body), out);
}

/** The sections here fit into one packet. */
void
Muxer::write_section (
    std::uint16_t pid, std::uint8_t &counter, const Bytes &section, Bytes &out) const
{
  const auto begin = out.size ();
  write_head (pid, true, 0x10 | next (counter), out);
  out.push_back (0);
  out.insert (out.end (), section.begin (), section.end ());
  out.resize (begin + packet_size, 0xff);
}

/** @p room is all that it fills, stuffing included; section 2.4.3.4. */
void
Muxer::Adaptation::write (std::size_t room, Bytes &out) const
{
  Writer writer (out);
  if (room > 0)
    writer.u8 (static_cast<std::uint8_t> (room - 1));
  if (room > 1)
    writer.u8 (static_cast<std::uint8_t> (
        (discontinuity ? 0x80 : 0) | (random_access ? 0x40 : 0) | (clock ? 0x10 : 0)));
  if (!clock)
    return;
  writer.u32 (static_cast<std::uint32_t> (static_cast<std::uint64_t> (*clock) >> 1));
  writer.u16 (static_cast<std::uint16_t> ((*clock & 1) << 15 | 0x7e00));
}

/** A packet that has nothing else; it doesn't count, section 2.4.3.3. */
void
Muxer::write_clock (std::int64_t clock, Bytes &out)
{
  const auto track = clock_track ();
  const auto begin = out.size ();
  const auto counter = tracks_[static_cast<std::size_t> (track)].counter;
  write_head (pid_of (track), false, 0x20 | ((counter + 15) & 15), out);
  Adaptation{.discontinuity = std::exchange (jump_, false), .clock = clock}.write (body_size, out);
  out.resize (begin + packet_size, 0xff);
}

void
Muxer::write_pes (Track &track, const Unit &unit, Adaptation adaptation, Bytes &out)
{
  Bytes header;
  Writer writer (header);
  const bool has_dts = unit.pts != unit.dts;
  const std::size_t stamps = has_dts ? 10 : 5, length = 3 + stamps + unit.payload.size ();
  writer.u24 (1);
  writer.u8 (track.kind->stream_id);
  // Players need not wait for the next one to know that a unit is whole, section 2.4.3.7.
  writer.u16 (length > pes_length_max ? 0 : static_cast<std::uint16_t> (length));
  writer.u8 (0x84); // it begins with the unit
  writer.u8 (has_dts ? 0xc0 : 0x80);
  writer.u8 (static_cast<std::uint8_t> (stamps));
  write_stamp (has_dts ? 3 : 2, unit.pts, writer);
  if (has_dts)
    write_stamp (1, unit.dts, writer);
  ByteView head (header), rest (unit.payload);
  for (bool first = true; first || !rest.empty (); first = false) {
    const auto wanted = adaptation.size (), left = head.size () + rest.size ();
    const auto room = std::max (wanted, left < body_size ? body_size - left : 0);
    write_head (pid_of (unit.track), first,
        static_cast<std::uint8_t> ((room > 0 ? 0x30 : 0x10) | next (track.counter)), out);
    const auto end = out.size () + room;
    adaptation.write (room, out);
    out.resize (end, 0xff);
    for (auto *part : {&head, &rest}) {
      const auto taken =
          part->first (std::min (part->size (), body_size - (out.size () - end) - room));
      out.insert (out.end (), taken.begin (), taken.end ());
      *part = part->subspan (taken.size ());
    }
    adaptation = {};
  }
}

} // namespace stagedoor::mpegts
