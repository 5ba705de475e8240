// SPDX-License-Identifier: LGPL-2.1-or-later
// Synchronisation, choice of tracks, and their access units.
#include "libs/mpegts/demuxer.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace stagedoor::mpegts {
namespace {

constexpr std::uint16_t association_pid = 0, null_pid = 0x1fff;

bool
is_video (Codec codec)
{
  return codec == Codec::h264 || codec == Codec::h265;
}

} // namespace

struct Demuxer::Track
{
  explicit Track (const Stream &s)
      : stream (s), pes (is_video (*s.codec) ? max_video_unit : max_audio_packet),
        video (*s.codec == Codec::h265 ? media::NalCodec::h265 : media::NalCodec::h264),
        opus (s.opus_channels)
  {
  }

  const Stream stream;
  Continuity continuity;
  PesReader pes;
  media::ByteStreamConverter video; // of the three only the one for the codec is used
  AdtsSplitter adts;
  OpusSplitter opus;
  Bytes setup;           // told last
  bool lost_some = true; // since the last unit
};

Demuxer::Demuxer () = default;
Demuxer::~Demuxer () = default;

tl::expected<void, std::string>
Demuxer::feed (ByteView bytes, std::vector<Event> &events)
{
  held_.insert (held_.end (), bytes.begin (), bytes.end ());
  std::size_t at = 0;
  while (held_.size () - at >= packet_size) {
    const auto rest = ByteView (held_).subspan (at);
    if (in_sync_ && rest[0] == sync_byte) {
      at += packet_size;
      garbage_ = 0;
      if (const auto packet = parse_packet (rest.first (packet_size)))
        if (auto result = take (*packet, events); !result)
          return result;
      continue;
    }
    const auto skipped = synchronise (rest);
    if (!skipped)
      return tl::unexpected (skipped.error ());
    at += *skipped;
    if (!in_sync_)
      break;
  }
  held_.erase (held_.begin (), held_.begin () + static_cast<std::ptrdiff_t> (at));
  return {};
}

/** How many bytes of @p rest aren't the beginning of a packet. Without a second sync byte after the
 * first one it isn't known yet. */
tl::expected<std::size_t, std::string>
Demuxer::synchronise (ByteView rest)
{
  in_sync_ = false;
  std::size_t at = 0;
  for (; at + packet_size < rest.size (); ++at)
    if (rest[at] == sync_byte && rest[at + packet_size] == sync_byte) {
      in_sync_ = true;
      break;
    }
  garbage_ += at;
  if (garbage_ > max_garbage)
    return tl::unexpected (std::string ("this is no MPEG transport stream"));
  return at;
}

tl::expected<void, std::string>
Demuxer::take (const Packet &packet, std::vector<Event> &events)
{
  if (packet.pid == association_pid) {
    take_association (packet);
    return {};
  }
  if (packet.pid == null_pid)
    return {};
  for (const auto &track : tracks_)
    if (track && track->stream.pid == packet.pid) {
      take_media (*track, packet, events);
      return {};
    }
  if (may_be_map (packet)) {
    map_pid_ = packet.pid;
    map_ = {};
  }
  return map_pid_ == packet.pid ? take_map (packet, events) : tl::expected<void, std::string>{};
}

void
Demuxer::take_association (const Packet &packet)
{
  for (const auto &section : association_.feed (packet)) {
    const auto pid = parse_pat (section);
    if (!pid)
      continue;
    has_association_ = true;
    if (map_pid_ != pid)
      map_ = {};
    map_pid_ = pid;
  }
}

/** Without an association table, whatever looks like the beginning of a map is tried. */
bool
Demuxer::may_be_map (const Packet &packet) const
{
  return !has_association_ && streams_.empty () && packet.start && packet.payload.size () > 2
         && packet.payload[0] == 0 && packet.payload[1] == 2;
}

tl::expected<void, std::string>
Demuxer::take_map (const Packet &packet, std::vector<Event> &events)
{
  for (const auto &section : map_.feed (packet)) {
    const auto streams = parse_pmt (section);
    if (!streams || *streams == streams_)
      continue;
    if (auto result = select (*streams, events); !result)
      return result;
  }
  return {};
}

