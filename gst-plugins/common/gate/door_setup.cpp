// SPDX-License-Identifier: LGPL-2.1-or-later
// From properties to a gate, and who decides there.
#include "gst-plugins/common/gate/door_setup.hpp"

#include "gst-plugins/common/gate/location.hpp"
#include "gst-plugins/common/key_settings.hpp"
#include "gst-plugins/common/shared_service.hpp"

namespace stagedoor::gate {
namespace {

tl::expected<SrtSettings, Failure>
srt_settings_of (const DoorSetup &setup)
{
  SrtSettings out{.latency = std::chrono::milliseconds (setup.srt_latency_ms)};
  const auto size = setup.srt_passphrase.size ();
  if (size == 0)
    return out;
  if (size < 10 || size > 79)
    return wrong_settings ("srt-passphrase has to have 10 to 79 bytes");
  out.passphrase = [passphrase = setup.srt_passphrase] (const std::string &) {
    return passphrase;
  };
  return out;
}

} // namespace

tl::unexpected<Failure>
wrong_settings (std::string text)
{
  return tl::unexpected (Failure{GST_RESOURCE_ERROR_SETTINGS, std::move (text)});
}

tl::expected<FoundGate, Failure>
find_gate (GstElement *element, const DoorSetup &setup, const Limits &limits, DoorSettings door)
{
  const auto location = parse_location (setup.location);
  if (!location)
    return wrong_settings (location.error ());
  auto verifier = verifier_of ({setup.key_file, setup.keys, setup.public_stream});
  if (!verifier)
    return wrong_settings (verifier.error ());
  auto srt = srt_settings_of (setup);
  if (!srt)
    return tl::unexpected (srt.error ());
  door.srt = std::move (*srt);
  const auto service = service_for (element, gate_context, location->address, [&] {
    return Gate::open (location->address, limits, door).map ([] (auto g) {
      return AnyService (g);
    });
  });
  if (!service)
    return tl::unexpected (Failure{GST_RESOURCE_ERROR_OPEN_READ, service.error ()});
  return FoundGate{
      location->name, std::static_pointer_cast<Gate> (*service), std::move (*verifier)};
}

void
post_refused (GstElement *element, const Refused &refused)
{
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element),
          gst_structure_new ("stagedoor-refused", "name", G_TYPE_STRING, refused.name.c_str (),
              "peer", G_TYPE_STRING, refused.peer.ip.to_string ().c_str (), "reason", G_TYPE_STRING,
              refused.reason.c_str (), "text", G_TYPE_STRING, refused.text.c_str (), nullptr)));
}

} // namespace stagedoor::gate
