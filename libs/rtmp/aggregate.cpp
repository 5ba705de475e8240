// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/aggregate.hpp"

namespace stagedoor::rtmp {

namespace {

constexpr std::size_t back_pointer_size = 4;

} // namespace

OrFailure<std::vector<Message>>
split_aggregate (const Message &aggregate)
{
  std::vector<Message> parts;
  Reader reader (aggregate.body);
  std::uint32_t first_stamp = 0;
  while (reader.remaining () > 0) {
    if (parts.size () == aggregate_most_messages)
      return failure ("an aggregate message holds more than the bound of "
                      + std::to_string (aggregate_most_messages) + " messages");
    auto &part = parts.emplace_back ();
    part.type = reader.u8 ();
    const auto length = reader.u24 ();
    const std::uint32_t low = reader.u24 ();
    const auto stamp = low | static_cast<std::uint32_t> (reader.u8 ()) << 24; // as in FLV tags
    reader.skip (3);                                                          // stream id
    const auto body = reader.take (length);
    if (!reader.ok ())
      return failure ("an aggregate message ends in the middle of what it holds");
    if (parts.size () == 1)
      first_stamp = stamp;
    part.stream_id = aggregate.stream_id;
    part.timestamp = aggregate.timestamp + (stamp - first_stamp);
    part.body.assign (body.begin (), body.end ());
    if (reader.remaining () > 0)
      reader.skip (back_pointer_size);
    if (!reader.ok ())
      return failure ("an aggregate message ends in the middle of what it holds");
  }
  return parts;
}

} // namespace stagedoor::rtmp
