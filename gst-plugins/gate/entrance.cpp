// SPDX-License-Identifier: LGPL-2.1-or-later
// From properties to a gate that admits the element's publisher.
#include "gst-plugins/gate/entrance.hpp"

namespace stagedoor::gate {

tl::expected<Entrance, Failure>
open_entrance (GstElement *element, const Settings &settings)
{
  auto found = find_gate (element, settings);
  if (!found)
    return tl::unexpected (found.error ());
  Entrance out{found->name, found->gate, nullptr, nullptr};
  const bool alone = found->verifier != nullptr;
  if (alone)
    out.admitted = out.gate->admit (out.name, std::move (found->verifier));
  else if (!out.gate->admits (out.name))
    return wrong_settings (
        "nobody could publish: set key-file or keys, or public=true to let anybody in");
  // An application that has opened the gate hears of the others itself. Gate thread.
  out.refused = out.gate->on_refused ([element, alone, name = out.name] (const Refused &refused) {
    if (refused.role == keys::Role::publish
        && (refused.name == name || (alone && !refused.name.empty ())))
      post_refused (element, refused);
  });
  return out;
}

} // namespace stagedoor::gate
