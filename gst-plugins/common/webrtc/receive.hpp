// SPDX-License-Identifier: LGPL-2.1-or-later
// Port::receive() on what a port consists of.
#pragma once

#include "gst-plugins/common/webrtc/ingest.hpp"
#include "gst-plugins/common/webrtc/port_core.hpp"

namespace stagedoor::webrtc {

tl::expected<Received, Rejection> receive (const std::shared_ptr<PortCore> &core,
    std::string_view sdp, const std::string &peer, const std::vector<Codec> &codecs,
    IngestCalls calls);

} // namespace stagedoor::webrtc
