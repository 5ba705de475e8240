// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/nal_setup.hpp"

namespace stagedoor::codecs {
namespace {

void
read_units (Reader &reader, unsigned count, NalSetup &out)
{
  for (; count > 0 && reader.ok (); --count) {
    const auto unit = reader.take (reader.u16 ());
    if (!unit.empty () && out.parameter_sets.size () < max_parameter_sets)
      out.parameter_sets.push_back (unit);
  }
}

std::optional<NalSetup>
checked (const Reader &reader, NalSetup setup)
{
  constexpr unsigned no_such_length = 3;
  if (!reader.ok () || setup.length_size == no_such_length)
    return std::nullopt;
  return setup;
}

} // namespace

std::optional<NalSetup>
read_avcc (ByteView record)
{
  NalSetup out;
  Reader reader (record);
  if (reader.u8 () != 1)
    return std::nullopt;
  reader.skip (3);
  out.length_size = (reader.u8 () & 3u) + 1;
  read_units (reader, reader.u8 () & 31u, out);
  read_units (reader, reader.u8 (), out);
  return checked (reader, std::move (out));
}

std::optional<NalSetup>
read_hvcc (ByteView record)
{
  NalSetup out;
  Reader reader (record);
  if (reader.u8 () > 1) // 0 was written before the standard was ready
    return std::nullopt;
  reader.skip (20);
  out.length_size = (reader.u8 () & 3u) + 1;
  for (unsigned arrays = reader.u8 (); arrays > 0 && reader.ok (); --arrays) {
    reader.skip (1);
    read_units (reader, reader.u16 (), out);
  }
  return checked (reader, std::move (out));
}

} // namespace stagedoor::codecs
