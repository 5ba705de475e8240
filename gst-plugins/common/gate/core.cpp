// SPDX-License-Identifier: LGPL-2.1-or-later
// Who publishes, who may, and telling others.
#include "gst-plugins/common/gate/core.hpp"

#include <algorithm>

#include "libs/base/text.hpp"

#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

template <class Calls, class... Args>
void
call_all (const Calls &calls, const Args &...args)
{
  const auto copy = calls; // a callback may drop its own token, or another's
  for (const auto &[id, call] : copy)
    if (calls.contains (id))
      (*call) (args...);
}

} // namespace

std::int64_t
unix_ms ()
{
  return std::chrono::duration_cast<std::chrono::milliseconds> (
      std::chrono::system_clock::now ().time_since_epoch ())
      .count ();
}

std::string
to_text (const Endpoint &endpoint)
{
  const auto ip = endpoint.ip.to_string ();
  return (endpoint.ip.is_v4 () ? ip : "[" + ip + "]") + ":" + std::to_string (endpoint.port);
}

std::chrono::milliseconds
left_of (const keys::Grant &grant)
{
  constexpr std::chrono::milliseconds day = std::chrono::hours (24);
  const std::chrono::milliseconds left (grant.ends_ms - unix_ms ());
  return grant.ends_ms == 0 ? day : std::clamp (left, {}, day);
}

std::string
name_of (const Knock &knock)
{
  const bool valid = is_valid_name (knock.app) && is_valid_name (knock.stream);
  return valid ? knock.app + "/" + knock.stream : "";
}

void
Core::run ()
{
  pthread_setname_np (pthread_self (), "gate");
  loop_.run ();
}

void
Core::quit (std::vector<std::shared_ptr<Door>> doors)
{
  loop_.post ([this, doors = std::move (doors)] () mutable {
    close_where ([] (const Publication &) { return true; }, "the server closes this stream's door");
    doors.clear ();
    inquiries_.clear ();
    forget_.clear ();
    loop_.quit ();
  });
}

void
Core::enter (std::uint64_t id, const IpAddress &ip, TurnAway turn_away)
{
  strangers_[id] = std::move (turn_away);
  if (const auto surplus = doorkeeper_.enter (id, ip))
    this->turn_away (*surplus, "too many connections that show no key");
}

void
Core::leave (std::uint64_t id)
{
  strangers_.erase (id);
  doorkeeper_.leave (id);
}

void
Core::turn_away_oldest (const std::string &text)
{
  if (const auto oldest = doorkeeper_.oldest_unauthenticated ())
    turn_away (*oldest, text);
}

void
Core::turn_away (std::uint64_t id, const std::string &text)
{
  const auto found = strangers_.find (id);
  if (found == strangers_.end ())
    return;
  const auto call = found->second; // it will be taken out
  call ("limit", text);
}

Core::Live
Core::admitted (Admission admission, Closer close)
{
  if (const auto live = roster_->live (admission.name))
    close_where ([&] (const Publication &p) { return p.name () == admission.name; },
        is_same_publisher (*live, admission) ? "the same key publishes from another connection now"
                                             : "another key publishes on this stream now");
  ++counters_.admitted;
  GST_INFO ("%s: admitted %s by %s with credential %s", admission.name.c_str (),
      to_text (admission.peer).c_str (), admission.protocol.c_str (),
      admission.grant.credential_id.c_str ());
  const auto id = new_id ();
  auto visit = std::exchange (admission.visit, nullptr);
  auto publication = std::make_shared<LivePublication> (
      std::move (admission), [weak = weak_from_this (), id] (std::string why) {
        if (const auto core = weak.lock ())
          core->loop_.post (
              [core = core.get (), id, why = std::move (why)] { core->close (id, why); });
      });
  publishers_[id] = {publication, std::move (close), std::move (visit)};
  return publication;
}

void
Core::announce (const Live &publication)
{
  roster_->add (publication);
  call_all (published_calls_, std::shared_ptr<Publication> (publication));
}

