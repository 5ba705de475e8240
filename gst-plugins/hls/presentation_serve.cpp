// SPDX-License-Identifier: LGPL-2.1-or-later
// What of a presentation can be had.
#include <algorithm>

#include "gst-plugins/hls/presentation.hpp"

namespace stagedoor::hlssink {
namespace {

/** Before the reports, which come last. */
void
split (hls::PlaylistText whole, Text &out)
{
  const auto at = std::min (whole.body.find ("#EXT-X-RENDITION-REPORT"), whole.body.size ());
  const auto first = std::ranges::lower_bound (whole.uri_ends, at);
  for (auto end = first; end != whole.uri_ends.end (); ++end)
    out.playlists.uri_ends.push_back (*end - at);
  out.playlists.body = whole.body.substr (at);
  whole.uri_ends.erase (first, whole.uri_ends.end ());
  whole.body.resize (at);
  out.media = std::move (whole);
}

std::size_t
index_of (hls::Form form, hls::Skip skip)
{
  constexpr std::size_t skips = 3;
  return static_cast<std::size_t> (form) * skips + static_cast<std::size_t> (skip);
}

bool
is_flowing (const Rendition *rendition)
{
  return rendition != nullptr && rendition->has_media () && !rendition->playlist ().ended ();
}

} // namespace

/** The first segment got longer than what was promised to those who came before it was finished.
 * From here on their playlist isn't there any more; when the segment is finished, there is another
 * one, at another address, with a promise that can be kept. Most players are kept waiting until
 * then anyway, and never see the first one. */
bool
Presentation::is_outgrown () const
{
  using std::chrono::round;
  return promise_ == promise_.zero () && std::ranges::any_of (entries_, [this] (const auto &e) {
    const auto *rendition = e.second.rendition.get ();
    return rendition != nullptr && !rendition->playlist ().ended ()
           && round<std::chrono::seconds> (rendition->playlist ().longest_segment ())
                  > shape_.segment;
  });
}

bool
Presentation::is_shown (const Entry &entry) const
{
  return is_flowing (entry.rendition.get ()) && !is_outgrown ();
}

/** One name, one target. */
std::string
Presentation::name_of (const Entries::value_type &entry) const
{
  const auto target = entry.second.rendition->playlist ().target ();
  return target > shape_.segment ? entry.first + "-" + std::to_string (target.count ())
                                 : entry.first;
}

/** Null: nothing is published by this name. */
const Presentation::Entries::value_type *
Presentation::named (const std::string &name) const
{
  for (const auto &entry : entries_)
    if (const auto *rendition = entry.second.rendition.get ();
        rendition != nullptr && rendition->has_media () && name_of (entry) == name)
      return rendition->playlist ().ended () || !is_outgrown () ? &entry : nullptr;
  return nullptr;
}

bool
Presentation::is_live () const
{
  std::lock_guard lock (mutex_);
  return std::ranges::any_of (entries_, [this] (const auto &e) { return is_shown (e.second); });
}

Readiness
Presentation::readiness () const
{
  constexpr gint64 picture_patience_us = 2'500'000, sound_patience_us = 500'000;
  std::lock_guard lock (mutex_);
  const auto age_us = live_since_us_ != 0 ? g_get_monotonic_time () - live_since_us_ : 0;
  bool live = false, soon = false, whole = !is_outgrown ();
  for (const auto &[pad, entry] : entries_) {
    const bool flows = is_flowing (entry.rendition.get ());
    const auto patience = entry.kind == Kind::video ? picture_patience_us : sound_patience_us;
    live = live || flows;
    whole = whole && (!flows || entry.rendition->has_finished ());
    soon = soon || (entry.expected && !flows && age_us < patience);
  }
  if (soon)
    return Readiness::soon;
  return !live ? Readiness::offline : whole ? Readiness::ready : Readiness::parts;
}

hls::PlaylistText
Presentation::render_multivariant () const
{
  std::vector<hls::VideoRendition> video;
  std::vector<hls::AudioRendition> audio;
  for (const auto &named : entries_) {
    const auto &entry = named.second;
    if (!is_shown (entry))
      continue;
    const auto uri = "hls/" + name_of (named) + ".m3u8";
    const auto &rendition = *entry.rendition;
    const auto &track = rendition.track ();
    if (!rendition.is_video ()) {
      audio.push_back ({.uri = uri,
          .codec = hls::codec_string (track),
          .channels = track.channels,
          .peak = rendition.peak (entry.declared_rate),
          .average = rendition.average ()});
      continue;
    }
    video.push_back ({.uri = uri,
        .codec = hls::codec_string (track),
        .picture = track.picture,
        .peak = rendition.peak (entry.declared_rate),
        .average = rendition.average ()});
  }
  const bool independent = !segmenter_ || segmenter_->blind_segments () == 0;
  return hls::render_multivariant (video, audio, independent);
}

hls::PlaylistText
Presentation::multivariant () const
{
  std::lock_guard lock (mutex_);
  return render_multivariant ();
}

Text
Presentation::render (const Entry &of, hls::Form form, hls::Skip skip) const
{
  std::vector<std::string> uris;
  std::vector<hls::Report> reports;
  uris.reserve (entries_.size ());
  for (const auto &named : entries_)
    if (const auto &entry = named.second; &entry != &of && is_shown (entry)) {
      uris.push_back (name_of (named) + ".m3u8");
      reports.push_back ({uris.back (), *entry.rendition->playlist ().edge ()});
    }
  Text out;
  split (of.rendition->playlist ().render (form, skip, reports), out);
  out.tag = of.rendition->prefix () + std::to_string (index_of (form, skip)) + "-"
            + std::to_string (of.rendition->version ());
  return out;
}

std::shared_ptr<const Text>
Presentation::playlist (const std::string &name, hls::Form form, hls::Skip skip)
{
  std::lock_guard lock (mutex_);
  const auto *found = named (name);
  if (found == nullptr)
    return nullptr;
  auto &entry = entries_.at (found->first);
  auto &cached = entry.texts[index_of (form, skip)];
  if (cached.text == nullptr || cached.version != entry.rendition->version ()) {
    cached.text = std::make_shared<const Text> (render (entry, form, skip));
    cached.version = entry.rendition->version ();
  }
  return cached.text;
}

std::optional<hls::Verdict>
Presentation::judge (const std::string &name, const hls::Directives &wanted) const
{
  std::lock_guard lock (mutex_);
  const auto *found = named (name);
  if (found == nullptr)
    return std::nullopt;
  return found->second.rendition->playlist ().judge (wanted);
}

std::chrono::seconds
Presentation::target () const
{
  std::lock_guard lock (mutex_);
  return std::max (promise_, shape_.segment);
}

Found
Presentation::find (std::string_view file) const
{
  std::lock_guard lock (mutex_);
  for (const auto &[pad, entry] : entries_) {
    if (entry.rendition == nullptr)
      continue;
    const auto &rendition = *entry.rendition;
    const auto name = hls::parse_media_name (rendition.prefix (), file);
    if (!name)
      continue;
    Found out{.pieces = rendition.find (*name), .video = rendition.is_video ()};
    const auto next = rendition.playlist ().next_part ();
    out.wait = out.pieces.empty () && !rendition.playlist ().ended ()
               && name->kind == hls::MediaName::Kind::part
               && hls::Edge{name->number, name->part} == next;
    return out;
  }
  return {};
}

Tree
Presentation::tree () const
{
  using Kind = hls::MediaName::Kind;
  Tree out;
  std::lock_guard lock (mutex_);
  for (const auto &entry : entries_) {
    if (entry.second.rendition == nullptr || !entry.second.rendition->has_finished ())
      continue;
    const auto &rendition = *entry.second.rendition;
    if (!rendition.is_settled () && !rendition.playlist ().ended ())
      continue; // it may get another name yet
    const auto name = [&rendition] (Kind kind, std::uint64_t number) {
      return hls::format_media_name (rendition.prefix (), {.kind = kind, .number = number});
    };
    for (const auto &[number, map] : rendition.maps ())
      out.media.push_back ({name (Kind::map, number), {map}});
    for (const auto &segment : rendition.segments ())
      if (segment.finished)
        out.media.push_back ({name (Kind::segment, segment.msn), segment.parts});
    out.playlists.push_back ({name_of (entry) + ".m3u8",
        rendition.playlist ().render (hls::Form::plain, hls::Skip::none, {}).body});
  }
  if (promise_ > promise_.zero ()
      && std::ranges::any_of (entries_, [this] (const auto &e) { return is_shown (e.second); }))
    out.multivariant = render_multivariant ().body;
  return out;
}

Produced
Presentation::produced () const
{
  std::lock_guard lock (mutex_);
  Produced out{.segments = finished_, .parts = parts_, .dropped_segments = dropped_};
  for (const auto &[pad, entry] : entries_)
    if (entry.rendition != nullptr) {
      out.bytes_held += entry.rendition->bytes ();
      out.target_s =
          std::max<std::int64_t> (out.target_s, entry.rendition->playlist ().target ().count ());
    }
  if (segmenter_) {
    out.uneven_parts = segmenter_->uneven_parts ();
    out.key_distance_ms =
        std::chrono::duration_cast<std::chrono::milliseconds> (segmenter_->key_distance ())
            .count ();
  }
  return out;
}

} // namespace stagedoor::hlssink
