// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes are a header within its bounds or none, and NAL units lie within what they were found
// in.
#include <cstdlib>

#include "libs/codecs/nal.hpp"
#include "libs/codecs/nal_setup.hpp"
#include "tests/unit/codecs/read.hpp"

using namespace stagedoor;
using namespace stagedoor::codecs;
using namespace stagedoor::test;

namespace {

void
check (bool holds)
{
  if (!holds)
    std::abort ();
}

void
check_headers (ByteView bytes)
{
  for (const auto kind : {Kind::h264, Kind::h265, Kind::av1, Kind::vp8, Kind::vp9}) {
    const auto header = read (kind, bytes);
    check (!header || is_bounded (*header));
  }
  if (const auto sps = read_h265_sps (bytes))
    check (sps->sub_layers >= 1 && sps->sub_layers <= 7);
  if (const auto header = read_vp9_key_frame (bytes))
    check (header->profile <= 3);
  most_vp9_pixels (bytes);
  most_av1_pixels (bytes);
}

void
check_unit (ByteView unit, ByteView whole)
{
  const auto *const end = whole.data () + whole.size ();
  check (!unit.empty () && unit.data () >= whole.data () && unit.data () + unit.size () <= end);
  check (unescape (unit).size () <= unit.size ());
}

void
check_setup (const std::optional<NalSetup> &setup, ByteView record)
{
  if (!setup)
    return;
  check (setup->length_size == 1 || setup->length_size == 2 || setup->length_size == 4);
  check (setup->parameter_sets.size () <= max_parameter_sets);
  for (const auto unit : setup->parameter_sets)
    check_unit (unit, record);
}

void
check_stream (ByteView bytes)
{
  ByteStreamReader stream (bytes);
  const auto *last = bytes.data ();
  for (auto nal = stream.next (); !nal.empty (); nal = stream.next ()) {
    check_unit (nal, bytes);
    check (nal.back () != 0 && nal.data () >= last + 3);
    last = nal.data () + nal.size ();
    check_headers (nal);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  const ByteView bytes (data, size);
  check_headers (bytes);
  check_setup (read_avcc (bytes), bytes);
  check_setup (read_hvcc (bytes), bytes);
  check_stream (bytes);
  return 0;
}
