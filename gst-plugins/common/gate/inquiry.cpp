// SPDX-License-Identifier: LGPL-2.1-or-later
// The way in past an authority: asked without waiting, judged again when it has answered.
#include "gst-plugins/common/gate/inquiry.hpp"

#include <random>

#include "libs/base/text.hpp"

#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

std::string
new_visit_id ()
{
  std::random_device device;
  std::array<std::uint8_t, 16> bytes;
  for (auto &byte : bytes)
    byte = static_cast<std::uint8_t> (device ());
  return base64url_encode (bytes);
}

/** @p query with @p id in the place of each key. */
std::string
without_key (std::string_view query, const std::string &id)
{
  std::string out;
  for (bool more = true; more;) {
    const auto item = query.substr (0, query.find ('&'));
    more = item.size () < query.size ();
    query.remove_prefix (item.size () + (more ? 1 : 0));
    out += item.starts_with ("key=") ? "key=" + id : std::string (item);
    if (more)
      out += '&';
  }
  return out;
}

std::string
url_of (const Knock &knock, const keys::Grant &grant)
{
  auto url = knock.url;
  if (url.empty ()) {
    url = knock.protocol + "://localhost/" + knock.app + "/" + knock.stream;
    if (!knock.query.empty ())
      url += "?" + knock.query;
  }
  const auto mark = url.find ('?');
  // On a public stream no key is ours, and one that is there is meant for somebody else.
  if (mark == std::string::npos || grant.credential_id == "public")
    return url;
  return url.substr (0, mark + 1)
         + without_key (std::string_view (url).substr (mark + 1), grant.credential_id);
}

} // namespace

Visit
visit_of (const Knock &knock, const keys::Grant &grant)
{
  return {.id = new_visit_id (),
      .protocol = knock.protocol,
      .app = knock.app,
      .stream = knock.stream,
      .url = url_of (knock, grant),
      .peer = knock.peer,
      .credential = grant.credential_id,
      .published_as = {}};
}

std::uint64_t
Core::knock (const Knock &knock, Decided decided)
{
  auto verdict = judge (knock);
  auto terms = verdict ? terms_of (verdict->name) : std::nullopt;
  if (verdict && terms && terms->authority != nullptr)
    return ask (knock, *verdict, std::move (terms->authority), std::move (decided));
  decide (knock, std::move (verdict), decided);
  return 0;
}

std::uint64_t
Core::ask (const Knock &knock, const Admission &admission, std::shared_ptr<Authority> authority,
    Decided decided)
{
  const auto id = new_id ();
  const auto visit = visit_of (knock, admission.grant);
  auto patience = loop_.at (Clock::now () + authority_patience, [this, id] {
    answered (
        id, {.kind = Answer::Kind::failed, .text = "nobody said in time who may publish"}, nullptr);
  });
  inquiries_[id] = {knock, std::move (decided), std::move (patience)};
  GST_DEBUG ("%s: asking about %s", admission.name.c_str (), to_text (knock.peer).c_str ());
  // The visit is open from the answer on, also when there is no gate any more to hear it.
  authority->opening (
      visit, [weak = weak_from_this (), id, authority, visit] (const Answer &answer) {
        std::shared_ptr<void> open;
        if (answer.kind == Answer::Kind::allowed) {
          auto let_in = visit;
          let_in.published_as = answer.name;
          open = std::make_shared<OpenVisit> (authority, std::move (let_in));
        }
        if (const auto core = weak.lock ())
          core->loop_.post ([core = core.get (), id, answer, open = std::move (open)] {
            core->answered (id, answer, open);
          });
      });
  return id;
}

void
Core::answered (std::uint64_t inquiry, const Answer &answer, std::shared_ptr<void> visit)
{
  const auto asked = inquiries_.extract (inquiry);
  if (asked.empty ()) // too late, or the publisher has gone: the visit ends here
    return;
  const auto &[knock, decided, patience] = asked.mapped ();
  auto verdict = follow (knock, answer);
  if (verdict)
    verdict->visit = std::move (visit);
  decide (knock, std::move (verdict), decided);
}

tl::expected<Admission, Denial>
Core::follow (const Knock &knock, const Answer &answer) const
{
  if (answer.kind != Answer::Kind::allowed)
    return tl::unexpected (
        Denial{answer.kind == Answer::Kind::denied ? "denied" : "no-answer", answer.text});
  auto admission = check_key (knock); // it may have been revoked meanwhile
  if (!admission)
    return admission;
  if (!answer.name.empty ())
    admission->name = answer.name;
  const auto terms = terms_of_other (admission->name, knock.app);
  if (!terms)
    return tl::unexpected (
        Denial{"wrong-stream", "this was to be published as a stream that is not served here"});
  if (answer.lifetime.count () > 0) {
    const auto end = unix_ms () + answer.lifetime.count ();
    auto &ends = admission->grant.ends_ms;
    if (ends == 0 || end < ends) {
      ends = end;
      admission->why_it_ends = "the time that was allowed for this stream is over";
    }
  }
  return check_name (std::move (*admission), terms->takeover);
}

/** Of a name that an authority chose. */
std::optional<Terms>
Core::terms_of_other (const std::string &name, const std::string &app) const
{
  const auto slash = name.find ('/');
  if (slash == std::string::npos || !is_valid_name (name.substr (0, slash))
      || !is_valid_name (name.substr (slash + 1)))
    return std::nullopt;
  if (name.substr (0, slash) == app)
    return terms_of (name);
  const std::lock_guard lock (entries_mutex_);
  const auto entry = entries_.find (name);
  return entry != entries_.end () ? std::optional (entry->second.terms) : std::nullopt;
}

void
Core::decide (const Knock &knock, tl::expected<Admission, Denial> verdict, const Decided &decided)
{
  if (!verdict)
    refused ({name_of (knock), knock.peer, verdict.error ().reason, verdict.error ().text});
  decided (std::move (verdict));
}

} // namespace stagedoor::gate
