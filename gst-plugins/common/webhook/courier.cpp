// SPDX-License-Identifier: LGPL-2.1-or-later
// A bounded queue in front of a SoupSession.
#include "gst-plugins/common/webhook/courier.hpp"

#include <pthread.h>

#include "gst-plugins/common/webhook/log.hpp"

namespace stagedoor::webhook {
namespace {

constexpr std::chrono::milliseconds patience{3000};
constexpr std::size_t at_once = 16;
/** Openings beyond are refused. There are as many closings as there were openings. */
constexpr std::size_t most_waiting = 1024;
/** Only a control server that is dead for long lets so many pile up. */
constexpr std::size_t most_closings = 8192;
constexpr guint idle_s = 30;

SoupSession *
new_session ()
{
  SoupSession *session =
      soup_session_new_with_options ("max-conns", static_cast<int> (at_once), "max-conns-per-host",
          static_cast<int> (at_once), "idle-timeout", idle_s, "user-agent", "Stagedoor", nullptr);
  // No answer grows on its way in, nobody is shown a password, and no proxy that was meant for
  // other things hears of publishers.
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  soup_session_set_proxy_resolver (session, nullptr);
  return session;
}

gate::Answer
answer_of (const Answer &answer)
{
  if (!answer.allowed)
    return {.kind = gate::Answer::Kind::denied,
        .text = answer.reason.empty () ? "the control server does not allow this" : answer.reason,
        .name = {}};
  return {.kind = gate::Answer::Kind::allowed,
      .text = {},
      .name = answer.name,
      .lifetime = std::chrono::milliseconds (answer.lifetime_ms)};
}

} // namespace

void
Courier::run ()
{
  pthread_setname_np (pthread_self (), "webhook");
  loop_->enter ();
  session_.reset (new_session ());
  loop_->run ();
  session_.reset ();
  loop_->leave ();
}

void
Courier::hand_over (Event event, Reply reply)
{
  {
    const std::lock_guard lock (mutex_);
    ++jobs_;
  }
  Job job{std::move (event), std::move (reply), Clock::now () + patience};
  loop_->post ([self = this, job = std::move (job)] { self->take (job); });
}

bool
Courier::wait_until_idle (std::chrono::milliseconds most)
{
  std::unique_lock lock (mutex_);
  return changed_.wait_for (lock, most, [this] { return jobs_ == 0; });
}

void
Courier::retire ()
{
  loop_->post ([this] {
    is_retiring_ = true;
    end_when_idle ();
  });
}

void
Courier::take (Job job)
{
  const bool opens = job.event.kind == Event::Kind::opening;
  if (waiting_.size () >= (opens ? most_waiting : most_closings)) {
    fail (job, "has too much to do");
    return job_done ();
  }
  waiting_.push_back (std::move (job));
  start_some ();
}

void
Courier::start_some ()
{
  while (!waiting_.empty () && under_way_.size () < at_once) {
    auto job = std::move (waiting_.front ());
    waiting_.pop_front ();
    start (std::move (job));
  }
}

void
Courier::start (Job job)
{
  const bool opens = job.event.kind == Event::Kind::opening;
  const auto left = std::chrono::ceil<std::chrono::milliseconds> (job.due - Clock::now ());
  if (opens && left.count () <= 0) {
    fail (job, "does not answer in time");
    return job_done ();
  }
  const auto body = write_event (settings_.dialect, job.event);
  auto signature =
      settings_.secret.empty () ? Header{} : sign (settings_.dialect, settings_.secret, body);
  const auto id = ++last_id_;
  auto &mine = under_way_[id];
  mine = {std::move (job), std::make_unique<Delivery> (uri_.get (), std::move (signature), body)};
  mine.delivery->start (session_.get (), opens ? left : patience,
      [this, id] (const Delivery::Body &answer) { delivered (id, answer); });
}

void
Courier::delivered (std::uint64_t id, Delivery::Body body)
{
  const auto done = under_way_.extract (id);
  const auto &[job, delivery] = done.mapped ();
  pass_on (job, body, delivery->was_sent ());
  job_done ();
  start_some ();
}

void
Courier::pass_on (const Job &job, const Delivery::Body &body, bool was_sent)
{
  if (job.event.kind == Event::Kind::closing) {
    if (!body)
      fail (job, body.error ());
    return;
  }
  const auto answer =
      body ? read_answer (settings_.dialect, *body, job.event.app).map_error ([] (const auto &e) {
        return "is not understood: " + e;
      })
           : tl::expected<Answer, std::string> (tl::unexpected (body.error ()));
  if (answer)
    return job.reply (answer_of (*answer));
  fail (job, answer.error ());
  if (!was_sent)
    return;
  auto closing = job.event; // it may count the publisher as one that came in
  closing.kind = Event::Kind::closing;
  hand_over (std::move (closing), nullptr);
}

void
Courier::fail (const Job &job, const std::string &what)
{
  const auto text = "the control server " + what;
  GST_WARNING ("%s/%s: %s: %s", job.event.app.c_str (), job.event.stream.c_str (),
      job.event.kind == Event::Kind::opening ? "opening" : "closing", text.c_str ());
  if (job.reply)
    job.reply ({.kind = gate::Answer::Kind::failed, .text = text, .name = {}});
}

/** After what came of it was handed over, too. */
void
Courier::job_done ()
{
  {
    const std::lock_guard lock (mutex_);
    --jobs_;
    changed_.notify_all ();
  }
  end_when_idle ();
}

void
Courier::end_when_idle ()
{
  if (is_retiring_ && wait_until_idle ({}))
    loop_->quit ();
}

} // namespace stagedoor::webhook
