// SPDX-License-Identifier: LGPL-2.1-or-later
// Counts allocations: strangers must not make us allocate, nor does a packet cost one. For one file
// of a test.
#pragma once

#include <cstdlib>
#include <new>

namespace stagedoor::test {

inline std::size_t allocations = 0;

} // namespace stagedoor::test

void *
operator new (std::size_t size)
{
  ++stagedoor::test::allocations;
  return std::malloc (size);
}
void
operator delete (void *at) noexcept
{
  std::free (at);
}
void
operator delete (void *at, std::size_t) noexcept
{
  std::free (at);
}
