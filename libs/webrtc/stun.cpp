// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/stun.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace stagedoor::webrtc {

namespace {

constexpr std::uint32_t magic_cookie = 0x2112a442;
constexpr std::size_t header_size = 20;
/** A check travels in one datagram that isn't fragmented (RFC 8489 section 6.1). */
constexpr std::size_t max_message = 1500;

enum Type : std::uint16_t {
  binding_request = 0x0001,
  binding_success = 0x0101,
  binding_error = 0x0111,
};

enum Attribute : std::uint16_t {
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000a,
  message_integrity_sha256 = 0x001c,
  xor_mapped_address = 0x0020,
  priority = 0x0024,
  use_candidate = 0x0025,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
};

constexpr std::size_t integrity_size = 4 + 20, fingerprint_size = 4 + 4;

/** CRC-32 of ISO 3309 (RFC 8489 section 14.7), table made at compile time. */
constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size (); ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit)
      c = (c >> 1) ^ ((c & 1) != 0 ? 0xedb88320u : 0);
    table[i] = c;
  }
  return table;
}();

std::uint32_t
fingerprint_of (ByteView bytes)
{
  std::uint32_t crc = 0xffffffff;
  for (const auto byte : bytes)
    crc = crc_table[(crc ^ byte) & 0xff] ^ (crc >> 8);
  return crc ^ 0xffffffff ^ 0x5354554e;
}

/** Header of a message; its transaction id when it is of type @p wanted. */
std::optional<ByteView>
transaction_of (ByteView packet, Type wanted)
{
  if (packet.size () > max_message)
    return std::nullopt;
  Reader reader (packet);
  const auto type = reader.u16 ();
  const auto length = reader.u16 ();
  const auto cookie = reader.u32 ();
  const auto transaction = reader.take (12);
  if (!reader.ok () || type != wanted || cookie != magic_cookie || length % 4 != 0
      || length != reader.remaining ())
    return std::nullopt;
  return transaction;
}

struct Item
{
  std::uint16_t type;
  ByteView value;
};

/** The next attribute with its padding skipped; nullopt at the end or when it is cut off. */
std::optional<Item>
next_attribute (Reader &reader)
{
  Item item{reader.u16 (), {}};
  const std::size_t size = reader.u16 ();
  item.value = reader.take (size);
  reader.skip ((4 - size % 4) % 4);
  if (!reader.ok ())
    return std::nullopt;
  return item;
}

/** What a connectivity check says, or the answer to one. */
struct Message
{
  ByteView transaction, username;
  ByteView signed_part; ///< up to MESSAGE-INTEGRITY
  ByteView integrity;
  bool use_candidate = false, peer_is_controlled = false;
  std::array<std::uint16_t, 8> unknown; ///< comprehension-required ones, the first few
  std::size_t unknowns = 0;
};

/** Takes one attribute that MESSAGE-INTEGRITY covers. The first of its kind counts. */
void
note (Message &message, const Item &item)
{
  switch (item.type) {
    case username:
      if (message.username.empty ())
        message.username = item.value;
      break;
    case use_candidate:
      message.use_candidate = true;
      break;
    case ice_controlled:
      message.peer_is_controlled = true;
      break;
    case priority:
    case message_integrity_sha256:
      break;
    default:
      if (item.type < 0x8000 && message.unknowns < message.unknown.size ())
        message.unknown[message.unknowns++] = item.type;
  }
}

/** Reads a whole message with a right FINGERPRINT at its end. What stands between
 * MESSAGE-INTEGRITY and FINGERPRINT isn't authenticated and doesn't count (RFC 8489 14.5). */
