// SPDX-License-Identifier: LGPL-2.1-or-later
// Transport streams that ffmpeg has made (tests/data/mpegts), and packets made by hand.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "libs/mpegts/demuxer.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

inline std::string data_folder; // set by main()

using Events = std::vector<mpegts::Event>;
constexpr auto packet_size = mpegts::packet_size;

inline Bytes
load (const std::string &name)
{
  std::ifstream file (data_folder + "/" + name, std::ios::binary);
  Bytes out{std::istreambuf_iterator<char> (file), {}};
  ck_assert_msg (!out.empty (), "%s", name.c_str ());
  return out;
}

inline Events
demux (const Bytes &bytes)
{
  mpegts::Demuxer demuxer;
  Events out;
  ck_assert (demuxer.feed (bytes, out).has_value ());
  demuxer.finish (out);
  return out;
}

/** One value for all that events say. */
inline std::string
digest (const Events &events)
{
  std::string out;
  for (const auto &event : events)
    if (const auto *unit = std::get_if<mpegts::Unit> (&event)) {
      out += "U" + std::to_string (static_cast<int> (unit->codec)) + ":"
             + std::to_string (unit->pts) + ":" + std::to_string (unit->dts)
             + (unit->keyframe ? "K" : "") + (unit->discontinuity ? "D" : "") + ":";
      out.append (text (unit->data));
    } else if (const auto *setup = std::get_if<mpegts::Setup> (&event))
      out.append ("S").append (text (setup->config));
    else
      out += "I";
  return out;
}

inline std::vector<mpegts::Unit>
units (const Events &events, mpegts::Codec codec)
{
  std::vector<mpegts::Unit> out;
  for (const auto &event : events)
    if (const auto *unit = std::get_if<mpegts::Unit> (&event); unit && unit->codec == codec)
      out.push_back (*unit);
  return out;
}

inline std::vector<Bytes>
setups (const Events &events, mpegts::Codec codec)
{
  std::vector<Bytes> out;
  for (const auto &event : events)
    if (const auto *setup = std::get_if<mpegts::Setup> (&event); setup && setup->codec == codec)
      out.push_back (setup->config);
  return out;
}

inline unsigned
pid_of (const Bytes &stream, std::size_t packet)
{
  return (stream[packet * packet_size + 1] & 0x1fu) << 8 | stream[packet * packet_size + 2];
}

/** @p stream without the packets for which @p unwanted holds. */
template <class Unwanted>
Bytes
without (const Bytes &stream, Unwanted unwanted)
{
  Bytes out;
  for (std::size_t i = 0; i < stream.size () / packet_size; ++i)
    if (!unwanted (i)) {
      const auto begin = stream.begin () + static_cast<std::ptrdiff_t> (i * packet_size);
      out.insert (out.end (), begin, begin + packet_size);
    }
  return out;
}

} // namespace stagedoor::test
