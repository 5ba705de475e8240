// SPDX-License-Identifier: LGPL-2.1-or-later
// A WHEP viewer that a test holds in its hands: socket, checks, DTLS, decryption. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/webrtc/packetizer.hpp"
#include "libs/webrtc/rtcp.hpp"
#include "libs/webrtc/srtp.hpp"
#include "libs/webrtc/srtp_cipher.hpp"
#include "tests/check/common/http_client.hpp"
#include "tests/unit/webrtc/dtls_peer.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

struct RtpPacket
{
  std::uint8_t payload_type;
  bool marker;
  std::uint16_t sequence;
  std::uint32_t timestamp, ssrc;
  Bytes payload;
  Bytes wire; ///< as it came, encrypted
};

struct OfferOptions
{
  std::string video = "96 H264/90000 packetization-mode=1;profile-level-id=42e01f"; ///< or none
  bool audio = true;
  std::string fingerprint; ///< instead of the true one
};

/** A UDP socket on the loopback. */
class Socket
{
public:
  Socket ();
  ~Socket ();
  Socket (const Socket &) = delete;
  void send (std::uint16_t port, ByteView datagram);
  /** nullopt when nothing comes in time. */
  std::optional<Bytes> receive (int timeout_ms);
  std::uint16_t port () const;

private:
  int fd_;
};

class Viewer
{
public:
  explicit Viewer (const PeerOptions &options = {}) : dtls (options) {}

  std::string offer (const OfferOptions &options = {}) const;
  /** Takes note of an answer. */
  void answer (const std::string &sdp);
  /** Posts an offer and takes the answer, which must be 201; returns the session's path. */
  std::string join (std::uint16_t http_port, const OfferOptions &options = {});

  Bytes binding_request (bool nominate = true) const;
  /** Answers a check of the server's. */
  Bytes binding_response (ByteView request) const;
  /** Sends a check; true when it is answered with success. */
  bool check (bool nominate = true);
  /** Shakes hands; true once SRTP keys are there. */
  bool handshake ();
  bool connect () { return check () && handshake (); }
  /** Reads what comes until @p done; fails the test when that takes 10 s. */
  void pump_until (const std::function<bool ()> &done);
  /** True when nothing comes for so long. */
  bool is_silent (int ms);

  void send (ByteView datagram) { socket.send (port, datagram); }
  Bytes protect (Bytes compound);
  /** For what it sends; once connected. */
  webrtc::SrtpOutbound &srtp () { return *srtcp_out_; }
  void send_nack (std::uint32_t ssrc, std::initializer_list<std::uint16_t> lost);
  void send_pli (std::uint32_t ssrc);

  /** Packets of one SSRC, in order of arrival. */
  std::vector<RtpPacket> packets (std::uint32_t ssrc) const;
  /** The whole frames among them, by timestamp, in order. */
  std::vector<webrtc::PacketizedFrame> frames (std::uint32_t ssrc, webrtc::Codec codec) const;

  Socket socket;
  DtlsPeer dtls;
  std::string ufrag = "viewer", password = "0123456789012345678901";
  std::string remote_ufrag, remote_password;
  std::uint16_t port = 0;
  std::uint32_t video_ssrc = 0, audio_ssrc = 0;
  std::vector<RtpPacket> received;
  std::vector<Bytes> rtcp; ///< decrypted compounds
  int check_answers = 0, forged = 0;
  bool answers_checks = false; ///< of the server's

private:
  void on_datagram (Bytes datagram);
  void on_rtp (Bytes datagram);
  void make_keys ();
  void flush_dtls ();

  std::optional<webrtc::SrtpKeys> keys_;
  std::unique_ptr<webrtc::SrtpCipher> cipher_;
  std::optional<webrtc::SrtcpInbound> srtcp_in_;
  std::optional<webrtc::SrtpOutbound> srtcp_out_;
  std::map<std::uint32_t, std::uint64_t> newest_; ///< index by SSRC
};

} // namespace stagedoor::test
