// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/fingerprint.hpp"

#include "libs/webrtc/sdp_text.hpp"

namespace stagedoor::webrtc {

namespace {

struct Hash
{
  std::string_view name;
  FingerprintHash hash;
  std::size_t size;
};
constexpr Hash hashes[] = {
    {"sha-256", FingerprintHash::sha256, 32},
    {"sha-384", FingerprintHash::sha384, 48},
    {"sha-512", FingerprintHash::sha512, 64},
};

std::optional<Bytes>
parse_colon_hex (std::string_view text, std::size_t size)
{
  if (text.size () != 3 * size - 1)
    return std::nullopt;
  Bytes digest;
  digest.reserve (size);
  for (std::size_t i = 0; i < text.size (); i += 3) {
    const int high = hex_digit (text[i]), low = hex_digit (text[i + 1]);
    if (high < 0 || low < 0 || (i > 0 && text[i - 1] != ':'))
      return std::nullopt;
    digest.push_back (static_cast<std::uint8_t> (high << 4 | low));
  }
  return digest;
}

} // namespace

std::optional<Fingerprint>
Fingerprint::parse (std::string_view text)
{
  const auto space = text.find (' ');
  if (space == std::string_view::npos)
    return std::nullopt;
  for (const auto &known : hashes) {
    if (!equal_ignoring_case (text.substr (0, space), known.name))
      continue;
    auto digest = parse_colon_hex (text.substr (space + 1), known.size);
    if (!digest)
      return std::nullopt;
    return Fingerprint{known.hash, *std::move (digest)};
  }
  return std::nullopt;
}

std::string
colon_hex (ByteView digest)
{
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const auto byte : digest) {
    if (!out.empty ())
      out += ':';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

} // namespace stagedoor::webrtc