std::optional<Message>
read_message (ByteView packet, Type type)
{
  Message message;
  const auto transaction = transaction_of (packet, type);
  if (!transaction || packet.size () < header_size + integrity_size + fingerprint_size)
    return std::nullopt;
  message.transaction = *transaction;

  const auto body = packet.first (packet.size () - fingerprint_size);
  Reader last (packet.subspan (body.size ()));
  if (last.u16 () != fingerprint || last.u16 () != 4 || last.u32 () != fingerprint_of (body))
    return std::nullopt;

  Reader reader (body.subspan (header_size));
  while (reader.remaining () > 0) {
    const auto at = body.size () - reader.remaining ();
    const auto item = next_attribute (reader);
    if (!item)
      return std::nullopt;
    if (!message.integrity.empty ())
      continue;
    if (item->type == message_integrity) {
      message.signed_part = body.first (at);
      message.integrity = item->value;
    } else {
      note (message, *item);
    }
  }
  if (message.integrity.empty ())
    return std::nullopt;
  return message;
}

/** HMAC-SHA1 with the length field as if the message ended with MESSAGE-INTEGRITY. */
Sha1Mac
integrity_of (const HmacSha1 &mac, ByteView signed_part)
{
  std::array<std::uint8_t, 2> length;
  put_u16 (length.data (),
      static_cast<std::uint16_t> (signed_part.size () - header_size + integrity_size));
  return mac ({signed_part.first (2), length, signed_part.subspan (4)});
}

Bytes
begin_message (Type type, ByteView transaction)
{
  Bytes out;
  out.reserve (128);
  Writer writer (out);
  writer.u16 (type);
  writer.u16 (0);
  writer.u32 (magic_cookie);
  writer.bytes (transaction);
  return out;
}

Bytes
finish_message (Bytes out, const HmacSha1 &mac)
{
  Writer writer (out);
  const auto integrity = integrity_of (mac, out);
  writer.u16 (message_integrity);
  writer.u16 (integrity.size ());
  writer.bytes (integrity);
  put_u16 (&out[2], static_cast<std::uint16_t> (out.size () - header_size + fingerprint_size));
  const auto check = fingerprint_of (out);
  writer.u16 (fingerprint);
  writer.u16 (4);
  writer.u32 (check);
  return out;
}

void
write_error (Bytes &out, int code, std::string_view reason)
{
  Writer writer (out);
  writer.u16 (error_code);
  writer.u16 (static_cast<std::uint16_t> (4 + reason.size ()));
  writer.u16 (0);
  writer.u8 (static_cast<std::uint8_t> (code / 100));
  writer.u8 (static_cast<std::uint8_t> (code % 100));
  writer.bytes (reason);
  out.resize ((out.size () + 3) & ~std::size_t{3});
}

void
write_unknown_attributes (Bytes &out, const Message &request)
{
  Writer writer (out);
  writer.u16 (unknown_attributes);
  writer.u16 (static_cast<std::uint16_t> (2 * request.unknowns));
  for (std::size_t i = 0; i < request.unknowns; ++i)
    writer.u16 (request.unknown[i]);
  out.resize ((out.size () + 3) & ~std::size_t{3});
}

void
write_mapped_address (Bytes &out, const Message &request, const Endpoint &from)
{
  std::array<std::uint8_t, 16> mask;
  put_u32 (mask.data (), magic_cookie);
  std::ranges::copy (request.transaction, mask.begin () + 4);
  const ByteView ip (from.ip.bytes);
  const auto address = from.ip.is_v4 () ? ip.last (4) : ip;

  Writer writer (out);
  writer.u16 (xor_mapped_address);
  writer.u16 (static_cast<std::uint16_t> (4 + address.size ()));
  writer.u16 (from.ip.is_v4 () ? 1 : 2);
  writer.u16 (static_cast<std::uint16_t> (from.port ^ (magic_cookie >> 16)));
  for (std::size_t i = 0; i < address.size (); ++i)
    writer.u8 (address[i] ^ mask[i]);
}

/** @p size characters of 6 random bits each from ICE's own 64-letter alphabet. */
std::string
random_ice_chars (std::size_t size)
{
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Bytes random (size);
  // Without randomness nothing that we promise viewers holds.
  if (RAND_bytes (random.data (), static_cast<int> (size)) != 1)
    std::abort ();
  std::string out;
  for (const auto byte : random)
    out += alphabet[byte % alphabet.size ()];
  return out;
}

} // namespace