tl::expected<void, std::string>
Demuxer::select (const std::vector<Stream> &streams, std::vector<Event> &events)
{
  std::array<const Stream *, 2> chosen{};
  for (const auto &stream : streams)
    if (stream.codec) {
      auto &slot = chosen[is_video (*stream.codec) ? 0 : 1];
      slot = slot == nullptr ? &stream : slot;
    }
  std::string types;
  for (const auto &stream : streams) {
    if (stream.codec)
      continue;
    events.push_back (Ignored{stream.type});
    char text[8];
    std::snprintf (text, sizeof text, " 0x%02x", stream.type);
    types += types.size () < 64 ? text : "";
  }
  if (chosen[0] == nullptr && chosen[1] == nullptr)
    return tl::unexpected ("the transport stream has no H.264, HEVC, AAC (ADTS) or Opus track; "
                           "its stream types:"
                           + (types.empty () ? " none" : types));
  for (std::size_t i = 0; i < tracks_.size (); ++i) {
    auto &track = tracks_[i];
    if (track && chosen[i] != nullptr && track->stream == *chosen[i])
      continue;
    if (track)
      finish_packet (*track, events);
    track = chosen[i] != nullptr ? std::make_unique<Track> (*chosen[i]) : nullptr;
  }
  streams_ = streams;
  return {};
}

void
Demuxer::take_media (Track &track, const Packet &packet, std::vector<Event> &events)
{
  const auto verdict = track.continuity.check (packet);
  if (packet.payload.empty () || verdict == Continuity::Verdict::duplicate)
    return;
  if (verdict == Continuity::Verdict::lost) {
    ++lost_packets_;
    lose (track);
  }
  if (packet.start) {
    finish_packet (track, events);
    track.pes.begin ();
  }
  if (!track.pes.add (packet.payload))
    lose (track);
  if (track.pes.complete ())
    finish_packet (track, events);
}

void
Demuxer::lose (Track &track)
{
  broken_ += track.pes.filling ();
  track.pes.drop ();
  track.adts.reset ();
  track.lost_some = true;
}

void
Demuxer::finish_packet (Track &track, std::vector<Event> &events)
{
  if (!track.pes.filling ())
    return;
  const auto bytes = track.pes.take ();
  const auto pes = parse_pes (bytes);
  if (!pes) {
    ++broken_;
    track.lost_some = true;
  } else if (is_video (*track.stream.codec))
    emit_video (track, *pes, events);
  else
    emit_audio (track, *pes, events);
}

void
Demuxer::emit_setup (Track &track, const Bytes &setup, std::vector<Event> &events)
{
  if (setup.empty () || setup == track.setup)
    return;
  track.setup = setup;
  events.push_back (Setup{*track.stream.codec, setup});
}

void
Demuxer::emit_video (Track &track, const PesPacket &pes, std::vector<Event> &events)
{
  auto unit = track.video.convert (pes.payload);
  emit_setup (track, track.video.setup (), events);
  if (!pes.pts || unit.data.empty () || track.setup.empty ()) {
    ++broken_;
    track.lost_some = true;
    return;
  }
  const bool lost_some = std::exchange (track.lost_some, false);
  events.push_back (Unit{*track.stream.codec, *pes.pts, pes.dts.value_or (*pes.pts), unit.keyframe,
      lost_some, std::move (unit.data)});
}

void
Demuxer::emit_audio (Track &track, const PesPacket &pes, std::vector<Event> &events)
{
  const auto codec = *track.stream.codec;
  auto audio = codec == Codec::opus ? track.opus.feed (pes) : track.adts.feed (pes);
  broken_ += audio.broken;
  track.lost_some = track.lost_some || audio.broken > 0;
  emit_setup (track, codec == Codec::opus ? track.opus.setup () : track.adts.setup (), events);
  if (track.setup.empty ()) {
    broken_ += audio.frames.size ();
    return;
  }
  for (auto &frame : audio.frames) {
    const bool lost_some = std::exchange (track.lost_some, false);
    events.push_back (Unit{codec, frame.pts, frame.pts, true, lost_some, std::move (frame.data)});
  }
}

void
Demuxer::finish (std::vector<Event> &events)
{
  for (const auto &track : tracks_)
    if (track)
      finish_packet (*track, events);
}

} // namespace stagedoor::mpegts
