// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of OpenSSL's objects.
#pragma once

#include <memory>

namespace stagedoor {

template <auto Free>
struct FreeWith
{
  template <class T>
  void operator() (T *p) const
  {
    Free (p);
  }
};
template <class T, auto Free>
using OpenSslPtr = std::unique_ptr<T, FreeWith<Free>>;

} // namespace stagedoor
