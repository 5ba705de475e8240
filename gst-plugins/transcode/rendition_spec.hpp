// SPDX-License-Identifier: LGPL-2.1-or-later
// What is wanted of a rendition, and what that comes to with a given source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stagedoor::transcode {

struct Rate
{
  int num = 0, den = 1; ///< frames per second; 0/1: unknown, or as it comes
  bool operator== (const Rate &) const = default;
};

/** Zero and empty: whatever the source has. */
struct Wants
{
  std::string codec; ///< "h264", "h265", "av1", "vp8" or "vp9"; of sound "opus" or "aac"
  int width = 0, height = 0;
  Rate rate;
  std::uint64_t bitrate = 0; ///< bits per second
  int channels = 0;
  int loss = 0;         ///< packets in a hundred that may get lost on the way
  int key_distance = 0; ///< most milliseconds from key frame to key frame
  bool operator== (const Wants &) const = default;
};

/** Reads "source", "720p", "720p30", "720p30@2500k", or fields "h=480,w=854,b=900k,fps=25,
 * codec=vp8,key=2000" in any order. nullopt when it is none of these; @p why says what is wrong
 * with it. */
std::optional<Wants> parse_rendition (std::string_view text, std::string &why);
/** Of sound: "source", "opus", "aac@128k", or fields "codec=opus,b=32k,ch=1,loss=10"; "audio=" may
 * come before. */
std::optional<Wants> parse_audio_rendition (std::string_view text, std::string &why);

/** What is encoded for a peer, by what it takes. */
struct Target
{
  std::string codec;          ///< empty: it takes nothing that can be made here
  unsigned profiles = ~0u;    ///< of H.264, that it takes
  int rate = 0, channels = 0; ///< of sound
  bool adts = false;          ///< of AAC: with headers of its own
  bool operator== (const Target &) const = default;
};

/** What comes in. */
struct SourcePicture
{
  std::string codec; ///< "h264", "h265", "av1", "vp8" or "vp9"
  int width = 0, height = 0;
  Rate rate;
};

/** What is cut of a rendition where the machine can't keep up, the mildest first. */
enum class Cut { none, faster, fastest, half_rate, left_out };

/** One output of an encoder; equal ones are encoded once. */
struct RenditionSpec
{
  std::string codec;
  int width = 0, height = 0; ///< even
  Rate rate;                 ///< 0/1: as the frames come
  std::uint64_t bitrate = 0; ///< bits per second
  unsigned profiles = 0;     ///< of H.264, that all who get it take; see Target
  Cut cut = Cut::none;
  bool operator== (const RenditionSpec &) const = default;
};

/** Never larger or faster than the source; keeps its shape unless both sides are wanted. */
RenditionSpec resolve (const Wants &wants, const SourcePicture &source);

/** Why the source isn't what is wanted, for people; empty: it is. */
std::string difference (const Wants &wants, const SourcePicture &source);

} // namespace stagedoor::transcode