PacketKind
classify (ByteView packet)
{
  if (packet.empty ())
    return PacketKind::unknown;
  const auto first = packet[0];
  if (first < 4)
    return PacketKind::stun;
  if (first >= 20 && first < 64)
    return PacketKind::dtls;
  if (first < 128 || first >= 192 || packet.size () < 2)
    return PacketKind::unknown;
  // RFC 5761 section 4: with rtcp-mux, 192..223 in the second byte is RTCP.
  return packet[1] >= 192 && packet[1] < 224 ? PacketKind::rtcp : PacketKind::rtp;
}

std::optional<std::string_view>
local_ufrag_of (ByteView packet)
{
  if (!transaction_of (packet, binding_request))
    return std::nullopt;
  Reader reader (packet.subspan (header_size));
  while (const auto item = next_attribute (reader)) {
    if (item->type != username)
      continue;
    const auto name = text (item->value);
    const auto colon = name.find (':');
    if (colon == std::string_view::npos)
      return std::nullopt;
    return name.substr (0, colon);
  }
  return std::nullopt;
}

IceCredentials
make_ice_credentials ()
{
  return {random_ice_chars (8), random_ice_chars (24)};
}

IceLite::IceLite (IceCredentials local, std::string remote_ufrag, std::string_view remote_password)
    : local_ (std::move (local)), remote_ufrag_ (std::move (remote_ufrag)),
      mac_ (view (local_.password)), remote_mac_ (view (remote_password))
{
}

bool
IceLite::is_for_us (ByteView username) const
{
  const auto name = text (username);
  const auto colon = name.find (':');
  return colon != std::string_view::npos && name.substr (0, colon) == local_.ufrag
         && (remote_ufrag_.empty () || name.substr (colon + 1) == remote_ufrag_);
}

IceLite::Check
IceLite::on_packet (ByteView packet, const Endpoint &from) const
{
  const auto request = read_message (packet, binding_request);
  if (!request || !is_for_us (request->username)
      || !equal_constant_time (request->integrity, integrity_of (mac_, request->signed_part)))
    return {};

  Check check{true, false, {}};
  if (request->unknowns > 0) {
    check.response = begin_message (binding_error, request->transaction);
    write_error (check.response, 420, "Unknown Attribute");
    write_unknown_attributes (check.response, *request);
  } else if (request->peer_is_controlled) {
    // An ICE-lite agent never leads, so the peer has to change its mind (RFC 8445 section 7.3.1.1).
    check.response = begin_message (binding_error, request->transaction);
    write_error (check.response, 487, "Role Conflict");
  } else {
    check.nominated = request->use_candidate;
    check.response = begin_message (binding_success, request->transaction);
    write_mapped_address (check.response, *request, from);
  }
  check.response = finish_message (std::move (check.response), mac_);
  return check;
}

Bytes
IceLite::own_check (const Transaction &transaction) const
{
  constexpr std::uint32_t peer_reflexive = 110u << 24 | 0xffff << 8 | 255; // RFC 8445 section 5.1.2
  auto out = begin_message (binding_request, transaction);
  Writer writer (out);
  writer.u16 (username);
  writer.u16 (static_cast<std::uint16_t> (remote_ufrag_.size () + 1 + local_.ufrag.size ()));
  writer.bytes (remote_ufrag_ + ":" + local_.ufrag);
  out.resize ((out.size () + 3) & ~std::size_t{3});
  writer.u16 (priority);
  writer.u16 (4);
  writer.u32 (peer_reflexive);
  writer.u16 (ice_controlled);
  writer.u16 (8);
  writer.bytes (ByteView (transaction).first (8)); // the tie-breaker: any random number
  return finish_message (std::move (out), remote_mac_);
}

bool
IceLite::is_answer (ByteView packet, const Transaction &transaction) const
{
  const auto answer = read_message (packet, binding_success);
  return answer && equal_constant_time (answer->transaction, transaction)
         && equal_constant_time (
             answer->integrity, integrity_of (remote_mac_, answer->signed_part));
}

} // namespace stagedoor::webrtc
