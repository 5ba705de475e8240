// SPDX-License-Identifier: LGPL-2.1-or-later
// An offer is taken as a whole or rejected (WHEP section 4.5): a viewer that wants picture and
// sound doesn't end up with half of what the stream has. Lines that the stream has nothing for stay
// inactive.
#include "libs/webrtc/negotiation.hpp"

#include <algorithm>

#include "libs/webrtc/codec_match.hpp"
#include "libs/webrtc/offer_check.hpp"
#include "libs/webrtc/sdp_text.hpp"

namespace stagedoor::webrtc {

namespace {

/** The codec of the line that suits the source best, the viewer's favourite among equals. */
const OfferedCodec *
choose_codec (const OfferedMedia &line, const Source &source)
{
  const OfferedCodec *best = nullptr;
  std::optional<int> least;
  for (const auto &codec : line.codecs) {
    const auto bad = misfit (codec, source);
    if (bad && (!least || *bad < *least)) {
      best = &codec;
      least = bad;
    }
  }
  return best;
}

/** All that the stream has of one kind. */
std::string
stream_has (const std::vector<Source> &sources, bool video)
{
  std::string out;
  for (const auto &source : sources)
    if (source.video == video)
      out.append (out.empty () ? "" : " and ").append (describe (source));
  return out;
}

Rejection
no_common_codec (const Lines &lines, std::size_t index, const std::vector<Source> &sources)
{
  const auto &line = lines[index];
  auto text = "the stream's " + line.kind + " is " + stream_has (sources, line.kind == "video")
              + "; " + line_name (lines, index) + " offers " + encodings_of (line);
  const auto same_codec = [&] (const OfferedCodec &codec) {
    return std::ranges::any_of (sources, [&] (const Source &source) {
      return equal_ignoring_case (encoding_name (source.codec), codec.encoding);
    });
  };
  if (std::ranges::any_of (line.codecs, same_codec))
    text += line.kind == "video" ? ", but not in a profile, level and packetization-mode that fit"
                                 : ", but not as opus/48000/2";
  return {406, std::move (text)};
}

Rejection
nothing_wanted (const Lines &lines, const std::vector<Source> &sources)
{
  const bool wants_video = std::ranges::any_of (
      lines, [] (const auto &line) { return is_carried (line) && line.kind == "video"; });
  const auto has = stream_has (sources, !wants_video);
  return {406, std::string ("the offer asks for ") + (wants_video ? "video" : "audio")
                   + " only, and the stream has "
                   + (has.empty () ? "no media yet"
                                   : (wants_video ? "only audio: " : "only video: ") + has)};
}

/** SSRCs out of a seed (splitmix64): never 0, never one twice. */
std::uint32_t
next_ssrc (std::uint64_t &seed, const std::vector<Agreed> &taken)
{
  for (;;) {
    auto z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    const auto ssrc = static_cast<std::uint32_t> (z ^ z >> 31);
    if (ssrc != 0 && std::ranges::find (taken, ssrc, &Agreed::ssrc) == taken.end ())
      return ssrc;
  }
}

/** Adds the line's track, if the stream has that kind. */
std::optional<Rejection>
agree_on_line (const Lines &lines, std::size_t index, const std::vector<Source> &sources,
    std::uint64_t &seed, std::vector<Agreed> &tracks)
{
  const auto &line = lines[index];
  bool has_kind = false;
  for (std::size_t i = 0; i < sources.size (); ++i) {
    if (sources[i].video != (line.kind == "video"))
      continue;
    has_kind = true;
    if (const auto codec = choose_codec (line, sources[i])) {
      tracks.push_back ({i, index, static_cast<std::uint8_t> (codec->payload_type),
          next_ssrc (seed, tracks), codec->nack, codec->pli});
      return std::nullopt;
    }
  }
  if (has_kind)
    return no_common_codec (lines, index, sources);
  return std::nullopt;
}

} // namespace

tl::expected<Agreement, Rejection>
negotiate (const Offer &offer, const std::vector<Source> &sources, std::uint64_t ssrc_seed)
{
  const auto &lines = offer.media;
  const auto transport = check_offer (offer, Offerer::viewer);
  if (!transport)
    return tl::make_unexpected (transport.error ());

  Agreement agreement{{}, *transport, lines[*transport].fingerprint, lines[*transport].ice};
  for (std::size_t i = 0; i < lines.size (); ++i)
    if (is_carried (lines[i]))
      if (auto rejection = agree_on_line (lines, i, sources, ssrc_seed, agreement.tracks))
        return tl::make_unexpected (*std::move (rejection));
  if (agreement.tracks.empty ())
    return tl::make_unexpected (nothing_wanted (lines, sources));
  return agreement;
}

} // namespace stagedoor::webrtc
