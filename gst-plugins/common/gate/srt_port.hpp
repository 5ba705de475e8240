// SPDX-License-Identifier: LGPL-2.1-or-later
// The UDP port of an SRT door, and libsrt's listener on it while somebody calls.
#pragma once

#include <ctime>

#include "gst-plugins/common/fd.hpp"
#include "gst-plugins/common/gate/srt_socket.hpp"

namespace stagedoor::gate {

/** What accepted sockets inherit, and who is asked about them. */
struct SrtListenOptions
{
  int latency_ms;
  int peer_idle_ms;
  int backlog;
  srt_listen_callback_fn *hook;
  void *context;
};

/** A listener of libsrt reads its port a hundred times a second, so there is one only from the
 * first packet until nothing has arrived for a while. The port is ours all the time. One thread. */
class SrtPort
{
public:
  SrtPort () = default;
  SrtPort (const SrtPort &) = delete;
  SrtPort &operator= (const SrtPort &) = delete;
  ~SrtPort () { rest (); }

  tl::expected<void, std::string> open (const Endpoint &at);
  std::uint16_t number () const;
  int fd () const { return socket_.get (); } ///< for poll() while resting; never to read from

  /** Libsrt gets what is there to read, and all that follows. */
  tl::expected<void, std::string> wake (const SrtListenOptions &options);
  /** Once this is over nobody is asked any more, and accepted sockets are mute. */
  void rest ();
  SRTSOCKET listener () const { return listener_.get (); } ///< SRT_INVALID_SOCK while resting

  /** Whether libsrt has read anything since this was called last. */
  bool heard ();

private:
  Fd socket_;
  Fd aside_; // bound to nothing, for a listener that is on its way out
  SrtSocket listener_;
  int lent_ = -1; // libsrt's descriptor of socket_, open as long as listener_ is
  timespec heard_{};
};

} // namespace stagedoor::gate
