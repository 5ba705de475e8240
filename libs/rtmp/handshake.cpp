// SPDX-License-Identifier: LGPL-2.1-or-later
// The digest schemas aren't in Adobe's specification; every client that asks for protected content
// uses them: 32 bytes at a place that four other bytes of the packet name, an HMAC-SHA-256 of the
// rest under a well-known key.
#include "libs/rtmp/handshake.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "libs/base/hmac.hpp"

namespace stagedoor::rtmp {

namespace {

constexpr std::size_t packet_size = 1536;
constexpr std::size_t digest_size = 32;
constexpr std::uint8_t protocol_version = 3;

constexpr std::string_view client_name = "Genuine Adobe Flash Player 001";
constexpr std::string_view server_name = "Genuine Adobe Flash Media Server 001";
constexpr std::array<std::uint8_t, 32> common_key{0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8,
    0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57, 0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab,
    0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae};

/** Where the four bytes stand that name the digest's place; its block begins behind them. */
constexpr std::array<std::size_t, 2> schemas{8, 772};

std::size_t
digest_offset (ByteView packet, std::size_t schema)
{
  const auto sum = packet[schema] + packet[schema + 1] + packet[schema + 2] + packet[schema + 3];
  return schema + 4 + static_cast<std::size_t> (sum) % 728;
}

Sha256Mac
digest_of (ByteView packet, std::size_t offset, std::string_view key)
{
  Bytes rest;
  rest.reserve (packet.size () - digest_size);
  Writer writer (rest);
  writer.bytes (packet.first (offset));
  writer.bytes (packet.subspan (offset + digest_size));
  return hmac_sha256 (view (key), rest);
}

/** The schema by which @p c1 is signed, if it is. */
std::optional<std::size_t>
find_schema (ByteView c1)
{
  for (const auto schema : schemas) {
    const auto offset = digest_offset (c1, schema);
    const auto digest = digest_of (c1, offset, client_name);
    if (equal_constant_time (digest, c1.subspan (offset, digest_size)))
      return schema;
  }
  return std::nullopt;
}

/** The digest that ends S2 shows that the server has seen the one in C1. */
Sha256Mac
answer_digest (ByteView client_digest, ByteView s2_random)
{
  Bytes key;
  Writer writer (key);
  writer.bytes (server_name);
  writer.bytes (common_key);
  return hmac_sha256 (hmac_sha256 (key, client_digest), s2_random);
}

std::string
version_error (std::uint8_t version)
{
  switch (version) {
    case 6:
    case 8:
    case 9:
      return "encrypted RTMP (RTMPE) isn't supported; use rtmp:// or rtmps://";
    case 0x16:
      return "a TLS connection came to a port that speaks plain RTMP; use rtmp://";
    case 'D':
    case 'G':
    case 'H':
    case 'O':
    case 'P':
      return "this looks like HTTP; the port speaks RTMP";
    default:
      return "RTMP version " + std::to_string (version) + " isn't supported; 3 is";
  }
}

} // namespace

OrFailure<void>
Handshake::feed (ByteView &in, Bytes &out)
{
  if (state_ == State::c0c1 && !in.empty ()) {
    if (held_.empty () && in.front () != protocol_version)
      return failure (version_error (in.front ()));
    const auto n = std::min (in.size (), 1 + packet_size - held_.size ());
    held_.insert (held_.end (), in.begin (), in.begin () + n);
    in = in.subspan (n);
    if (held_.size () < 1 + packet_size)
      return {};
    answer (out);
    held_ = {};
    c2_left_ = packet_size;
    state_ = State::c2;
  }
  if (state_ == State::c2) {
    // Clients differ in what they echo, and nothing depends on it.
    const auto n = std::min (in.size (), c2_left_);
    in = in.subspan (n);
    c2_left_ -= n;
    if (c2_left_ == 0)
      state_ = State::done;
  }
  return {};
}

void
Handshake::answer (Bytes &out)
{
  const auto c1 = ByteView (held_).subspan (1);
  const auto schema = find_schema (c1);
  Bytes s1;
  Writer writer (s1);
  writer.u32 (0);
  // A version other than 0 tells the client that S1 is signed.
  writer.u32 (schema ? 0x03050101 : 0);
  append_random (s1, packet_size - s1.size ());
  out.push_back (protocol_version);
  if (!schema) {
    out.insert (out.end (), s1.begin (), s1.end ());
    out.insert (out.end (), c1.begin (), c1.end ());
    return;
  }
  const auto offset = digest_offset (s1, *schema);
  std::ranges::copy (digest_of (s1, offset, server_name), s1.begin () + offset);
  out.insert (out.end (), s1.begin (), s1.end ());
  Bytes s2;
  append_random (s2, packet_size - digest_size);
  const auto client_digest = c1.subspan (digest_offset (c1, *schema), digest_size);
  const auto digest = answer_digest (client_digest, s2);
  out.insert (out.end (), s2.begin (), s2.end ());
  out.insert (out.end (), digest.begin (), digest.end ());
}

void
Handshake::append_random (Bytes &out, std::size_t n)
{
  Writer writer (out);
  for (std::size_t i = 0; i < n; i += 8) { // splitmix64; n is a multiple of 8
    random_ += 0x9e3779b97f4a7c15;
    auto z = random_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    writer.u64 (z ^ z >> 31);
  }
}

} // namespace stagedoor::rtmp
