// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may publish, and play by SRT: the state folder's keys, given to the gate and followed as they
// change.
#pragma once

#include <memory>

#include "gst-plugins/common/gate.hpp"
#include "launcher/state_folder.hpp"
#include "libs/keys/keyring.hpp"

namespace stagedoor {

/** Main thread only. */
class Admission
{
public:
  Admission (const StateFolder &state, std::shared_ptr<gate::Gate> gate)
      : state_ (state), gate_ (std::move (gate))
  {
  }
  ~Admission ();

  /** Admits by the keys as they are now; ends what runs on keys that hold no more. */
  Result<void> load ();

  /** Calls load() whenever the key file is replaced; a file that is wrong changes nothing, and is
   * logged. Without inotify only SIGHUP does that. */
  void watch ();
  void reload ();

private:
  void on_folder_changed ();

  const StateFolder &state_;
  const std::shared_ptr<gate::Gate> gate_;
  gate::Gate::Token admitted_;
  Fd inotify_;
  unsigned source_ = 0;
};

} // namespace stagedoor
