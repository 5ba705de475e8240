// SPDX-License-Identifier: LGPL-2.1-or-later
// Strangers at an SRT port: handshakes that are begun and left, with and without the right cookie,
// and what is no SRT at all ("The SRT Protocol", draft-sharabayko-srt-01, section 3.2.1).
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/base/bytes.hpp"

namespace stagedoor::test {

/** At work in a thread of its own from construction to destruction, from ever new UDP ports. */
class SrtNoise
{
public:
  explicit SrtNoise (std::uint16_t port)
      : port_ (port), thread_ ([this] (const std::stop_token &stop) {
          for (std::uint32_t round = 0; !stop.stop_requested (); ++round)
            for (int fd : open_some ())
              work (fd, round++);
        })
  {
  }
  ~SrtNoise ()
  {
    thread_.request_stop ();
    thread_.join ();
  }
  SrtNoise (const SrtNoise &) = delete;
  SrtNoise &operator= (const SrtNoise &) = delete;

  /** How many inductions were answered. */
  int answers () const { return answers_; }

private:
  static constexpr std::uint32_t induction = 1, conclusion = 0xffffffff;

  std::array<int, 16> open_some () const
  {
    std::array<int, 16> out{};
    const sockaddr_in to{AF_INET, htons (port_), {htonl (INADDR_LOOPBACK)}, {}};
    for (int &fd : out) {
      fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (fd >= 0)
        connect (fd, reinterpret_cast<const sockaddr *> (&to), sizeof to);
    }
    return out;
  }

  static Bytes handshake (std::uint32_t type, std::uint32_t version, std::uint32_t cookie)
  {
    Bytes out;
    Writer writer (out);
    for (const std::uint32_t word : {0x80000000U, 0U, 0U, 0U, version,
             type == conclusion ? 1U : 2U, // extension: a streamid is to follow; or who we are
             12345U, 1500U, 8192U, type, 4711U, cookie, 0x0100007fU, 0U, 0U, 0U})
      writer.u32 (word);
    return out;
  }

  static std::uint32_t cookie_of (const std::array<std::uint8_t, 2048> &answer)
  {
    std::uint32_t out = 0;
    std::memcpy (&out, answer.data () + 16 + 28, sizeof out);
    return ntohl (out);
  }

  void work (int fd, std::uint32_t round)
  {
    if (fd < 0)
      return;
    say (fd, handshake (induction, 4, 0));
    std::array<std::uint8_t, 2048> answer{};
    pollfd waiting{fd, POLLIN, 0};
    const bool answered = poll (&waiting, 1, 50) == 1
                          && recv (fd, answer.data (), answer.size (), MSG_DONTWAIT) >= 64;
    answers_ += answered;
    const auto cookie = cookie_of (answer);
    if (round % 4 == 1)
      say (fd, handshake (conclusion, 5, cookie)); // says no streamid
    if (round % 4 == 2)
      say (fd, handshake (conclusion, 5, cookie + 1));
    if (round % 4 == 3)
      say (fd, Bytes (round % 1400, static_cast<std::uint8_t> (round)));
    ::close (fd); // nobody waits for what comes back
  }

  static void say (int fd, const Bytes &bytes)
  {
    [[maybe_unused]] const auto sent = send (fd, bytes.data (), bytes.size (), MSG_DONTWAIT);
  }

  const std::uint16_t port_;
  std::atomic<int> answers_ = 0;
  std::jthread thread_;
};

} // namespace stagedoor::test
