// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/nal.hpp"

namespace stagedoor::codecs {
namespace {

/** Where the first start code's last byte is, or the end. Looks for ones, which memchr() does many
 * bytes at a time: access units are long. */
std::size_t
find_start_code (ByteView in)
{
  for (std::size_t at = 2; at < in.size (); ++at) {
    const void *one = std::memchr (in.data () + at, 1, in.size () - at);
    if (one == nullptr)
      break;
    at = static_cast<std::size_t> (static_cast<const std::uint8_t *> (one) - in.data ());
    if (in[at - 1] == 0 && in[at - 2] == 0)
      return at;
  }
  return in.size ();
}

} // namespace

ByteStreamReader::ByteStreamReader (ByteView byte_stream) : rest_ (byte_stream)
{
  const auto start = find_start_code (rest_);
  rest_ = rest_.subspan (start < rest_.size () ? start + 1 : start);
}

ByteView
ByteStreamReader::next ()
{
  while (!rest_.empty ()) {
    const auto start = find_start_code (rest_);
    const bool last = start == rest_.size ();
    auto nal = rest_.first (last ? start : start - 2);
    rest_ = rest_.subspan (last ? start : start + 1);
    while (!nal.empty () && nal.back () == 0) // trailing zeros; the first of a long start code
      nal = nal.first (nal.size () - 1);
    if (!nal.empty ())
      return nal;
  }
  return {};
}

Bytes
unescape (ByteView nal)
{
  Bytes out;
  out.reserve (nal.size ());
  int zeros = 0;
  for (const auto byte : nal) {
    const bool prevents = zeros >= 2 && byte == 3;
    zeros = byte == 0 ? zeros + 1 : 0;
    if (!prevents)
      out.push_back (byte);
  }
  return out;
}

} // namespace stagedoor::codecs
