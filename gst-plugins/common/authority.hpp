// SPDX-License-Identifier: LGPL-2.1-or-later
// Somebody who is asked, after the key, whether a publisher may come in, and told when it has left.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "libs/base/address.hpp"

namespace stagedoor::gate {

/** A publisher whose key holds. */
struct Visit
{
  std::string id;          ///< the same for opening and closing; 22 characters, never used again
  std::string protocol;    ///< Publication::protocol()
  std::string app, stream; ///< what was knocked for
  /** Where to, as the publisher had it, but with the credential's id in place of the key; made up
   * where the protocol has none. */
  std::string url;
  Endpoint peer;
  std::string credential;   ///< Grant::credential_id
  std::string published_as; ///< "live/other" when the authority has chosen that; closing only
};

struct Answer
{
  enum class Kind {
    allowed,
    denied,
    failed, ///< the authority could not be asked, or its answer not be understood
  };
  Kind kind = Kind::failed;
  std::string text; ///< unless allowed: for the publisher, printable, at most most_answer_text
  std::string name; ///< allowed: publish as "live/other" instead; empty: as was asked for
  std::chrono::milliseconds lifetime{0}; ///< allowed: how long; 0: as long as the key holds
};

constexpr std::size_t most_answer_text = 200; ///< characters

/** An Authority that takes longer has failed. */
constexpr std::chrono::milliseconds authority_patience{3500};

class Authority
{
public:
  using Reply = std::function<void (const Answer &)>;

  virtual ~Authority () = default;

  /** Called on the gate thread, must not block. @p reply may be called on any thread, also within;
   * once, and also when the gate has gone meanwhile. */
  virtual void opening (const Visit &visit, Reply reply) = 0;

  /** Follows each opening that was answered with allowed, once, and after that answer: when the
   * publisher has left, or when it did not wait. Any thread, must not block. */
  virtual void closing (const Visit &visit) = 0;
};

} // namespace stagedoor::gate
