// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/gate/control_server.hpp"

#include <algorithm>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stagedoor::test {

std::string
Told::header (std::string_view name) const
{
  for (std::size_t at = 0; (at = head.find ("\r\n", at)) != std::string::npos;) {
    at += 2;
    if (at + name.size () < head.size () && head[at + name.size ()] == ':'
        && strncasecmp (head.data () + at, name.data (), name.size ()) == 0) {
      const auto value = head.find_first_not_of (' ', at + name.size () + 1);
      return head.substr (value, head.find ("\r\n", value) - value);
    }
  }
  return {};
}

std::string
Told::member (std::string_view name) const
{
  const auto key = "\"" + std::string (name) + "\":";
  const auto at = body.find (key);
  if (at == std::string::npos)
    return {};
  const auto value = at + key.size ();
  if (body[value] == '"')
    return body.substr (value + 1, body.find ('"', value + 1) - value - 1);
  return body.substr (value, body.find_first_of (",}", value) - value);
}

ControlServer::ControlServer (Answers answers)
    : answers_ (std::move (answers)), listening_ (socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  if (bind (listening_, reinterpret_cast<sockaddr *> (&here), sizeof here) != 0
      || listen (listening_, 64) != 0
      || getsockname (listening_, reinterpret_cast<sockaddr *> (&here), &size) != 0)
    std::abort ();
  port_ = ntohs (here.sin_port);
  accepts_ = std::thread ([this] { accept_all (); });
}

ControlServer::~ControlServer ()
{
  shutdown (listening_, SHUT_RDWR);
  accepts_.join ();
  {
    const std::lock_guard lock (mutex_);
    for (const int socket : sockets_)
      shutdown (socket, SHUT_RDWR);
  }
  for (auto &thread : threads_)
    thread.join ();
  for (const int socket : sockets_)
    ::close (socket);
  ::close (listening_);
}

void
ControlServer::accept_all ()
{
  for (int socket; (socket = accept4 (listening_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    const std::lock_guard lock (mutex_);
    sockets_.push_back (socket);
    threads_.emplace_back ([this, socket] { serve (socket); });
  }
}

void
ControlServer::serve (int socket)
{
  std::string in;
  char room[8192];
  while (true) {
    const auto head = in.find ("\r\n\r\n");
    Told told{.head = in.substr (0, head), .body = {}};
    const auto size =
        static_cast<std::size_t> (std::atoi (told.header ("content-length").c_str ()));
    if (head == std::string::npos || in.size () < head + 4 + size) {
      const auto n = recv (socket, room, sizeof room, 0);
      if (n <= 0)
        break;
      in.append (room, static_cast<std::size_t> (n));
      continue;
    }
    told.body = in.substr (head + 4, size);
    in.erase (0, head + 4 + size);
    remember (told);
    const auto answer = answers_ (told);
    if (answer.empty () || send (socket, answer.data (), answer.size (), MSG_NOSIGNAL) <= 0)
      break;
  }
  shutdown (socket, SHUT_RDWR);
}

void
ControlServer::remember (Told told)
{
  const std::lock_guard lock (mutex_);
  told_.push_back (std::move (told));
}

std::vector<Told>
ControlServer::told () const
{
  const std::lock_guard lock (mutex_);
  return told_;
}

std::vector<Told>
ControlServer::told (const std::string &event) const
{
  auto out = told ();
  std::erase_if (out,
      [&] (const Told &t) { return t.member ("event") != event && t.member ("status") != event; });
  return out;
}

std::size_t
ControlServer::connections () const
{
  const std::lock_guard lock (mutex_);
  return sockets_.size ();
}

std::string
http (const std::string &body, const std::string &status, const std::string &type)
{
  return "HTTP/1.1 " + status + "\r\nContent-Type: " + type
         + "\r\nContent-Length: " + std::to_string (body.size ()) + "\r\n\r\n" + body;
}

} // namespace stagedoor::test