void
Core::close (std::uint64_t id, const std::string &why)
{
  const auto publisher = publishers_.find (id);
  if (publisher == publishers_.end ())
    return;
  const auto copy = publisher->second; // it will be taken out
  copy.close (copy.publication, why);
}

bool
Core::end (const Live &publication, const std::string &why)
{
  const auto ended = std::erase_if (
      publishers_, [&] (const auto &entry) { return entry.second.publication == publication; });
  if (ended == 0)
    return false;
  GST_INFO ("%s from %s ends: %s", publication->name ().c_str (),
      to_text (publication->peer ()).c_str (), why.c_str ());
  // In this order: a consumer that has popped the end gives back a publication that is over, or the
  // next one would claim it again and find nothing.
  roster_->ended (publication);
  publication->end (why);
  const auto number = new_id ();
  forget_[number] = loop_.at (Clock::now () + queue_time, [this, number] {
    roster_->forget_ended_before (Clock::now () - queue_time);
    forget_.erase (number);
  });
  return true;
}

void
Core::refused (const Refused &refused)
{
  if (refused.reason == "protocol")
    ++counters_.protocol_errors;
  else if (refused.reason == "limit" || refused.reason == "timeout")
    ++counters_.refused_limits;
  else if (refused.reason == "back-off")
    ++counters_.refused_back_off;
  else
    ++counters_.refused;
  tell (refused);
}

/** Wrong keys and noise have an allowance each, so that a scan doesn't hide what a publisher needs
 * to know. */
void
Core::tell (Refused refused)
{
  const auto untold = (refused.name.empty () ? nameless_ : named_).take (Clock::now ());
  if (!untold)
    return;
  refused.untold = *untold;
  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT, refused.name.empty () ? GST_LEVEL_INFO : GST_LEVEL_WARNING,
      nullptr, "%s: refused %s: %s: %s (%" G_GUINT64_FORMAT " more before it)",
      refused.name.empty () ? "-" : refused.name.c_str (), to_text (refused.peer).c_str (),
      refused.reason.c_str (), refused.text.c_str (), refused.untold);
  call_all (refused_calls_, refused);
}

std::uint64_t
Core::admit (const std::string &name, Terms terms)
{
  const auto id = new_id ();
  Entry entry{id, std::move (terms)};
  {
    const std::lock_guard lock (entries_mutex_);
    if (const auto [known, is_new] = entries_.try_emplace (name, entry); !is_new)
      std::swap (known->second, entry);
  }
  return id; // the replaced terms go here, not under the lock
}

void
Core::stop_admitting (const std::string &name, std::uint64_t id)
{
  decltype (entries_)::node_type gone; // dropped after the lock
  const std::lock_guard lock (entries_mutex_);
  const auto entry = entries_.find (name);
  if (entry != entries_.end () && entry->second.id == id)
    gone = entries_.extract (entry);
}

std::optional<Terms>
Core::terms_of (const std::string &name) const
{
  const std::lock_guard lock (entries_mutex_);
  auto entry = entries_.find (name);
  if (entry == entries_.end ())
    entry = entries_.find ("*");
  return entry != entries_.end () ? std::optional (entry->second.terms) : std::nullopt;
}

std::uint64_t
Core::on_published (Published call)
{
  published_calls_[++last_id_] = std::make_shared<Published> (std::move (call));
  return last_id_;
}

std::uint64_t
Core::on_refused (Denied call)
{
  refused_calls_[++last_id_] = std::make_shared<Denied> (std::move (call));
  return last_id_;
}

void
Core::forget_callback (std::uint64_t id)
{
  published_calls_.erase (id);
  refused_calls_.erase (id);
}

void
Core::close_where (const std::function<bool (const Publication &)> &match, const std::string &why)
{
  std::vector<std::uint64_t> closing;
  for (const auto &[id, publisher] : publishers_)
    if (match (*publisher.publication))
      closing.push_back (id);
  for (const auto id : closing)
    close (id, why);
}

Counters
Core::counters () const
{
  auto out = counters_;
  out.open = doorkeeper_.size ();
  out.viewers = audience_.size ();
  return out;
}

} // namespace stagedoor::gate
