// SPDX-License-Identifier: LGPL-2.1-or-later
// What a gate holds of each of its doors.
#pragma once

#include "gst-plugins/common/gate.hpp"

namespace stagedoor::gate {

class Core;

/** Lets publishers in at one address, by one protocol, until it is dropped: on the gate thread,
 * once the publishers have been told. */
class Door
{
public:
  virtual ~Door () = default;
  virtual std::uint16_t port () const = 0; ///< the port really bound; any thread
};

using OpenedDoor = tl::expected<std::shared_ptr<Door>, std::string>;

} // namespace stagedoor::gate
