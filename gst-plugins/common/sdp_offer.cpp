// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/sdp_offer.hpp"

#include <gst/sdp/sdp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "gst-plugins/common/ref.hpp"
#include "libs/webrtc/fingerprint.hpp"
#include "libs/webrtc/sdp_check.hpp"
#include "libs/webrtc/sdp_text.hpp"

namespace stagedoor::webrtc {

namespace {

using Message = Owned<GstSDPMessage, gst_sdp_message_free>;
using Problem = std::optional<std::string>;

constexpr std::size_t max_sdp = 64 * 1024, max_lines = 2048, max_media = 32, max_fmtp = 512;

tl::unexpected<Rejection>
reject (std::string text)
{
  return tl::make_unexpected (Rejection{400, std::move (text)});
}

/** Bounds size, lines and m-lines and looks for what isn't SDP at all: GstSDP takes nearly any
 * text, of any size. */
Problem
check_text (std::string_view sdp)
{
  if (sdp.size () > max_sdp)
    return "the offer is larger than 64 KiB";
  while (!sdp.empty () && (sdp.back () == '\n' || sdp.back () == '\r'))
    sdp.remove_suffix (1);
  if (sdp.empty ())
    return "the offer is empty";
  std::size_t number = 0, media = 0;
  while (!sdp.empty ()) {
    auto line = next_part (sdp, '\n');
    if (line.ends_with ('\r'))
      line.remove_suffix (1);
    if (++number > max_lines)
      return "the offer has more than " + std::to_string (max_lines) + " lines";
    if (const auto problem = check_sdp_line (line))
      return "line " + std::to_string (number) + " of the offer " + *problem;
    if (number == 1 && line != "v=0")
      return "the offer doesn't begin with v=0";
    if (line.starts_with ("m=") && ++media > max_media)
      return "the offer has more than " + std::to_string (max_media) + " m-lines";
  }
  return std::nullopt;
}

std::string_view
text_of (const char *text)
{
  return text != nullptr ? text : "";
}

/** Attributes of one m-line, and behind them those of the session. */
class Attributes
{
public:
  Attributes (const GstSDPMessage &message, const GstSDPMedia &media)
      : message_ (message), media_ (media)
  {
  }

  /** Calls @p use with each value of @p key in the m-line. */
  template <class Use>
  void each (std::string_view key, Use use) const
  {
    for (guint i = 0; i < gst_sdp_media_attributes_len (&media_); ++i) {
      const GstSDPAttribute *const attribute = gst_sdp_media_get_attribute (&media_, i);
      if (text_of (attribute->key) == key)
        use (text_of (attribute->value));
    }
  }

  /** All values of @p key: of the m-line, or of the session when the m-line has none. */
  std::vector<std::string_view> all (std::string_view key) const
  {
    std::vector<std::string_view> values;
    each (key, [&] (std::string_view value) { values.push_back (value); });
    if (!values.empty ())
      return values;
    for (guint i = 0; i < gst_sdp_message_attributes_len (&message_); ++i) {
      const GstSDPAttribute *const attribute = gst_sdp_message_get_attribute (&message_, i);
      if (text_of (attribute->key) == key)
        values.push_back (text_of (attribute->value));
    }
    return values;
  }

