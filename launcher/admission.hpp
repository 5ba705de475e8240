// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may publish, and play by SRT: the state folder's keys, given to the gate and followed as they
// change.
#pragma once

#include <memory>

#include "gst-plugins/common/gate.hpp"
#include "gst-plugins/common/webhook.hpp"
#include "launcher/cli.hpp"
#include "launcher/state_folder.hpp"
#include "libs/keys/keyring.hpp"

namespace stagedoor {

/** What besides the keys decides. */
struct AdmissionRules
{
  gate::Takeover takeover;
  std::shared_ptr<webhook::Webhook> webhook; ///< may be null

  static Result<AdmissionRules> of (const ServeOptions &options);
};

/** Main thread only. */
class Admission
{
public:
  Admission (const StateFolder &state, std::shared_ptr<gate::Gate> gate, AdmissionRules rules)
      : state_ (state), gate_ (std::move (gate)), rules_ (std::move (rules))
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
  const AdmissionRules rules_;
  gate::Gate::Token admitted_;
  Fd inotify_;
  unsigned source_ = 0;
};

} // namespace stagedoor
