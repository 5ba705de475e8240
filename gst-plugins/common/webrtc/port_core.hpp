// SPDX-License-Identifier: LGPL-2.1-or-later
// What feeds and ingests need of their port.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gst-plugins/common/webrtc/admission.hpp"
#include "gst-plugins/common/webrtc/worker.hpp"
#include "libs/webrtc/negotiation.hpp"

namespace stagedoor::webrtc {

/** Unguessable. */
std::string random_text (std::size_t bytes);
std::uint64_t random_number ();

/** Lives as long as any feed or ingest. Any thread. */
class PortCore
{
public:
  PortCore (Fd socket, Fd wake, Endpoint bound, std::optional<IpAddress> public_address,
      std::shared_ptr<const DtlsIdentity> identity);

  std::vector<Endpoint> candidates ();
  std::uint16_t port () const { return bound_.port; }
  /** Fresh ones, for one answer. */
  AnswerDetails answer_details ();

  const std::shared_ptr<const DtlsIdentity> identity;
  const std::shared_ptr<Admission> viewers, publishers;

private:
  const Endpoint bound_;
  const std::optional<IpAddress> public_address_;
  std::mutex mutex_;                  // innermost
  std::vector<Endpoint> candidates_;  // protected by mutex_
  std::int64_t candidates_at_us_ = 0; // protected by mutex_

public:
  Worker worker; // last: its thread ends before the rest goes
};

} // namespace stagedoor::webrtc
