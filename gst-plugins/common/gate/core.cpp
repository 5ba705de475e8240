// SPDX-License-Identifier: LGPL-2.1-or-later
// Judging and telling others.
#include "gst-plugins/common/gate/core.hpp"

#include <algorithm>

#include "libs/base/text.hpp"

#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

Denial
denial_of (keys::Refusal refusal)
{
  return {std::string (keys::name (refusal)), std::string (keys::explain (refusal))};
}

std::int64_t
unix_ms ()
{
  return std::chrono::duration_cast<std::chrono::milliseconds> (
      std::chrono::system_clock::now ().time_since_epoch ())
      .count ();
}

/** Whether the same publisher comes back. In a public stream everybody has the same credential. */
bool
is_same_publisher (const Publication &live, const Admission &admission)
{
  const auto &id = admission.grant.credential_id;
  return live.grant ().credential_id == id
         && (id != "public" || live.peer ().ip == admission.peer.ip);
}

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
    forget_.clear ();
    loop_.quit ();
  });
}

tl::expected<Admission, Denial>
Core::judge (const Knock &knock) const
{
  const auto name = name_of (knock);
  if (name.empty ())
    return tl::unexpected (Denial{
        "bad-name", "the app and the stream name may have letters, digits, '_', '.' and '-' only"});
  const auto verifier = verifier_of (name);
  if (verifier == nullptr)
    return tl::unexpected (denial_of (keys::Refusal::wrong_stream));
  auto grant = verifier->verify ({.role = keys::Role::publish,
      .app = knock.app,
      .stream = knock.stream,
      .query = knock.query,
      .bearer = {},
      .url = knock.url,
      .peer = knock.peer.ip,
      .now_ms = unix_ms ()});
  if (!grant)
    return tl::unexpected (denial_of (grant.error ()));
  Admission admission{name, knock.protocol, std::move (*grant), knock.peer};
  const auto live = roster_->live (name);
  if (live != nullptr && !is_same_publisher (*live, admission))
    return tl::unexpected (Denial{"busy", "somebody else publishes on this stream at the moment"});
  return admission;
}

Core::Live
Core::admitted (Admission admission, Closer close)
{
  close_where ([&] (const Publication &p) { return p.name () == admission.name; },
      "the same key publishes from another connection now");
  ++counters_.admitted;
  GST_INFO ("%s: admitted %s by %s with credential %s", admission.name.c_str (),
      to_text (admission.peer).c_str (), admission.protocol.c_str (),
      admission.grant.credential_id.c_str ());
  const auto id = new_id ();
  auto publication = std::make_shared<LivePublication> (
      std::move (admission), [weak = weak_from_this (), id] (std::string why) {
        if (const auto core = weak.lock ())
          core->loop_.post (
              [core = core.get (), id, why = std::move (why)] { core->close (id, why); });
      });
  publishers_[id] = {publication, std::move (close)};
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
Core::admit (const std::string &name, std::shared_ptr<const keys::Verifier> verifier)
{
  const auto id = new_id ();
  Entry entry{id, std::move (verifier)};
  {
    const std::lock_guard lock (entries_mutex_);
    std::swap (entries_[name], entry);
  }
  return id; // the replaced verifier goes here, not under the lock
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

std::shared_ptr<const keys::Verifier>
Core::verifier_of (const std::string &name) const
{
  const std::lock_guard lock (entries_mutex_);
  auto entry = entries_.find (name);
  if (entry == entries_.end ())
    entry = entries_.find ("*");
  return entry != entries_.end () ? entry->second.verifier : nullptr;
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
  return out;
}

} // namespace stagedoor::gate
