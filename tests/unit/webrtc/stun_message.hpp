// SPDX-License-Identifier: LGPL-2.1-or-later
// Connectivity checks put together by hand, and answers taken apart, without the code under test.
#pragma once

#include <map>
#include <string>

#include "libs/base/bytes.hpp"
#include "libs/base/hmac.hpp"

namespace stagedoor::test {

inline std::uint32_t
crc32 (ByteView bytes)
{
  std::uint32_t crc = 0xffffffff;
  for (const auto byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
  }
  return ~crc;
}

/** A binding request that grows attribute by attribute. */
class StunMessage
{
public:
  explicit StunMessage (std::uint16_t type = 1)
  {
    Writer writer (bytes_);
    writer.u16 (type);
    writer.u16 (0);
    writer.u32 (0x2112a442);
    for (std::uint8_t i = 0; i < 12; ++i)
      writer.u8 (0xa0 + i);
  }

  StunMessage &add (std::uint16_t type, ByteView value)
  {
    Writer writer (bytes_);
    writer.u16 (type);
    writer.u16 (static_cast<std::uint16_t> (value.size ()));
    writer.bytes (value);
    bytes_.resize ((bytes_.size () + 3) & ~std::size_t{3});
    set_length (bytes_.size ());
    return *this;
  }
  StunMessage &add (std::uint16_t type, std::string_view value = {})
  {
    return add (type, view (value));
  }
  StunMessage &username (std::string_view name) { return add (0x0006, name); }
  StunMessage &sign (std::string_view password)
  {
    set_length (bytes_.size () + 24);
    const auto mac = hmac_sha1 (view (password), bytes_);
    return add (0x0008, ByteView (mac));
  }
  StunMessage &fingerprint ()
  {
    set_length (bytes_.size () + 8);
    Bytes value (4);
    put_u32 (value.data (), crc32 (bytes_) ^ 0x5354554e);
    return add (0x8028, ByteView (value));
  }
  StunMessage &set_length (std::size_t total)
  {
    put_u16 (&bytes_[2], static_cast<std::uint16_t> (total - 20));
    return *this;
  }
  Bytes &bytes () { return bytes_; }

private:
  Bytes bytes_;
};

/** An answer, with its MESSAGE-INTEGRITY and FINGERPRINT checked. */
struct StunAnswer
{
  std::uint16_t type = 0;
  Bytes transaction;
  std::map<std::uint16_t, Bytes> attributes;
  bool sound = false; ///< lengths, integrity and fingerprint hold

  StunAnswer (ByteView bytes, std::string_view password)
  {
    Reader reader (bytes);
    type = reader.u16 ();
    const auto length = reader.u16 ();
    const bool cookie = reader.u32 () == 0x2112a442;
    const auto id = reader.take (12);
    transaction.assign (id.begin (), id.end ());
    sound = reader.ok () && cookie && length == reader.remaining ();
    while (sound && reader.remaining () > 0) {
      const auto at = bytes.size () - reader.remaining ();
      const auto attribute = reader.u16 ();
      const auto size = reader.u16 ();
      const auto value = reader.take (size);
      reader.skip ((4u - size % 4u) % 4u);
      sound = reader.ok ();
      attributes[attribute].assign (value.begin (), value.end ());
      Bytes before (bytes.begin (), bytes.begin () + static_cast<std::ptrdiff_t> (at));
      if (attribute == 0x0008) {
        put_u16 (&before[2], static_cast<std::uint16_t> (at + 4));
        sound = sound && equal_constant_time (hmac_sha1 (view (password), before), value);
      } else if (attribute == 0x8028) {
        sound = sound && reader.remaining () == 0
                && Reader (value).u32 () == (crc32 (before) ^ 0x5354554e);
      }
    }
    sound = sound && attributes.contains (0x0008) && attributes.contains (0x8028);
  }
};

} // namespace stagedoor::test
