// SPDX-License-Identifier: LGPL-2.1-or-later
// A file descriptor with an owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace stagedoor {

class Fd
{
public:
  explicit Fd (int fd = -1) : fd_ (fd) {}
  ~Fd ()
  {
    if (fd_ >= 0)
      close (fd_);
  }
  Fd (Fd &&other) noexcept : fd_ (std::exchange (other.fd_, -1)) {}
  Fd &operator= (Fd &&other) noexcept
  {
    std::swap (fd_, other.fd_);
    return *this;
  }
  int get () const { return fd_; }

private:
  int fd_;
};

} // namespace stagedoor
