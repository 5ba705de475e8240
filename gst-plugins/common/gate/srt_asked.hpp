// SPDX-License-Identifier: LGPL-2.1-or-later
// Callers whom an SRT door would let in, until they come.
#pragma once

#include <map>

#include "gst-plugins/common/gate.hpp"
#include "gst-plugins/common/gate/srt_socket.hpp"

namespace stagedoor::gate {

/** After the door's answer libsrt compares passphrases. Whom it then sends away it closes without
 * telling us. Thread safe; no lock is held when libsrt is called. */
class SrtAsked
{
public:
  /** @p otherwise is what became of the caller if it never comes. On libsrt's thread, within its
   * question. */
  void add (SRTSOCKET socket, Refused otherwise);
  void came (SRTSOCKET socket);
  /** Those who were sent away since the last call. */
  std::vector<Refused> take_lost ();

private:
  std::mutex mutex_;                   // innermost
  std::map<SRTSOCKET, Refused> asked_; // protected by mutex_
};

} // namespace stagedoor::gate
