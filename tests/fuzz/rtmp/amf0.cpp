// SPDX-License-Identifier: LGPL-2.1-or-later
// AMF 0 is read within its bounds, and metadata in it hold finite numbers only.
#include <cmath>
#include <cstdlib>

#include "libs/rtmp/amf0.hpp"
#include "libs/rtmp/metadata.hpp"

using namespace stagedoor::rtmp;

namespace {

constexpr int most_depth = 16;

std::size_t
count (const std::vector<AmfMember> &members, int depth)
{
  if (depth > most_depth)
    std::abort ();
  auto values = members.size ();
  for (const auto &[name, value] : members)
    values += count (value.members, depth + 1);
  return values;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  const auto values = parse_amf0 ({data, size}, most_depth);
  if (!values)
    return 0;
  auto all = values->size ();
  for (const auto &value : *values)
    all += count (value.members, 1);
  if (all > amf_most_values)
    std::abort ();
  if (const auto metadata = read_metadata (*values))
    if (!std::isfinite (metadata->width) || metadata->encoder.size () > 128)
      std::abort ();
  return 0;
}
