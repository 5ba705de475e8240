// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/offer_check.hpp"

#include <algorithm>

#include "libs/webrtc/codec_match.hpp"
#include "libs/webrtc/fingerprint.hpp"
#include "libs/webrtc/sdp_text.hpp"

namespace stagedoor::webrtc {

namespace {

/** What is said to whom. */
struct Wording
{
  Direction direction; ///< or sendrecv
  const char *wrong_direction, *too_many;
};

constexpr Wording viewers{Direction::recvonly,
    " doesn't receive: a viewer offers recvonly or sendrecv",
    " is one too many: a viewer gets one track of a kind"};
constexpr Wording publishers{Direction::sendonly,
    " doesn't send: a publisher offers sendonly or sendrecv",
    " is one too many: a publisher sends one track of a kind"};

std::optional<Rejection>
check_line (const Lines &lines, std::size_t index, const Wording &words)
{
  const auto &line = lines[index];
  const auto name = line_name (lines, index);
  if (line.protocol != "UDP/TLS/RTP/SAVPF" && line.protocol != "UDP/TLS/RTP/SAVP"
      && line.protocol != "RTP/SAVPF")
    return Rejection{422, name + " isn't UDP/TLS/RTP/SAVPF"};
  if (line.direction != words.direction && line.direction != Direction::sendrecv)
    return Rejection{422, name + words.wrong_direction};
  for (std::size_t i = 0; i < index; ++i)
    if (is_carried (lines[i]) && lines[i].kind == line.kind)
      return Rejection{422, name + words.too_many};
  return std::nullopt;
}

/** The m-line that the bundle's transport comes from: the first of the group that is carried (RFC
 * 9143 section 7.3.1). */
tl::expected<std::size_t, Rejection>
find_transport (const Offer &offer)
{
  const auto &lines = offer.media;
  const auto carried = static_cast<std::size_t> (std::ranges::count_if (lines, is_carried));
  if (carried == 0)
    return reject (422, "the offer has no m-line for audio or video");
  if (offer.bundle.empty ()) {
    if (carried > 1)
      return reject (422, "the offer has no a=group:BUNDLE: everything goes over one transport");
    return static_cast<std::size_t> (std::ranges::find_if (lines, is_carried) - lines.begin ());
  }
  for (std::size_t i = 0; i < lines.size (); ++i)
    if (is_carried (lines[i]) && !std::ranges::count (offer.bundle, lines[i].mid))
      return reject (422, line_name (lines, i) + " isn't in the BUNDLE group");
  for (const auto &mid : offer.bundle) {
    const auto line = std::ranges::find_if (
        lines, [&] (const auto &l) { return is_carried (l) && l.mid == mid; });
    if (line != lines.end ())
      return static_cast<std::size_t> (line - lines.begin ());
  }
  return reject (422, "the BUNDLE group names no m-line for audio or video");
}

std::optional<Rejection>
check_transport (const Lines &lines, std::size_t index)
{
  const auto &line = lines[index];
  const auto name = line_name (lines, index);
  if (!line.rtcp_mux)
    return Rejection{422, name + " has no a=rtcp-mux: RTP and RTCP share one port here"};
  if (line.ice.ufrag.empty () || line.ice.password.empty ())
    return Rejection{400, name + " has no a=ice-ufrag and a=ice-pwd"};
  if (!Fingerprint::parse (line.fingerprint))
    return Rejection{400, name + " has no a=fingerprint that can be checked"};
  if (line.setup == SetupRole::passive)
    return Rejection{422, name + " is setup:passive, which we are too: offer actpass or active"};
  return std::nullopt;
}

} // namespace

tl::unexpected<Rejection>
reject (int status, std::string text)
{
  return tl::make_unexpected (Rejection{status, std::move (text)});
}

std::string
line_name (const Lines &lines, std::size_t index)
{
  return "m-line " + std::to_string (index) + " (" + lines[index].kind + ")";
}

/** "VP8, rtx": each encoding once, the first few. */
std::string
encodings_of (const OfferedMedia &line)
{
  constexpr std::size_t enough = 8;
  std::vector<std::string_view> names;
  for (const auto &codec : line.codecs)
    if (!std::ranges::count (names, codec.encoding) && names.size () < enough)
      names.push_back (codec.encoding);
  std::string out;
  for (const auto name : names)
    out.append (out.empty () ? "" : ", ").append (name);
  return out.empty () ? "nothing that we know" : out;
}

tl::expected<std::size_t, Rejection>
check_offer (const Offer &offer, Offerer from)
{
  const auto &lines = offer.media;
  if (lines.empty ())
    return reject (400, "the offer has no m-lines");
  for (std::size_t i = 0; i < lines.size (); ++i)
    if (is_carried (lines[i]))
      if (auto rejection = check_line (lines, i, from == Offerer::viewer ? viewers : publishers))
        return tl::make_unexpected (*std::move (rejection));
  const auto transport = find_transport (offer);
  if (transport)
    if (auto rejection = check_transport (lines, *transport))
      return tl::make_unexpected (*std::move (rejection));
  return transport;
}

} // namespace stagedoor::webrtc
