// SPDX-License-Identifier: LGPL-2.1-or-later
// A network path to a gate's SRT port that is as slow as told.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "gst-plugins/common/fd.hpp"

namespace stagedoor::test {

/** Forwards one caller's datagrams. What comes back from the gate waits in a queue, as it does in a
 * router before a slow line; when that is full it is lost. */
class Bottleneck
{
public:
  explicit Bottleneck (std::uint16_t gate_port);
  ~Bottleneck ();
  Bottleneck (const Bottleneck &) = delete;
  Bottleneck &operator= (const Bottleneck &) = delete;

  std::uint16_t port () const { return port_; }
  void set_rate (unsigned datagrams_per_s) { rate_ = datagrams_per_s; }

private:
  void run ();

  Fd front_, back_;
  std::uint16_t port_ = 0;
  std::atomic<unsigned> rate_ = 1'000'000;
  std::atomic<bool> quit_ = false;
  std::thread thread_;
};

} // namespace stagedoor::test
