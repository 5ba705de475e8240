// SPDX-License-Identifier: LGPL-2.1-or-later
// One publisher: media in, feedback out.
#pragma once

#include <bitset>
#include <memory>
#include <optional>
#include <vector>

#include "gst-plugins/common/webrtc/ingest.hpp"
#include "gst-plugins/common/webrtc/transport.hpp"

namespace stagedoor::webrtc {

class Contributor;

/** Ties an Ingest to its Contributor, whichever of them goes first. The webrtc thread. */
struct IngestLine
{
  IngestCalls calls; ///< empty once the Ingest has gone
  Contributor *contributor = nullptr;
};

struct ContributorPlan
{
  TransportPlan transport;
  std::bitset<128> payload_types; ///< that were agreed on
  std::shared_ptr<IngestLine> line;
};

/** The webrtc thread; times are monotonic microseconds. */
class Contributor final : public Session
{
public:
  Contributor (ContributorPlan plan, TransportContext context, std::int64_t now_us);
  ~Contributor () override;

  void send_rtcp (ByteView compound);
  void end (const char *why) { transport_.end (why); }

  Transport &transport () override { return transport_; }
  void on_connected (std::int64_t now_us) override;
  bool on_rtp (std::span<std::uint8_t> packet) override;
  void on_batch_end () override;
  void on_rtcp (ByteView compound, std::int64_t now_us) override;
  void on_time (std::int64_t) override {}
  void on_end (const char *why) override;

private:
  const std::shared_ptr<IngestLine> line_;
  const std::bitset<128> payload_types_;
  std::optional<SrtpInbound> srtp_; ///< once connected
  std::vector<ByteView> batch_;     ///< opened, but not handed over yet
  Transport transport_;
};

} // namespace stagedoor::webrtc
