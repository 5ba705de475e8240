// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever arrives as a transport stream: units come after their setup, NAL units fill them, and
// the sum of them is bounded by what was sent.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "libs/mpegts/demuxer.hpp"
#include "libs/mpegts/messages.hpp"

using namespace stagedoor;

namespace {

void
check (bool held)
{
  if (!held)
    std::abort ();
}

void
check_unit (const mpegts::Unit &unit)
{
  check (unit.pts >> 33 == 0 && unit.dts >> 33 == 0 && !unit.data.empty ());
  if (unit.codec != mpegts::Codec::h264 && unit.codec != mpegts::Codec::h265)
    return;
  for (Reader reader (unit.data); reader.remaining () > 0;) {
    const auto nal = reader.take (reader.u32 ());
    check (reader.ok () && !nal.empty ());
  }
}

/** Packets in, packets out; each start may repeat a few of the tables. */
void
check_messages (ByteView stream)
{
  mpegts::MessageCutter cutter;
  std::vector<mpegts::Message> messages;
  cutter.feed (stream, messages);
  cutter.finish (messages);
  std::size_t sum = 0;
  for (const auto &message : messages) {
    check (message.size > 0 && message.size <= mpegts::message_size);
    check (message.size % mpegts::packet_size == 0);
    sum += message.size;
  }
  check (sum <= 8 * stream.size ());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  check_messages ({data, size});
  mpegts::Demuxer demuxer;
  std::vector<mpegts::Event> events;
  const auto half = size / 2;
  if (!demuxer.feed ({data, half}, events) || !demuxer.feed ({data + half, size - half}, events))
    return 0;
  demuxer.finish (events);
  std::array<bool, 4> ready{};
  std::size_t sum = 0;
  for (const auto &event : events)
    if (const auto *setup = std::get_if<mpegts::Setup> (&event))
      ready[static_cast<std::size_t> (setup->codec)] = true;
    else if (const auto *unit = std::get_if<mpegts::Unit> (&event)) {
      check (ready[static_cast<std::size_t> (unit->codec)]);
      check_unit (*unit);
      sum += unit->data.size ();
    }
  check (sum <= 2 * size);
  return 0;
}
