// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/whep/viewer.hpp"

#include <arpa/inet.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/base/hmac.hpp"
#include "libs/webrtc/stun.hpp"

namespace stagedoor::test {

namespace {

using Clock = std::chrono::steady_clock;

std::uint32_t
crc32 (ByteView bytes)
{
  std::uint32_t crc = 0xffffffff;
  for (const auto byte : bytes) {
    crc ^= byte;
    for (int i = 0; i < 8; ++i)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

void
put_attribute (Bytes &out, std::uint16_t type, ByteView value)
{
  Writer writer (out);
  writer.u16 (type);
  writer.u16 (static_cast<std::uint16_t> (value.size ()));
  writer.bytes (value);
  out.resize ((out.size () + 3) / 4 * 4);
}

void
set_length (Bytes &message, std::size_t more)
{
  put_u16 (&message[2], static_cast<std::uint16_t> (message.size () - 20 + more));
}

/** With MESSAGE-INTEGRITY and FINGERPRINT. */
Bytes
signed_by (const std::string &password, Bytes message)
{
  set_length (message, 24);
  put_attribute (message, 0x0008, hmac_sha1 (view (password), message));
  set_length (message, 8);
  Bytes fingerprint (4);
  put_u32 (fingerprint.data (), crc32 (message) ^ 0x5354554e);
  put_attribute (message, 0x8028, fingerprint);
  return message;
}

/** The text between @p before and the next line end or space. */
std::string
find_after (const std::string &text, const std::string &before, std::size_t from = 0)
{
  const auto at = text.find (before, from);
  if (at == std::string::npos)
    return {};
  const auto start = at + before.size ();
  return text.substr (start, text.find_first_of ("\r\n ", start) - start);
}

template <class T>
T
number (const std::string &text)
{
  T out{};
  std::from_chars (text.data (), text.data () + text.size (), out);
  return out;
}

} // namespace

Socket::Socket () : fd_ (::socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))
{
  const int size = 4 * 1024 * 1024;
  setsockopt (fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  const sockaddr_in here{AF_INET, 0, {htonl (INADDR_LOOPBACK)}, {}};
  ck_assert_int_eq (bind (fd_, reinterpret_cast<const sockaddr *> (&here), sizeof here), 0);
}

Socket::~Socket ()
{
  ::close (fd_);
}

std::uint16_t
Socket::port () const
{
  sockaddr_in here{};
  socklen_t size = sizeof here;
  getsockname (fd_, reinterpret_cast<sockaddr *> (&here), &size);
  return ntohs (here.sin_port);
}

void
Socket::send (std::uint16_t port, ByteView datagram)
{
  const sockaddr_in there{AF_INET, htons (port), {htonl (INADDR_LOOPBACK)}, {}};
  sendto (fd_, datagram.data (), datagram.size (), 0, reinterpret_cast<const sockaddr *> (&there),
      sizeof there);
}

std::optional<Bytes>
Socket::receive (int timeout_ms)
{
  pollfd wait{fd_, POLLIN, 0};
  if (poll (&wait, 1, timeout_ms) <= 0)
    return std::nullopt;
  Bytes out (2048);
  const auto size = recv (fd_, out.data (), out.size (), 0);
  if (size < 0)
    return std::nullopt;
  out.resize (static_cast<std::size_t> (size));
  return out;
}

std::string
Viewer::offer (const OfferOptions &options) const
{
  const auto fingerprint = options.fingerprint.empty () ? dtls.fingerprint () : options.fingerprint;
  const auto transport = "c=IN IP4 0.0.0.0\r\na=ice-ufrag:" + ufrag + "\r\na=ice-pwd:" + password
                         + "\r\na=fingerprint:" + fingerprint
                         + "\r\na=setup:actpass\r\na=rtcp-mux\r\na=recvonly\r\n";
  std::string groups, media;
  if (!options.video.empty ()) {
    const auto pt = options.video.substr (0, options.video.find (' '));
    const auto rest = options.video.substr (pt.size () + 1);
    groups += " v";
    media += "m=video 9 UDP/TLS/RTP/SAVPF " + pt + "\r\n" + transport + "a=mid:v\r\na=rtpmap:" + pt
             + " " + rest.substr (0, rest.find (' ')) + "\r\na=rtcp-fb:" + pt
             + " nack\r\na=rtcp-fb:" + pt + " nack pli\r\n";
    if (const auto space = rest.find (' '); space != std::string::npos)
      media += "a=fmtp:" + pt + " " + rest.substr (space + 1) + "\r\n";
  }
  if (options.audio) {
    groups += " a";
    media += "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" + transport
             + "a=mid:a\r\na=rtpmap:111 opus/48000/2\r\n";
  }
  return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE" + groups + "\r\n"
         + media;
}

void
Viewer::answer (const std::string &sdp)
{
  remote_ufrag = find_after (sdp, "a=ice-ufrag:");
  remote_password = find_after (sdp, "a=ice-pwd:");
  port = number<std::uint16_t> (find_after (sdp, " 127.0.0.1 "));
  const auto ssrc_in = [&] (const char *line) {
    const auto at = sdp.find (line);
    return at == std::string::npos ? 0 : number<std::uint32_t> (find_after (sdp, "a=ssrc:", at));
  };
  video_ssrc = ssrc_in ("m=video");
  audio_ssrc = ssrc_in ("m=audio");
}

std::string
Viewer::join (std::uint16_t http_port, const OfferOptions &options)
{
  const auto body = offer (options);
  const auto response = Client (http_port).ask (
      "POST /whep HTTP/1.1\r\nHost: test\r\nContent-Type: application/sdp\r\nContent-Length: "
      + std::to_string (body.size ()) + "\r\n\r\n" + body);
  ck_assert_msg (response.status == 201, "%d: %s", response.status, response.body.c_str ());
  answer (response.body);
  return find_after (response.head, "Location: ");
}

Bytes
Viewer::binding_request (bool nominate) const
{
  Bytes out;
  Writer writer (out);
  writer.u16 (1);
  writer.u16 (0);
  writer.u32 (0x2112a442);
  Bytes transaction (12);
  RAND_bytes (transaction.data (), 12);
  writer.bytes (transaction);
  put_attribute (out, 0x0006, view (remote_ufrag + ":" + ufrag));
  put_attribute (out, 0x802a, Bytes (8, 1)); // ICE-CONTROLLING
  put_attribute (out, 0x0024, Bytes (4, 1)); // PRIORITY
  if (nominate)
    put_attribute (out, 0x0025, {}); // USE-CANDIDATE
  return signed_by (remote_password, std::move (out));
}

Bytes
Viewer::binding_response (ByteView request) const
{
  Bytes out (request.begin (), request.begin () + 20);
  out[0] = out[1] = 1;
  return signed_by (password, std::move (out));
}

bool
Viewer::check (bool nominate)
{
  const auto before = check_answers;
  send (binding_request (nominate));
  pump_until ([&] { return check_answers > before; });
  return true;
}

void
Viewer::flush_dtls ()
{
  while (!dtls.sent.empty ()) {
    send (dtls.sent.front ());
    dtls.sent.pop_front ();
  }
}

bool
Viewer::handshake ()
{
  dtls.advance ();
  flush_dtls ();
  pump_until ([&] { return dtls.connected () || dtls.ended; });
  if (dtls.connected ())
    make_keys ();
  return dtls.connected ();
}

/** RFC 5764 section 4.2, from the client's side. */
void
Viewer::make_keys ()
{
  const bool gcm = SSL_get_selected_srtp_profile (dtls.ssl ())->id == SRTP_AEAD_AES_128_GCM;
  const std::size_t salt_size = gcm ? 12 : 14;
  std::array<std::uint8_t, 60> material;
  ck_assert_int_eq (SSL_export_keying_material (dtls.ssl (), material.data (), 2 * (16 + salt_size),
                        "EXTRACTOR-dtls_srtp", 19, nullptr, 0, 0),
      1);
  webrtc::SrtpKeys keys{};
  keys.profile =
      gcm ? webrtc::SrtpProfile::aead_aes_128_gcm : webrtc::SrtpProfile::aes128_cm_sha1_80;
  std::copy_n (&material[0], 16, keys.local_key.begin ());
  std::copy_n (&material[16], 16, keys.remote_key.begin ());
  std::copy_n (&material[32], salt_size, keys.local_salt.begin ());
  std::copy_n (&material[32 + salt_size], salt_size, keys.remote_salt.begin ());
  keys_ = keys;
  cipher_ = webrtc::SrtpCipher::create (keys.profile,
      {keys.remote_key, keys.remote_salt, webrtc::SrtpStream::rtp},
      webrtc::SrtpCipher::Direction::open);
  srtcp_in_.emplace (keys);
  srtcp_out_.emplace (keys);
}

void
Viewer::on_rtp (Bytes datagram)
{
  RtpPacket packet{};
  packet.wire = datagram;
  Reader header (datagram);
  header.skip (1);
  const auto second = header.u8 ();
  packet.marker = second & 0x80;
  packet.payload_type = second & 0x7f;
  packet.sequence = header.u16 ();
  packet.timestamp = header.u32 ();
  packet.ssrc = header.u32 ();
  const auto [known, is_new] = newest_.try_emplace (packet.ssrc, packet.sequence);
  const auto index = known->second
                     + static_cast<std::uint64_t> (static_cast<std::int16_t> (
                         packet.sequence - static_cast<std::uint16_t> (known->second)));
  const auto tag = cipher_->tag_size ();
  if (datagram.size () < 12 + tag)
    return void (++forged);
  std::array<std::uint8_t, 4> rollover;
  put_u32 (rollover.data (), static_cast<std::uint32_t> (index >> 16));
  const bool gcm = keys_->profile == webrtc::SrtpProfile::aead_aes_128_gcm;
  const auto text = std::span (datagram).subspan (12, datagram.size () - 12 - tag);
  if (!cipher_->open ({packet.ssrc, index}, ByteView (datagram).first (12), text,
          gcm ? ByteView{} : ByteView (rollover), ByteView (datagram).last (tag)))
    return void (++forged);
  known->second = std::max (known->second, index);
  packet.payload.assign (text.begin (), text.end ());
  received.push_back (std::move (packet));
}

void
Viewer::on_datagram (Bytes datagram)
{
  switch (webrtc::classify (datagram)) {
    case webrtc::PacketKind::stun:
      check_answers += datagram.size () > 20 && datagram[0] == 1 && datagram[1] == 1;
      if (answers_checks && datagram.size () > 20 && datagram[0] == 0)
        send (binding_response (datagram));
      break;
    case webrtc::PacketKind::dtls:
      dtls.feed (datagram);
      flush_dtls ();
      if (dtls.connected () && !keys_)
        make_keys ();
      break;
    case webrtc::PacketKind::rtcp:
      if (const auto plain = srtcp_in_ ? srtcp_in_->unprotect (datagram) : std::nullopt)
        rtcp.emplace_back (plain->begin (), plain->end ());
      break;
    case webrtc::PacketKind::rtp:
      if (cipher_ != nullptr)
        on_rtp (std::move (datagram));
      break;
    case webrtc::PacketKind::unknown:
      ++forged;
  }
}

void
Viewer::pump_until (const std::function<bool ()> &done)
{
  const auto deadline = Clock::now () + std::chrono::seconds (15);
  while (!done ()) {
    ck_assert_msg (Clock::now () < deadline, "nothing of what was waited for has come");
    if (auto datagram = socket.receive (20))
      on_datagram (*std::move (datagram));
  }
}

bool
Viewer::is_silent (int ms)
{
  return !socket.receive (ms);
}

Bytes
Viewer::protect (Bytes compound)
{
  const auto size = compound.size ();
  compound.resize (size + webrtc::srtcp_overhead);
  compound.resize (srtcp_out_->protect_rtcp (compound.data (), size));
  return compound;
}

void
Viewer::send_nack (std::uint32_t ssrc, std::initializer_list<std::uint16_t> lost)
{
  Bytes out;
  Writer writer (out);
  writer.u32 (0x81cd0000 | static_cast<std::uint32_t> (2 + lost.size ()));
  writer.u32 (1);
  writer.u32 (ssrc);
  for (const auto sequence : lost)
    writer.u32 (static_cast<std::uint32_t> (sequence) << 16);
  send (protect (out));
}

void
Viewer::send_pli (std::uint32_t ssrc)
{
  Bytes out;
  Writer writer (out);
  writer.u32 (0x81ce0002);
  writer.u32 (1);
  writer.u32 (ssrc);
  send (protect (out));
}

std::vector<RtpPacket>
Viewer::packets (std::uint32_t ssrc) const
{
  std::vector<RtpPacket> out;
  std::ranges::copy_if (received, std::back_inserter (out),
      [&] (const RtpPacket &packet) { return packet.ssrc == ssrc; });
  return out;
}

std::vector<webrtc::PacketizedFrame>
Viewer::frames (std::uint32_t ssrc, webrtc::Codec codec) const
{
  std::vector<webrtc::PacketizedFrame> out;
  webrtc::PacketizedFrame frame{};
  for (const auto &packet : packets (ssrc)) {
    frame.codec = codec;
    frame.rtp_timestamp = packet.timestamp;
    frame.payloads.push_back ({static_cast<std::uint32_t> (frame.bytes.size ()),
        static_cast<std::uint16_t> (packet.payload.size ())});
    frame.bytes.insert (frame.bytes.end (), packet.payload.begin (), packet.payload.end ());
    if (packet.marker || codec == webrtc::Codec::opus)
      out.push_back (std::exchange (frame, {}));
  }
  return out;
}

} // namespace stagedoor::test
