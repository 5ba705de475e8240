// SPDX-License-Identifier: LGPL-2.1-or-later
// What every answer of ours says (RFC 8829 section 5.3, RFC 9143 section 7.3); private to
// negotiation. All append lines to their first parameter.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "libs/webrtc/negotiation.hpp"

namespace stagedoor::webrtc {

void add_line (std::string &out, std::initializer_list<std::string_view> parts);

/** What comes before the m-lines. */
void add_session (std::string &out, const Offer &offer, const AnswerDetails &details);

/** The m-line with its address and mid. With @p formats empty it repeats one of the offer's. */
void add_media (std::string &out, const OfferedMedia &offered, std::string_view formats = {});

/** The feedback of @p codec that both sides know. */
void add_feedback (std::string &out, const OfferedCodec &codec);

/** rtcp-mux and the transport. One section with it would be enough (RFC 9143 section 7.3.2), but
 * webrtcbin looks at each. */
void add_transport (std::string &out, const AnswerDetails &details, bool with_candidates);

void add_credentials (std::string &out, const IceCredentials &ice);
/** With a=end-of-candidates. */
void add_candidates (std::string &out, const std::vector<Endpoint> &candidates);

} // namespace stagedoor::webrtc
