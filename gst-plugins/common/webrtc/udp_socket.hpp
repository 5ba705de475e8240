// SPDX-License-Identifier: LGPL-2.1-or-later
// The dual-stack UDP socket of a WebRTC port and the reading of it in batches.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "gst-plugins/common/fd.hpp"
#include "gst-plugins/common/webrtc/path.hpp"

namespace stagedoor::webrtc {

/** An all-zero ip binds to all addresses of both families. */
tl::expected<Fd, std::string> open_udp_socket (const Endpoint &at);
std::uint16_t bound_port (const Fd &socket);

struct Datagram
{
  std::span<std::uint8_t> bytes;
  Path path;
};

/** One thread. */
class Receiver
{
public:
  explicit Receiver (int socket);
  ~Receiver ();

  /** What has arrived, at most a batch; valid until the next call. Never blocks. */
  std::span<const Datagram> receive ();

private:
  struct Buffers;

  const int socket_;
  const std::unique_ptr<Buffers> buffers_;
  std::vector<Datagram> received_;
};

} // namespace stagedoor::webrtc