  bool has (std::string_view key) const { return !all (key).empty (); }
  std::string_view first (std::string_view key) const
  {
    const auto values = all (key);
    return values.empty () ? std::string_view () : values.front ();
  }

private:
  const GstSDPMessage &message_;
  const GstSDPMedia &media_;
};

/** "96 VP8/90000" into @p codecs; what can't be ours is left out. */
void
read_rtpmap (std::string_view value, std::array<OfferedCodec, 128> &codecs)
{
  const auto payload_type = parse_number (next_part (value, ' '), 127);
  value = trim (value);
  const auto encoding = next_part (value, '/');
  const auto clock_rate = parse_number (next_part (value, '/'), 1'000'000);
  const auto channels = value.empty () ? 1 : parse_number (value, 255);
  if (!payload_type || !is_sdp_token (encoding) || !clock_rate || !channels)
    return;
  auto &codec = codecs[static_cast<std::size_t> (*payload_type)];
  codec.payload_type = *payload_type;
  codec.encoding = encoding;
  codec.clock_rate = *clock_rate;
  codec.channels = *channels;
}

void
read_fmtp (std::string_view value, std::array<OfferedCodec, 128> &codecs)
{
  const auto payload_type = parse_number (next_part (value, ' '), 127);
  const bool ascii = std::ranges::all_of (value, [] (char c) { return c >= ' ' && c < 0x7f; });
  if (payload_type && ascii && value.size () <= max_fmtp)
    codecs[static_cast<std::size_t> (*payload_type)].fmtp = trim (value);
}

/** "96 nack pli", or "* nack" for all. */
void
read_feedback (std::string_view value, std::array<OfferedCodec, 128> &codecs)
{
  const auto which = next_part (value, ' ');
  const auto payload_type = parse_number (which, 127);
  const auto kind = trim (value);
  const auto note = [kind] (OfferedCodec &codec) {
    codec.nack |= kind == "nack";
    codec.pli |= kind == "nack pli";
    codec.fir |= kind == "ccm fir";
    codec.transport_cc |= kind == "transport-cc";
  };
  if (payload_type)
    note (codecs[static_cast<std::size_t> (*payload_type)]);
  else if (which == "*")
    std::ranges::for_each (codecs, note);
}

/** In the order of the m= line, each payload type once. */
std::vector<OfferedCodec>
read_codecs (const GstSDPMedia &media, const Attributes &attributes)
{
  std::array<OfferedCodec, 128> by_type{};
  attributes.each ("rtpmap", [&] (auto value) { read_rtpmap (value, by_type); });
  attributes.each ("fmtp", [&] (auto value) { read_fmtp (value, by_type); });
  attributes.each ("rtcp-fb", [&] (auto value) { read_feedback (value, by_type); });
  std::vector<OfferedCodec> codecs;
  for (guint i = 0; i < gst_sdp_media_formats_len (&media); ++i) {
    const auto type = parse_number (text_of (gst_sdp_media_get_format (&media, i)), 127);
    if (type && !by_type[static_cast<std::size_t> (*type)].encoding.empty ())
      codecs.push_back (std::exchange (by_type[static_cast<std::size_t> (*type)], {}));
  }
  return codecs;
}

/** "3 URI" or "3/sendonly URI" (RFC 8285 section 7) of the one extension that we know. An id that
 * stands for two of them stands for none. */
void
read_extensions (const Attributes &attributes, OfferedMedia &media)
{
  std::array<int, max_extension_id + 1> uses{};
  attributes.each ("extmap", [&] (std::string_view value) {
    auto id = next_part (value, ' ');
    const auto number = parse_number (next_part (id, '/'), max_extension_id).value_or (0);
    const bool is_sent = id.empty () || id == "sendonly" || id == "sendrecv";
    value = trim (value);
    if (next_part (value, ' ') == transport_cc_extension && is_sent && media.transport_cc_id == 0)
      media.transport_cc_id = static_cast<std::uint8_t> (number);
    ++uses[static_cast<std::size_t> (number)];
  });
  if (uses[media.transport_cc_id] > 1)
    media.transport_cc_id = 0;
}

std::optional<std::uint32_t>
read_ssrc (std::string_view text)
{
  std::uint32_t value = 0;
  const auto end = text.data () + text.size ();
  const auto result = std::from_chars (text.data (), end, value);
  return result.ec == std::errc{} && result.ptr == end ? std::optional (value) : std::nullopt;
}

/** The first a=ssrc-group:FID, which names the media and its retransmissions (RFC 5576), or else
 * the first a=ssrc. */
void
read_ssrcs (const Attributes &attributes, OfferedMedia &media)
{
  attributes.each ("ssrc-group", [&] (std::string_view value) {
    if (media.ssrc || next_part (value, ' ') != "FID")
      return;
    const auto ssrc = read_ssrc (next_part (value, ' ')), rtx = read_ssrc (trim (value));
    if (!ssrc || !rtx || *ssrc == *rtx)
      return;
    media.ssrc = ssrc;
    media.rtx_ssrc = rtx;
  });
  attributes.each ("ssrc", [&] (std::string_view value) {
    if (!media.ssrc)
      media.ssrc = read_ssrc (next_part (value, ' '));
  });
}

Direction
read_direction (const Attributes &attributes)
{
  if (attributes.has ("sendonly"))
    return Direction::sendonly;
  if (attributes.has ("recvonly"))
    return Direction::recvonly;
  return attributes.has ("inactive") ? Direction::inactive : Direction::sendrecv;
}

Problem
read_setup (std::string_view value, SetupRole &setup)
{
  if (value.empty () || value == "actpass")
    setup = SetupRole::actpass;
  else if (value == "active")
    setup = SetupRole::active;
  else if (value == "passive")
    setup = SetupRole::passive;
  else
    return "has an a=setup that is none of actpass, active and passive";
  return std::nullopt;
}

Problem
read_fingerprint (const Attributes &attributes, std::string &fingerprint)
{
  const auto offered = attributes.all ("fingerprint");
  const auto good = std::ranges::find_if (
      offered, [] (std::string_view text) { return Fingerprint::parse (text).has_value (); });
  if (good != offered.end ())
    fingerprint = *good;
  else if (!offered.empty ())
    return "has no a=fingerprint of the form sha-256, sha-384 or sha-512 and as many hex pairs";
  return std::nullopt;
}

Problem
read_ice (const Attributes &attributes, IceCredentials &ice)
{
  ice = {std::string (attributes.first ("ice-ufrag")), std::string (attributes.first ("ice-pwd"))};
  if (!ice.ufrag.empty () && !is_ice_text (ice.ufrag, min_ice_ufrag))
    return "has an a=ice-ufrag that isn't 4 to 256 letters, digits, + or /";
  if (!ice.password.empty () && !is_ice_text (ice.password, min_ice_password))
    return "has an a=ice-pwd that isn't 22 to 256 letters, digits, + or /";
  return std::nullopt;
}

Problem
read_media (const GstSDPMessage &message, const GstSDPMedia &media, OfferedMedia &out)
{
  const Attributes attributes (message, media);
  out.kind = text_of (gst_sdp_media_get_media (&media));
  out.protocol = text_of (gst_sdp_media_get_proto (&media));
  if (gst_sdp_media_formats_len (&media) > 0)
    out.format = text_of (gst_sdp_media_get_format (&media, 0));
  if (!is_sdp_token (out.kind) || !is_sdp_token (out.protocol, "/")
      || !is_sdp_token (out.format, "/"))
    return "isn't of the form m=kind port protocol formats";
  attributes.each ("mid", [&] (std::string_view value) { out.mid = value; });
  if (!out.mid.empty () && !is_sdp_token (out.mid))
    return "has an a=mid that isn't a short token";
  out.rejected = gst_sdp_media_get_port (&media) == 0
                 && gst_sdp_media_get_attribute_val (&media, "bundle-only") == nullptr;
  out.rtcp_mux = attributes.has ("rtcp-mux");
  out.direction = read_direction (attributes);
  out.codecs = read_codecs (media, attributes);
  read_extensions (attributes, out);
  read_ssrcs (attributes, out);
  if (auto problem = read_setup (attributes.first ("setup"), out.setup))
    return problem;
  if (auto problem = read_fingerprint (attributes, out.fingerprint))
    return problem;
  return read_ice (attributes, out.ice);
}

/** The mids of the first BUNDLE group that m-lines have. */
std::vector<std::string>
read_bundle (const GstSDPMessage &message, const std::vector<OfferedMedia> &media)
{
  std::vector<std::string> mids;
  for (guint i = 0; i < gst_sdp_message_attributes_len (&message) && mids.empty (); ++i) {
    const GstSDPAttribute *const attribute = gst_sdp_message_get_attribute (&message, i);
    auto rest = text_of (attribute->value);
    if (text_of (attribute->key) != "group" || next_part (rest, ' ') != "BUNDLE")
      continue;
    while (!rest.empty ()) {
      const auto mid = next_part (rest, ' ');
      const bool known =
          !mid.empty () && std::ranges::find (media, mid, &OfferedMedia::mid) != media.end ();
      if (known && std::ranges::find (mids, mid) == mids.end ())
        mids.emplace_back (mid);
    }
  }
  return mids;
}

} // namespace

tl::expected<Offer, Rejection>
parse_offer (std::string_view sdp)
{
  if (auto problem = check_text (sdp))
    return reject (*std::move (problem));
  GstSDPMessage *raw = nullptr;
  gst_sdp_message_new (&raw);
  const Message message (raw);
  if (gst_sdp_message_parse_buffer (
          reinterpret_cast<const guint8 *> (sdp.data ()), static_cast<guint> (sdp.size ()), raw)
      != GST_SDP_OK)
    return reject ("the offer isn't SDP");

  Offer offer;
  for (guint i = 0; i < gst_sdp_message_medias_len (raw); ++i) {
    OfferedMedia media;
    if (const auto problem = read_media (*raw, *gst_sdp_message_get_media (raw, i), media))
      return reject ("m-line " + std::to_string (i) + " of the offer " + *problem);
    const auto same = std::ranges::find (offer.media, media.mid, &OfferedMedia::mid);
    if (!media.mid.empty () && same != offer.media.end ())
      return reject ("m-line " + std::to_string (i) + " of the offer has the a=mid of another one");
    offer.media.push_back (std::move (media));
  }
  offer.bundle = read_bundle (*raw, offer.media);
  return offer;
}

} // namespace stagedoor::webrtc
