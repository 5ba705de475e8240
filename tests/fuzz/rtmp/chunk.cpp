// SPDX-License-Identifier: LGPL-2.1-or-later
// Chunks give the same messages however they are cut, and hold no more than they may.
#include <cstdlib>

#include "libs/rtmp/aggregate.hpp"
#include "libs/rtmp/chunk_reader.hpp"

using namespace stagedoor;
using namespace stagedoor::rtmp;

namespace {

constexpr std::size_t bound = 4096;

/** Reads pieces and remembers a number that depends on every message. */
class Run
{
public:
  void feed (ByteView in)
  {
    while (!in.empty () && !failed_) {
      auto next = reader_.next (in);
      failed_ = !next;
      if (reader_.held () > bound)
        std::abort ();
      if (next && *next)
        take (**next);
    }
  }
  std::uint64_t hash () const { return hash_ * 2 + failed_; }

private:
  void take (const Message &message)
  {
    if (message.body.size () > bound)
      std::abort ();
    mix (message.type);
    mix (message.timestamp);
    for (const auto byte : message.body)
      mix (byte);
    Reader body (message.body);
    if (message.type == type::set_chunk_size)
      failed_ = !reader_.set_chunk_size (body.u32 ());
    else if (message.type == type::abort)
      reader_.abort (body.u32 ());
    else if (message.type == type::aggregate)
      (void)split_aggregate (message);
  }
  void mix (std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3; }

  ChunkReader reader_{
      ChunkReader::Bounds{.chunk_size = bound, .message = bound, .held = bound, .streams = 8}};
  std::uint64_t hash_ = 0;
  bool failed_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  Run whole, bytes;
  whole.feed ({data, size});
  for (std::size_t i = 0; i < size; ++i)
    bytes.feed ({data + i, 1});
  if (whole.hash () != bytes.hash ())
    std::abort ();
  return 0;
}
