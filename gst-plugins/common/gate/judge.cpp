// SPDX-License-Identifier: LGPL-2.1-or-later
// Core's judgement of knocks: the key, and who has the name.
#include "gst-plugins/common/gate/core.hpp"

namespace stagedoor::gate {
namespace {

Denial
denial_of (keys::Refusal refusal)
{
  return {std::string (keys::name (refusal)), std::string (keys::explain (refusal)), {}};
}

/** Whether it takes no secret to be refused so. */
bool
is_guess (keys::Refusal refusal)
{
  using enum keys::Refusal;
  return refusal == malformed || refusal == unknown_key_id || refusal == wrong_signature;
}

Denial
back_off_denial (std::chrono::milliseconds left)
{
  const auto seconds = std::chrono::ceil<std::chrono::seconds> (left);
  return {"back-off",
      "too many wrong keys came from your address; try again in "
          + std::to_string (seconds.count ()) + " s",
      seconds};
}

bool
is_public (const keys::Grant &grant)
{
  return grant.credential_id == "public";
}

} // namespace

bool
is_same_publisher (const Publication &live, const Admission &admission)
{
  return live.grant ().credential_id == admission.grant.credential_id
         && (!is_public (admission.grant) || live.peer ().ip == admission.peer.ip);
}

/** In a back-off keys are still compared, because whoever comes back with a right one shall not
 * have to wait for a neighbour that tries wrong ones, and a key's 128 bits can't be guessed. The
 * secret of a policy is what somebody made up, so a policy isn't looked at, right or wrong. */
tl::expected<keys::Grant, Denial>
Core::verify (const Knock &knock, const keys::Verifier &verifier) const
{
  const auto back_off = doorkeeper_.back_off (knock.peer.ip);
  auto grant = verifier.verify ({.role = knock.role,
      .app = knock.app,
      .stream = knock.stream,
      .query = knock.query,
      .bearer = knock.bearer,
      .url = knock.url,
      .peer = knock.peer.ip,
      .now_ms = unix_ms (),
      .keys_only = back_off.count () > 0});
  if (grant) {
    if (!is_public (*grant))
      doorkeeper_.right_key (knock.peer.ip);
    return std::move (*grant);
  }
  if (!is_guess (grant.error ()))
    return tl::unexpected (denial_of (grant.error ()));
  if (back_off.count () > 0)
    return tl::unexpected (back_off_denial (back_off));
  doorkeeper_.wrong_key (knock.peer.ip);
  return tl::unexpected (denial_of (grant.error ()));
}

/** Null: there is no such stream. */
tl::expected<keys::Grant, Denial>
Core::check_grant (const Knock &knock, const keys::Verifier *verifier) const
{
  if (name_of (knock).empty ())
    return tl::unexpected (Denial{
        "bad-name", "the app and the stream name may have letters, digits, '_', '.' and '-' only"});
  if (verifier == nullptr)
    return tl::unexpected (denial_of (keys::Refusal::wrong_stream));
  return verify (knock, *verifier);
}

tl::expected<Admission, Denial>
Core::check_key (const Knock &knock) const
{
  auto name = name_of (knock);
  const auto terms = terms_of (name);
  auto grant = check_grant (knock, terms ? terms->verifier.get () : nullptr);
  if (!grant)
    return tl::unexpected (std::move (grant.error ()));
  return Admission{std::move (name), knock.protocol, std::move (*grant), knock.peer};
}

tl::expected<Admission, Denial>
Core::check_name (Admission admission, Takeover takeover) const
{
  const auto live = roster_->live (admission.name);
  if (live == nullptr || takeover == Takeover::any_key
      || (takeover == Takeover::same_key && is_same_publisher (*live, admission)))
    return admission;
  const bool is_same = is_same_publisher (*live, admission);
  return tl::unexpected (
      Denial{"busy", is_same ? "this stream is being published already, from another connection"
                             : "somebody else publishes on this stream at the moment"});
}

tl::expected<Admission, Denial>
Core::judge (const Knock &knock) const
{
  auto admission = check_key (knock);
  if (!admission)
    return admission;
  const auto terms = terms_of (admission->name);
  return check_name (std::move (*admission), terms ? terms->takeover : Takeover::never);
}

/** Only to whom the key lets play it is said whether a stream is live. */
tl::expected<Seat, Denial>
Core::judge_viewer (const Knock &knock) const
{
  const auto name = name_of (knock);
  const auto served = audience_.find (name);
  const auto terms = terms_of (name);
  const auto verifier = served && served->verifier ? served->verifier
                        : terms                    ? terms->verifier
                                                   : nullptr;
  auto grant = check_grant (knock, verifier.get ());
  if (!grant)
    return tl::unexpected (std::move (grant.error ()));
  if (!served || !served->broadcast->live ())
    return tl::unexpected (Denial{"offline", "the stream is not live"});
  return Seat{.grant = std::move (*grant), .broadcast = served->broadcast};
}

std::optional<Denial>
Core::objection (const Knock &knock) const
{
  const auto reason = [] (const auto &verdict) {
    return verdict ? std::nullopt : std::optional (verdict.error ());
  };
  return knock.role == keys::Role::play ? reason (judge_viewer (knock)) : reason (judge (knock));
}

} // namespace stagedoor::gate
