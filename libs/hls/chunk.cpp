// SPDX-License-Identifier: LGPL-2.1-or-later
// Chunks: ISO/IEC 14496-12 section 8.8, ISO/IEC 23000-19 sections 7.3.2 and 7.5.
#include <algorithm>
#include <limits>

#include "libs/hls/boxes.hpp"
#include "libs/hls/cmaf.hpp"

namespace stagedoor::hls {
namespace {

using Samples = std::span<const Sample>;

constexpr std::size_t box_head = 8;

/** Section 8.8.3.1: what a sample depends on, and whether decoding can't begin there. */
constexpr std::uint32_t
flags_of (bool key)
{
  constexpr std::uint32_t depends = 1 << 24, depends_on_none = 2 << 24, is_no_sync_sample = 1 << 16;
  return key ? depends_on_none : depends | is_no_sync_sample;
}

/** The binding of AV1 wants no temporal delimiters (section 2.4); there is one at most, in front.
 */
ByteView
stored (Codec codec, ByteView data)
{
  constexpr std::uint8_t delimiter = 0x12; // with a size, which is 0
  const bool has_one =
      codec == Codec::av1 && data.size () >= 2 && data[0] == delimiter && data[1] == 0;
  return has_one ? data.subspan (2) : data;
}

/** What the samples have in common is said once. */
struct Layout
{
  bool own_durations = false, own_flags = false, own_compositions = false;
  bool first_is_other = false; ///< the first one is key, the others aren't
  std::uint32_t common_flags = 0;

  explicit Layout (Samples samples)
  {
    const auto key = [] (const Sample &sample) {
      return sample.key;
    };
    const auto rest = samples.subspan (1);
    const bool all_alike = std::ranges::all_of (
        rest, [&samples] (const Sample &sample) { return sample.key == samples[0].key; });
    first_is_other = !all_alike && samples[0].key && std::ranges::none_of (rest, key);
    own_flags = !all_alike && !first_is_other;
    common_flags = flags_of (all_alike && samples[0].key);
    own_durations = std::ranges::any_of (
        rest, [&samples] (const Sample &sample) { return sample.duration != samples[0].duration; });
    own_compositions = std::ranges::any_of (
        samples, [] (const Sample &sample) { return sample.composition != 0; });
  }
};

void
write_styp_and_prft (const ChunkHead &head, Bytes &out)
{
  if (head.begins_segment)
    write_brands (out, "styp", "msdh", {"msdh", "iso6", "cmfc", "cmfs"});
  if (!head.clock)
    return;
  constexpr std::uint32_t when_captured = 24; // in the sense of section 8.16.5.2
  const Box prft (out, "prft", 1, when_captured);
  Writer writer (out);
  writer.u32 (track_id);
  writer.u64 (head.clock->ntp);
  writer.u64 (head.clock->media_time);
}

void
write_tfhd (const Layout &layout, Samples samples, Bytes &out)
{
  constexpr std::uint32_t default_base_is_moof = 0x020000, has_duration = 8, has_flags = 0x20;
  const auto flags = default_base_is_moof | (layout.own_durations ? 0 : has_duration)
                     | (layout.own_flags ? 0 : has_flags);
  const Box tfhd (out, "tfhd", 0, flags);
  Writer writer (out);
  writer.u32 (track_id);
  if (!layout.own_durations)
    writer.u32 (samples[0].duration);
  if (!layout.own_flags)
    writer.u32 (layout.common_flags);
}

/** Returns where the offset of the data belongs. Version 1: compositions are signed. */
std::size_t
write_trun (Codec codec, const Layout &layout, Samples samples, Bytes &out)
{
  constexpr std::uint32_t has_offset = 1, has_first_flags = 4, has_durations = 0x100,
                          has_sizes = 0x200, has_flags = 0x400, has_compositions = 0x800;
  const auto flags = has_offset | has_sizes | (layout.first_is_other ? has_first_flags : 0)
                     | (layout.own_durations ? has_durations : 0)
                     | (layout.own_flags ? has_flags : 0)
                     | (layout.own_compositions ? has_compositions : 0);
  const Box trun (out, "trun", 1, flags);
  Writer writer (out);
  writer.u32 (static_cast<std::uint32_t> (samples.size ()));
  const auto offset = out.size ();
  writer.u32 (0);
  if (layout.first_is_other)
    writer.u32 (flags_of (true));
  for (const auto &sample : samples) {
    if (layout.own_durations)
      writer.u32 (sample.duration);
    writer.u32 (static_cast<std::uint32_t> (stored (codec, sample.data).size ()));
    if (layout.own_flags)
      writer.u32 (flags_of (sample.key));
    if (layout.own_compositions)
      writer.u32 (static_cast<std::uint32_t> (sample.composition));
  }
  return offset;
}

/** The time always has 64 bits: at 90 kHz 32 last for 13 hours, and a box whose size changes then
 * is one more case to test. */
std::size_t
write_moof (Codec codec, const ChunkHead &head, Samples samples, Bytes &out)
{
  const Box moof (out, "moof");
  Writer writer (out);
  {
    const Box mfhd (out, "mfhd", 0, 0);
    writer.u32 (head.sequence);
  }
  const Box traf (out, "traf");
  const Layout layout (samples);
  write_tfhd (layout, samples, out);
  {
    const Box tfdt (out, "tfdt", 1, 0);
    writer.u64 (head.decode_time);
  }
  return write_trun (codec, layout, samples, out);
}

/** Bytes of media, or why the samples can't be written. */
tl::expected<std::uint64_t, std::string>
check (Codec codec, const ChunkHead &head, Samples samples)
{
  constexpr auto most = std::numeric_limits<std::uint32_t>::max () - box_head;
  constexpr std::uint64_t last_time = std::numeric_limits<std::int64_t>::max ();
  const auto fail = [] (const char *text) {
    return tl::unexpected (std::string (text));
  };
  if (samples.empty () || samples.size () > max_samples)
    return fail ("a chunk has 1 to 65536 samples");
  std::uint64_t size = 0, time = head.decode_time;
  for (const auto &sample : samples) {
    const auto data = stored (codec, sample.data);
    const auto composition = static_cast<std::int64_t> (sample.composition);
    if (data.empty ())
      return fail ("a sample is empty");
    if (data.size () > most || (size += data.size ()) > most)
      return fail ("a chunk is smaller than 4 GiB");
    if (time > last_time - std::numeric_limits<std::uint32_t>::max ())
      return fail ("the time has more than 63 bits");
    if (static_cast<std::int64_t> (time) + composition < 0)
      return fail ("a sample is shown before time 0");
    time += sample.duration;
  }
  return size;
}

} // namespace

tl::expected<Bytes, std::string>
chunk (const Track &track, const ChunkHead &head, std::span<const Sample> samples)
{
  constexpr std::size_t all_heads = 256, most_per_sample = 16;
  const auto size = check (track.codec, head, samples);
  if (!size)
    return tl::unexpected (size.error ());
  Bytes out;
  out.reserve (all_heads + samples.size () * most_per_sample + *size);
  write_styp_and_prft (head, out);
  const auto moof = out.size ();
  const auto offset = write_moof (track.codec, head, samples, out);
  put_u32 (out.data () + offset, static_cast<std::uint32_t> (out.size () - moof + box_head));
  Writer writer (out);
  writer.u32 (static_cast<std::uint32_t> (*size + box_head));
  writer.bytes ("mdat");
  for (const auto &sample : samples)
    writer.bytes (stored (track.codec, sample.data));
  return out;
}

} // namespace stagedoor::hls
