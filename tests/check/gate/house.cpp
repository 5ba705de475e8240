// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/gate/house.hpp"

namespace stagedoor::test {

House::House (const std::string &properties, std::vector<std::string> pads)
    : pipeline (properties, std::move (pads), gate->address ()), trace (pipeline)
{
  pipeline.play ();
}

bool
House::gets (const char *pad, std::size_t count)
{
  return eventually ([&] { return trace.count (pad) >= count; });
}

int
House::last_rate () const
{
  int rate = 0;
  for (const auto &step : trace.of ("audio"))
    if (step.kind == "caps")
      gst_structure_get_int (gst_caps_get_structure (step.caps.get (), 0), "rate", &rate);
  return rate;
}

std::string
why_of (const Ref<GstMessage> &message)
{
  ck_assert (message);
  const char *text = gst_structure_get_string (gst_message_get_structure (message.get ()), "why");
  ck_assert_ptr_nonnull (text);
  return text;
}

void
show (Publisher &publisher, std::uint32_t from)
{
  publisher.send_h264_setup ();
  publisher.send_aac_setup ();
  for (std::uint32_t i = 0; i < 5; ++i) {
    publisher.send_video (from + i * 100, i == 0);
    publisher.send_audio (from + i * 100 + 10);
  }
}

std::unique_ptr<Publisher>
appear (House &house)
{
  const auto video = house.trace.count ("video"), audio = house.trace.count ("audio");
  auto publisher = std::make_unique<Publisher> (house.gate.port ());
  ck_assert (publisher->publish (house.stream));
  show (*publisher);
  ck_assert (house.gets ("video", video + 5) && house.gets ("audio", audio + 5));
  return publisher;
}

bool
is_on_air (House &house, Publisher &publisher)
{
  publisher.send_tag (8, 0, {0xaf, 0, 0x11, 0x90}); // 48 kHz
  publisher.send_audio (520);
  return eventually ([&] {
    return house.last_rate () == 48000 && house.trace.of ("audio").back ().kind == "buffer";
  });
}

} // namespace stagedoor::test
