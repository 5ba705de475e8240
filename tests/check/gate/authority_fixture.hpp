// SPDX-License-Identifier: LGPL-2.1-or-later
// An authority that answers when the test says so.
#pragma once

#include <map>

#include "tests/check/gate/fixture.hpp"

namespace stagedoor::test {

class Judge final : public gate::Authority
{
public:
  void opening (const gate::Visit &visit, Reply reply) override
  {
    const std::lock_guard lock (mutex_);
    opened_.push_back (visit);
    replies_.push_back (std::move (reply));
  }
  void closing (const gate::Visit &visit) override
  {
    const std::lock_guard lock (mutex_);
    closed_.push_back (visit);
  }

  std::vector<gate::Visit> opened () const
  {
    const std::lock_guard lock (mutex_);
    return opened_;
  }
  std::vector<gate::Visit> closed () const
  {
    const std::lock_guard lock (mutex_);
    return closed_;
  }
  bool was_asked (std::size_t times) const
  {
    return eventually ([&] { return opened ().size () == times; });
  }
  bool was_told_of (std::size_t ends) const
  {
    return eventually ([&] { return closed ().size () == ends; });
  }
  /** To the opening of that number, from 0 on. */
  void answer (std::size_t number, const gate::Answer &answer)
  {
    Reply reply;
    {
      const std::lock_guard lock (mutex_);
      reply = std::move (replies_.at (number));
    }
    reply (answer);
  }
  void allow (std::size_t number, const std::string &name = {}, std::chrono::milliseconds time = {})
  {
    answer (number, {gate::Answer::Kind::allowed, {}, name, time});
  }
  void deny (std::size_t number, const std::string &text)
  {
    answer (number, {gate::Answer::Kind::denied, text, {}});
  }

private:
  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::vector<gate::Visit> opened_, closed_;
  std::vector<Reply> replies_;
};

} // namespace stagedoor::test
