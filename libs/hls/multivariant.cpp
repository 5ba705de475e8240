// SPDX-License-Identifier: LGPL-2.1-or-later
// Bit rates, and the text of a multivariant playlist.
#include "libs/hls/multivariant.hpp"

#include <algorithm>
#include <vector>

#include "libs/hls/playlist_writer.hpp"

namespace stagedoor::hls {

namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr std::size_t averaged = 30; // segments

std::uint64_t
rate_of (std::uint64_t bytes, nanoseconds duration)
{
  const std::chrono::duration<double> seconds (duration);
  return static_cast<std::uint64_t> (static_cast<double> (bytes) * 8 / seconds.count () + 0.5);
}

/** Renditions of sound in one codec. */
struct Group
{
  std::vector<const AudioRendition *> members;
  std::uint64_t peak = 0, average = 0; ///< the highest: a player takes one of them
};

std::vector<Group>
group_by_codec (std::span<const AudioRendition> audio)
{
  std::vector<Group> groups;
  for (const auto &one : audio) {
    auto group = std::find_if (groups.begin (), groups.end (),
        [&] (const Group &other) { return other.members[0]->codec == one.codec; });
    if (group == groups.end ())
      group = groups.insert (groups.end (), Group ());
    group->members.push_back (&one);
    group->peak = std::max (group->peak, one.peak);
    group->average = std::max (group->average, one.average);
  }
  return groups;
}

void
add_group (TextWriter &out, const Group &group, std::size_t number)
{
  std::size_t count = 0;
  for (const auto *member : group.members) {
    out.add ("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-").number (number);
    out.add ("\",NAME=\"Audio ").number (++count);
    out.add (count == 1 ? "\",DEFAULT=YES,AUTOSELECT=YES" : "\",AUTOSELECT=YES");
    if (member->channels > 0)
      out.add (",CHANNELS=\"").number (member->channels).add ("\"");
    out.add (",URI=\"").add (member->uri).uri_end ().add ("\"\n");
  }
}

void
add_rates (TextWriter &out, std::uint64_t peak, std::uint64_t average)
{
  out.add ("#EXT-X-STREAM-INF:BANDWIDTH=").number (std::max<std::uint64_t> (peak, 1));
  if (average > 0)
    out.add (",AVERAGE-BANDWIDTH=").number (average);
}

/** As it is shown: with square pixels, as wide as it gets. */
void
add_resolution (TextWriter &out, const codecs::Picture &picture)
{
  if (picture.width <= 0 || picture.height <= 0)
    return;
  const auto [num, den] = picture.pixel_aspect.value_or (codecs::Ratio{1, 1});
  auto width = static_cast<std::uint64_t> (picture.width);
  if (num > 0 && den > 0)
    width = (width * static_cast<std::uint64_t> (num) + static_cast<std::uint64_t> (den) / 2)
            / static_cast<std::uint64_t> (den);
  if (width == 0 || width > codecs::max_side) // no aspect that anybody means
    width = static_cast<std::uint64_t> (picture.width);
  out.add (",RESOLUTION=").number (width).add ("x");
  out.number (static_cast<std::uint64_t> (picture.height));
}

/** Which of them a screen has to be able to show (section 4.4.6.2); what says nothing is SDR. */
void
add_range (TextWriter &out, const codecs::Picture &picture)
{
  constexpr unsigned pq = 16, hlg = 18; // ITU-T H.273 table 3
  const auto transfer = picture.colors ? picture.colors->transfer : codecs::unspecified_color;
  if (transfer == pq || transfer == hlg)
    out.add (",VIDEO-RANGE=").add (transfer == pq ? "PQ" : "HLG");
}

void
add_frame_rate (TextWriter &out, const codecs::Picture &picture)
{
  if (!picture.frame_rate || picture.frame_rate->num <= 0 || picture.frame_rate->den <= 0)
    return;
  const auto den = static_cast<std::uint64_t> (picture.frame_rate->den);
  const auto thousandths = static_cast<std::uint64_t> (picture.frame_rate->num) * 1000;
  out.add (",FRAME-RATE=").fixed ((thousandths + den / 2) / den, 3);
}

void
add_video (TextWriter &out, const VideoRendition &video, const Group *group, std::size_t number)
{
  const bool both = video.average > 0 && (!group || group->average > 0);
  add_rates (out, video.peak + (group ? group->peak : 0),
      both ? video.average + (group ? group->average : 0) : 0);
  out.add (",CODECS=\"").add (video.codec);
  if (group)
    out.add (",").add (group->members[0]->codec);
  out.add ("\"");
  add_resolution (out, video.picture);
  add_frame_rate (out, video.picture);
  add_range (out, video.picture);
  if (group)
    out.add (",AUDIO=\"audio-").number (number).add ("\"");
  out.add (",CLOSED-CAPTIONS=NONE\n").add (video.uri).uri_end ().add ("\n");
}

} // namespace

void
BitRate::add (std::uint64_t bytes, nanoseconds duration, std::chrono::seconds target)
{
  if (duration <= 0ns)
    return;
  last_.push_back ({.bytes = bytes, .duration = duration});
  if (last_.size () > averaged)
    last_.pop_front ();
  Segment run{.bytes = 0, .duration = 0ns};
  for (auto one = last_.rbegin (); one != last_.rend (); ++one) {
    run.bytes += one->bytes;
    run.duration += one->duration;
    if (run.duration > target + target / 2 + 500ms)
      break;
    if (run.duration >= nanoseconds (target) / 2)
      peak_ = std::max (peak_, rate_of (run.bytes, run.duration));
  }
  if (peak_ == 0)
    peak_ = rate_of (bytes, duration);
}

std::uint64_t
BitRate::average () const
{
  Segment sum{.bytes = 0, .duration = 0ns};
  for (const auto &one : last_) {
    sum.bytes += one.bytes;
    sum.duration += one.duration;
  }
  return sum.duration > 0ns ? rate_of (sum.bytes, sum.duration) : 0;
}

PlaylistText
render_multivariant (
    std::span<const VideoRendition> video, std::span<const AudioRendition> audio, bool independent)
{
  const auto groups = group_by_codec (audio);
  TextWriter out;
  // Section 8: groups are of version 4, the rest of version 1.
  out.add ("#EXTM3U\n#EXT-X-VERSION:")
      .number (video.empty () || groups.empty () ? 1 : 4)
      .add ("\n");
  if (independent)
    out.add ("#EXT-X-INDEPENDENT-SEGMENTS\n");
  if (video.empty ())
    for (const auto &one : audio) {
      add_rates (out, one.peak, one.average);
      out.add (",CODECS=\"").add (one.codec).add ("\"\n").add (one.uri).uri_end ().add ("\n");
    }
  else
    for (std::size_t i = 0; i < groups.size (); ++i)
      add_group (out, groups[i], i);
  for (const auto &one : video) {
    if (groups.empty ())
      add_video (out, one, nullptr, 0);
    for (std::size_t i = 0; i < groups.size (); ++i)
      add_video (out, one, &groups[i], i);
  }
  return out.take ();
}

} // namespace stagedoor::hls
