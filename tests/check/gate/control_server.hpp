// SPDX-License-Identifier: LGPL-2.1-or-later
// A control server over blocking loopback sockets: it answers what the test has it answer, well or
// badly, and remembers what it was told.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace stagedoor::test {

struct Told
{
  std::string head, body;

  std::string header (std::string_view name) const; ///< empty when it is not there
  std::string member (std::string_view name) const; ///< text of a JSON member, wherever it stands
};

class ControlServer
{
public:
  /** The whole answer, with its head; empty: none, and the connection is closed. Called on a
   * thread per connection. */
  using Answers = std::function<std::string (const Told &)>;

  explicit ControlServer (Answers answers);
  ~ControlServer ();
  ControlServer (const ControlServer &) = delete;
  ControlServer &operator= (const ControlServer &) = delete;

  std::string url () const { return "http://127.0.0.1:" + std::to_string (port_) + "/hook"; }
  std::uint16_t port () const { return port_; }
  std::vector<Told> told () const;
  std::vector<Told> told (const std::string &event) const; ///< "opening" or "closing"
  std::size_t connections () const;

private:
  void accept_all ();
  void serve (int socket);
  void remember (Told told);

  const Answers answers_;
  const int listening_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::vector<Told> told_;
  std::vector<int> sockets_;
  std::list<std::thread> threads_;
  std::thread accepts_;
};

/** "HTTP/1.1 200 OK" and so on around @p body. */
std::string http (const std::string &body, const std::string &status = "200 OK",
    const std::string &type = "application/json");

} // namespace stagedoor::test
