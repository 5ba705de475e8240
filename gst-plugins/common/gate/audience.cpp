// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate/audience.hpp"

namespace stagedoor::gate {

std::optional<Audience::Served>
Audience::find (const std::string &name) const
{
  const std::lock_guard lock (mutex_);
  const auto found = served_.find (name);
  return found != served_.end () ? std::optional (found->second) : std::nullopt;
}

std::uint64_t
Audience::serve (const std::string &name, std::shared_ptr<const keys::Verifier> verifier,
    std::shared_ptr<Broadcast> broadcast)
{
  Served served{0, std::move (verifier), std::move (broadcast)};
  std::uint64_t id = 0;
  {
    const std::lock_guard lock (mutex_);
    id = served.id = ++last_id_;
    std::swap (served_[name], served);
  }
  if (served.broadcast)
    served.broadcast->end ();
  return id; // what was replaced goes here, not under the lock
}

void
Audience::stop_serving (const std::string &name, std::uint64_t id)
{
  decltype (served_)::node_type gone; // dropped after the lock
  const std::lock_guard lock (mutex_);
  const auto found = served_.find (name);
  if (found != served_.end () && found->second.id == id)
    gone = served_.extract (found);
}

void
Audience::enter (std::uint64_t id, Viewer viewer, Closer close)
{
  watching_[id] = {std::move (viewer), std::move (close)};
}

bool
Audience::leave (std::uint64_t id)
{
  return watching_.erase (id) > 0;
}

void
Audience::close_where (const std::function<bool (const Viewer &)> &match, const std::string &why)
{
  std::vector<std::pair<std::uint64_t, Closer>> closing;
  for (const auto &[id, watching] : watching_)
    if (match (watching.viewer))
      closing.emplace_back (id, watching.close);
  for (const auto &[id, close] : closing) {
    watching_.erase (id);
    close (why);
  }
}

} // namespace stagedoor::gate
