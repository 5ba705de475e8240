// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/streams.hpp"

#include "launcher/log.hpp"

namespace stagedoor {

void
Streams::published (const std::shared_ptr<gate::Publication> &publication)
{
  if (shutting_down_)
    return;
  const auto &name = publication->name ();
  auto found = streams_.find (name);
  if (found == streams_.end ()) {
    if (streams_.size () >= most) {
      const auto why =
          "the server carries " + std::to_string (most) + " streams, the most it takes";
      log_line (name + ": refused: " + why);
      return publication->close (why);
    }
    auto stream =
        std::make_shared<Stream> (name, settings_, board_, [this, name] { forget (name); });
    found = streams_.emplace (name, std::move (stream)).first;
  }
  found->second->published (publication);
}

void
Streams::forget (const std::string &name)
{
  streams_.erase (name);
  if (shutting_down_ && streams_.empty () && done_ != nullptr)
    std::exchange (done_, nullptr) ();
}

void
Streams::shut_down (std::function<void ()> done)
{
  shutting_down_ = true;
  done_ = std::move (done);
  for (const auto &[name, stream] : streams_)
    stream->shut_down ();
  if (streams_.empty ())
    post_to_main (std::exchange (done_, nullptr));
}

} // namespace stagedoor
