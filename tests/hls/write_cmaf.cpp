// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes a track that comes in on standard input as files: write-cmaf FOLDER CODEC TIMESCALE TICKS,
// where TICKS is the shortest duration of a chunk. The first record is what tells the setup, a size
// and so many bytes; CODEC with a "+" has it in a frame. Then each sample: decode time (64 bit),
// duration, composition, key, and the same with data. Says the codec's name.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "libs/hls/cmaf.hpp"

using namespace stagedoor;
using namespace stagedoor::hls;

namespace {

[[noreturn]] void
die (const std::string &text)
{
  std::fprintf (stderr, "%s\n", text.c_str ());
  std::exit (1);
}

Codec
codec_of (std::string_view name)
{
  constexpr std::string_view names[]{"h264", "h265", "av1", "vp9", "vp8", "aac", "opus", "mp3"};
  for (std::size_t i = 0; i < std::size (names); ++i)
    if (names[i] == name)
      return static_cast<Codec> (i);
  die ("no such codec");
}

Bytes
read_all ()
{
  Bytes out;
  std::uint8_t buffer[65536];
  while (const auto count = std::fread (buffer, 1, sizeof buffer, stdin))
    out.insert (out.end (), buffer, buffer + count);
  return out;
}

void
write_file (const std::string &path, const tl::expected<Bytes, std::string> &bytes)
{
  if (!bytes)
    die (path + ": " + bytes.error ());
  std::FILE *file = std::fopen (path.c_str (), "wb");
  if (file == nullptr || std::fwrite (bytes->data (), 1, bytes->size (), file) != bytes->size ()
      || std::fclose (file) != 0)
    die (path + ": can't be written");
}

struct Output
{
  std::string folder;
  Track track;
  std::uint32_t least = 0; ///< ticks of a chunk
  std::uint32_t sequence = 0;
  std::uint64_t begin = 0, end = 0;
  std::vector<Sample> samples;

  void flush ()
  {
    if (samples.empty ())
      return;
    constexpr std::uint64_t ntp_2025 = 3'944'678'400ull << 32;
    ChunkHead head{.sequence = ++sequence, .decode_time = begin, .begins_segment = samples[0].key};
    if (head.begins_segment)
      head.clock = WallClock{ntp_2025, begin};
    char name[32];
    std::snprintf (name, sizeof name, "/%05u.m4s", sequence);
    write_file (folder + name, chunk (track, head, samples));
    samples.clear ();
  }
  void add (std::uint64_t time, const Sample &sample)
  {
    if (time - begin >= least || (is_video (track.codec) && sample.key))
      flush ();
    if (samples.empty ())
      begin = time;
    else if (time != end)
      die ("samples don't follow each other");
    samples.push_back (sample);
    end = time + sample.duration;
  }
};

} // namespace

int
main (int argc, char **argv)
{
  if (argc != 5)
    die ("write-cmaf FOLDER CODEC TIMESCALE TICKS");
  std::string codec = argv[2];
  const bool in_frame = codec.ends_with ('+');
  if (in_frame)
    codec.pop_back ();
  const auto input = read_all ();
  Reader reader (input);
  const auto setup = reader.take (reader.u32 ());
  const auto track =
      in_frame ? read_key_frame (codec_of (codec), setup) : read_setup (codec_of (codec), setup);
  if (!track)
    die (track.error ());
  Output output{.folder = argv[1],
      .track = *track,
      .least = static_cast<std::uint32_t> (std::strtoul (argv[4], nullptr, 10))};
  output.track.timescale = static_cast<std::uint32_t> (std::strtoul (argv[3], nullptr, 10));
  write_file (output.folder + "/init.mp4", init_segment (output.track));
  while (reader.remaining () > 0) {
    const auto time = reader.u64 ();
    Sample sample{.duration = reader.u32 ()};
    sample.composition = static_cast<std::int32_t> (reader.u32 ());
    sample.key = reader.u8 () != 0;
    sample.data = reader.take (reader.u32 ());
    if (!reader.ok ())
      die ("the input is cut off");
    output.add (time, sample);
  }
  output.flush ();
  std::puts (codec_string (output.track).c_str ());
}
