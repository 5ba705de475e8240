// SPDX-License-Identifier: LGPL-2.1-or-later
// Publishers and viewers by SRT, on libsrt like everybody's.
#pragma once

#include <string>

#include "gst-plugins/common/gate.hpp"
#include "gst-plugins/common/gate/srt_socket.hpp"
#include "libs/base/bytes.hpp"

namespace stagedoor::test {

struct SrtCall
{
  std::string streamid;
  std::string passphrase = {};
  int key_bytes = 0;
  int latency_ms = 0; ///< 0: libsrt's default
};

class SrtCaller
{
public:
  /** Calls 127.0.0.1. */
  SrtCaller (std::uint16_t port, const SrtCall &call);

  /** 0 when it was let in; libsrt's reason otherwise. */
  int reject_reason () const { return reject_reason_; }
  /** In messages of seven packets, as encoders do; false when the peer has closed. */
  bool send (ByteView stream);
  /** One message; empty when none came in time, or the peer has closed. */
  Bytes receive (int patience_ms = 20'000);
  bool closed_by_peer (); ///< false when it didn't within 20 s
  void close () { socket_ = gate::SrtSocket (); }

private:
  gate::SrtSocket socket_;
  int reject_reason_ = 0;
};

/** Opens an SRT door with 20 ms of latency; returns its port. */
std::uint16_t open_srt_door (gate::Gate &gate, gate::SrtSettings settings = {});

/** A file of tests/data/mpegts. */
Bytes transport_stream (const char *name);

} // namespace stagedoor::test
