// SPDX-License-Identifier: LGPL-2.1-or-later
// The text of a media playlist.
#include "libs/hls/media_name.hpp"
#include "libs/hls/playlist.hpp"
#include "libs/hls/playlist_writer.hpp"

namespace stagedoor::hls {

namespace {

using std::chrono::microseconds;
using std::chrono::round;

} // namespace

class PlaylistWriter
{
public:
  PlaylistWriter (const Playlist &list, Form form, Skip skip)
      : list_ (list), low_latency_ (form == Form::low_latency),
        skipped_ (low_latency_ && skip != Skip::none ? list.skippable () : 0),
        skip_dates_ (skipped_ > 0 && skip == Skip::segments_and_dates)
  {
  }
  PlaylistText write (std::span<const Report> reports);

private:
  void head ();
  void server_control ();
  void skip_tag ();
  void titles ();
  void segments ();
  void segment_tags (const Playlist::Segment &segment, std::optional<std::uint64_t> map_before);
  void parts (const Playlist::Segment &segment, std::uint64_t msn);
  void tail (std::span<const Report> reports);
  void name (const MediaName &name);

  const Playlist &list_;
  const bool low_latency_;
  const std::size_t skipped_;
  const bool skip_dates_;
  TextWriter out_;
};

PlaylistText
Playlist::render (Form form, Skip skip, std::span<const Report> reports) const
{
  return PlaylistWriter (*this, form, skip).write (reports);
}

PlaylistText
PlaylistWriter::write (std::span<const Report> reports)
{
  const auto lines = list_.segments_.size () - skipped_ + (low_latency_ ? 40 : 0);
  out_.reserve (1024 + lines * (80 + list_.options_.prefix.size ()), lines + 8);
  head ();
  skip_tag ();
  segments ();
  titles ();
  tail (reports);
  return out_.take ();
}

void
PlaylistWriter::head ()
{
  // Section 8; what needs no more shall not say more. EXT-X-MAP needs 6.
  out_.add ("#EXTM3U\n#EXT-X-VERSION:").number (skip_dates_ ? 10 : skipped_ > 0 ? 9 : 6);
  out_.add ("\n#EXT-X-TARGETDURATION:");
  out_.number (static_cast<std::uint64_t> (list_.target_.count ())).add ("\n");
  if (low_latency_)
    server_control ();
  out_.add ("#EXT-X-MEDIA-SEQUENCE:").number (list_.first_msn ());
  out_.add ("\n#EXT-X-DISCONTINUITY-SEQUENCE:").number (list_.discontinuity_sequence_).add ("\n");
}

void
PlaylistWriter::server_control ()
{
  const auto part = round<microseconds> (list_.options_.part_target);
  out_.add ("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=").seconds (3 * part);
  out_.add (",HOLD-BACK=").seconds (3 * list_.target_);
  out_.add (",CAN-SKIP-UNTIL=").seconds (round<microseconds> (list_.skip_boundary ()));
  out_.add (",CAN-SKIP-DATERANGES=YES\n#EXT-X-PART-INF:PART-TARGET=").seconds (part).add ("\n");
}

void
PlaylistWriter::skip_tag ()
{
  if (skipped_ == 0)
    return;
  out_.add ("#EXT-X-SKIP:SKIPPED-SEGMENTS=").number (skipped_);
  if (skip_dates_) {
    out_.add (",RECENTLY-REMOVED-DATERANGES=\"");
    const char *separator = "";
    for (const auto &title : list_.removed_titles_) {
      out_.add (std::exchange (separator, "\t")).add ("title-").number (title.id);
    }
    out_.add ("\"");
  }
  out_.add ("\n");
}

void
PlaylistWriter::titles ()
{
  // They need a date to relate to (section 4.4.5.1).
  if (list_.segments_.empty () && !(low_latency_ && list_.open_))
    return;
  for (const auto &title : list_.titles_) {
    if (skip_dates_ && title.changed + list_.skip_boundary () < list_.elapsed_)
      continue;
    out_.add ("#EXT-X-DATERANGE:ID=\"title-").number (title.id);
    out_.add ("\",CLASS=\"stagedoor.title\",START-DATE=\"").time (title.start);
    out_.add ("\",END-ON-NEXT=YES");
    if (!title.text.empty ())
      out_.add (",X-TITLE=\"").add (title.text).add ("\"");
    out_.add ("\n");
  }
}

void
PlaylistWriter::segments ()
{
  // Parts are listed for the last three targets, whole segments of them: clients count them.
  auto to_end = list_.listed_ + (list_.open_ ? list_.open_->duration : Duration ());
  const auto parts_within = Duration (3 * list_.target_);
  std::optional<std::uint64_t> map;
  auto msn = list_.first_msn ();
  for (const auto &segment : list_.segments_) {
    to_end -= segment.duration;
    if (msn - list_.first_msn () >= skipped_) {
      segment_tags (segment, map);
      if (low_latency_ && to_end < parts_within)
        parts (segment, msn);
      if (segment.gap)
        out_.add ("#EXT-X-GAP\n");
      out_.add ("#EXTINF:").seconds (round<microseconds> (segment.duration)).add (",\n");
      name ({.kind = MediaName::Kind::segment, .number = msn});
      out_.add ("\n");
    }
    map = segment.map;
    ++msn;
  }
  if (low_latency_ && list_.open_) {
    segment_tags (*list_.open_, map);
    parts (*list_.open_, msn);
  }
}

void
PlaylistWriter::segment_tags (
    const Playlist::Segment &segment, std::optional<std::uint64_t> map_before)
{
  for (unsigned i = 0; i < segment.discontinuities; ++i)
    out_.add ("#EXT-X-DISCONTINUITY\n");
  if (segment.map != map_before) {
    out_.add ("#EXT-X-MAP:URI=\"");
    name ({.kind = MediaName::Kind::map, .number = segment.map});
    out_.add ("\"\n");
  }
  out_.add ("#EXT-X-PROGRAM-DATE-TIME:").time (segment.time).add ("\n");
}

void
PlaylistWriter::parts (const Playlist::Segment &segment, std::uint64_t msn)
{
  // Sums are rounded, not parts, so that the parts of a segment sum up to what it says.
  Duration sum{};
  std::uint32_t index = 0;
  for (const auto &part : segment.parts) {
    const auto before = round<microseconds> (sum);
    sum += part.duration;
    out_.add ("#EXT-X-PART:DURATION=").seconds (round<microseconds> (sum) - before);
    out_.add (",URI=\"");
    name ({.kind = MediaName::Kind::part, .number = msn, .part = index++});
    out_.add ("\"");
    if (part.independent)
      out_.add (",INDEPENDENT=YES");
    if (part.gap)
      out_.add (",GAP=YES");
    out_.add ("\n");
  }
}

void
PlaylistWriter::tail (std::span<const Report> reports)
{
  if (list_.ended_)
    out_.add ("#EXT-X-ENDLIST\n");
  if (!low_latency_)
    return;
  if (!list_.ended_) {
    if (!list_.open_ && !list_.segments_.empty () && list_.segments_.back ().map != list_.map_) {
      out_.add ("#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"");
      name ({.kind = MediaName::Kind::map, .number = list_.map_});
      out_.add ("\"\n");
    }
    const auto next = list_.next_part ();
    out_.add ("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"");
    name ({.kind = MediaName::Kind::part, .number = next.msn, .part = next.part});
    out_.add ("\"\n");
  }
  for (const auto &report : reports) {
    out_.add ("#EXT-X-RENDITION-REPORT:URI=\"").add (report.uri).uri_end ();
    out_.add ("\",LAST-MSN=").number (report.edge.msn);
    out_.add (",LAST-PART=").number (report.edge.part).add ("\n");
  }
}

void
PlaylistWriter::name (const MediaName &name)
{
  out_.add (format_media_name (list_.options_.prefix, name)).uri_end ();
}

} // namespace stagedoor::hls
