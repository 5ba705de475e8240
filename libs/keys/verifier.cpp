// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/keys/verifier.hpp"

namespace stagedoor::keys {

std::string_view
explain (Refusal refusal)
{
  switch (refusal) {
    case Refusal::no_key:
      return "this stream needs a key and none was given";
    case Refusal::malformed:
      return "this is not a key: it is incomplete, or of an unknown kind";
    case Refusal::unknown_key_id:
      return "the key was made with a secret that this server does not have, or has no more";
    case Refusal::wrong_signature:
      return "the key was changed, cut short, or made for another stream";
    case Refusal::not_yet_valid:
      return "the key is not valid yet";
    case Refusal::expired:
      return "the key has expired";
    case Refusal::revoked:
      return "the key was revoked";
    case Refusal::wrong_role:
      return "the key is for the other direction: a play key can't publish, a publish key can't "
             "play";
    case Refusal::wrong_stream:
      return "the key is for another stream, or this server takes none of this name";
    case Refusal::wrong_network:
      return "the key may not be used from this address";
    case Refusal::not_accepted:
      return "this server does not accept keys of this kind";
  }
  return "refused";
}

std::string_view
name (Refusal refusal)
{
  switch (refusal) {
    case Refusal::no_key:
      return "no-key";
    case Refusal::malformed:
      return "malformed";
    case Refusal::unknown_key_id:
      return "unknown-key-id";
    case Refusal::wrong_signature:
      return "wrong-signature";
    case Refusal::not_yet_valid:
      return "not-yet-valid";
    case Refusal::expired:
      return "expired";
    case Refusal::revoked:
      return "revoked";
    case Refusal::wrong_role:
      return "wrong-role";
    case Refusal::wrong_stream:
      return "wrong-stream";
    case Refusal::wrong_network:
      return "wrong-network";
    case Refusal::not_accepted:
      return "not-accepted";
  }
  return "refused";
}

} // namespace stagedoor::keys
