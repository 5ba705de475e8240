// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/srt_socket.hpp"

#include <array>
#include <cstring>

#include <netinet/in.h>
#include <openssl/crypto.h>

#include "gst-plugins/common/listen_address.hpp"

namespace stagedoor::gate {
void
start_srt ()
{
  struct Library
  {
    Library ()
    {
      // At exit, libsrt's threads, on which keys were verified, have to end before OpenSSL does.
      OPENSSL_init_crypto (OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
      srt_startup ();
      srt_setloglevel (LOG_CRIT); // what strangers send is no reason to write on stderr
    }
    ~Library () { srt_cleanup (); }
  };
  static const Library library;
}

Endpoint
endpoint_of (const sockaddr *address)
{
  sockaddr_storage storage{};
  std::memcpy (&storage, address,
      address->sa_family == AF_INET6 ? sizeof (sockaddr_in6) : sizeof (sockaddr_in));
  return from_sockaddr (storage);
}

std::string
streamid_of (SRTSOCKET socket)
{
  std::array<char, 512 + 1> text{};
  int size = text.size ();
  if (srt_getsockflag (socket, SRTO_STREAMID, text.data (), &size) != 0 || size < 0)
    return {};
  return std::string (text.data (), static_cast<std::size_t> (size));
}

} // namespace stagedoor::gate
