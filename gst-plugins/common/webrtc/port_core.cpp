// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/port_core.hpp"

#include <glib.h>
#include <openssl/rand.h>

#include "gst-plugins/common/webrtc/candidates.hpp"
#include "libs/base/text.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::int64_t candidates_age_us = 5'000'000;

} // namespace

std::string
random_text (std::size_t bytes)
{
  Bytes out (bytes);
  RAND_bytes (out.data (), static_cast<int> (out.size ()));
  return base64url_encode (out);
}

std::uint64_t
random_number ()
{
  std::uint64_t out = 0;
  RAND_bytes (reinterpret_cast<unsigned char *> (&out), sizeof out);
  return out;
}

PortCore::PortCore (Fd socket, Fd wake, Endpoint bound, std::optional<IpAddress> public_address,
    std::shared_ptr<const DtlsIdentity> with_identity)
    : identity (std::move (with_identity)),
      viewers (std::make_shared<Admission> (Admission::viewers)),
      publishers (std::make_shared<Admission> (Admission::publishers)), bound_ (bound),
      public_address_ (public_address), worker (std::move (socket), std::move (wake), identity)
{
}

std::vector<Endpoint>
PortCore::candidates ()
{
  const auto now_us = g_get_monotonic_time ();
  std::lock_guard lock (mutex_);
  if (candidates_.empty () || now_us - candidates_at_us_ > candidates_age_us) {
    candidates_ = host_candidates (bound_, public_address_);
    candidates_at_us_ = now_us;
  }
  return candidates_;
}

AnswerDetails
PortCore::answer_details ()
{
  AnswerDetails out;
  out.local_ice = make_ice_credentials ();
  out.fingerprint = identity->fingerprint ();
  out.candidates = candidates ();
  out.cname = random_text (12);
  out.stream_id = random_text (12);
  out.session_id = random_number () >> 1; // fits a signed 64-bit number
  return out;
}

} // namespace stagedoor::webrtc
