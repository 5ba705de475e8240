// SPDX-License-Identifier: LGPL-2.1-or-later
// The depacketisers by codec.
#pragma once

#include "libs/webrtc/depacketizer.hpp"

namespace stagedoor::webrtc {

std::unique_ptr<Depacketizer> make_nal_depacketizer (Codec codec);
std::unique_ptr<Depacketizer> make_vp8_depacketizer ();
std::unique_ptr<Depacketizer> make_vp9_depacketizer ();
std::unique_ptr<Depacketizer> make_av1_depacketizer ();

} // namespace stagedoor::webrtc
