// SPDX-License-Identifier: LGPL-2.1-or-later
// All streams that are not at rest.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "launcher/stream.hpp"

namespace stagedoor {

/** Main thread only. */
class Streams
{
public:
  /** More publishers at once are told that the server is full. */
  static constexpr std::size_t most = 256;

  Streams (const StreamSettings &settings, StatusBoard &board)
      : settings_ (settings), board_ (board)
  {
  }

  void published (const std::shared_ptr<gate::Publication> &publication);

  /** Stops them all; calls @p done, once, when all are at rest. Nothing starts any more. */
  void shut_down (std::function<void ()> done);

private:
  void forget (const std::string &name);

  const StreamSettings &settings_;
  StatusBoard &board_;
  std::map<std::string, std::shared_ptr<Stream>> streams_;
  std::function<void ()> done_; // set when shutting down
  bool shutting_down_ = false;
};

} // namespace stagedoor
