// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/stream.hpp"

#include <ctime>

#include "launcher/log.hpp"

namespace stagedoor {
namespace {

constexpr const char *pipeline_problem = "pipeline"; // key of the pipeline's own failure
constexpr std::size_t most_problems = 16;            // in the status document
constexpr std::size_t most_decisions = 64;           // likewise

StreamLife::Time
now ()
{
  return std::chrono::steady_clock::now ();
}

std::string
endpoint_text (const Endpoint &peer)
{
  const auto ip = peer.ip.to_string ();
  return (peer.ip.is_v4 () ? ip : "[" + ip + "]") + ":" + std::to_string (peer.port);
}

} // namespace

Stream::Stream (std::string name, const StreamSettings &settings, StatusBoard &board,
    std::function<void ()> offline)
    : name_ (std::move (name)), settings_ (settings), board_ (board), offline_ (std::move (offline))
{
  status_.name = name_;
}

void
Stream::published (const std::shared_ptr<gate::Publication> &publication)
{
  log_line (name_ + ": published over " + publication->protocol () + " by "
            + endpoint_text (publication->peer ()) + " with the key "
            + publication->grant ().credential_id);
  publication_ = publication;
  status_.protocol = publication->protocol ();
  status_.publication = publication;
  handle (StreamLife::Event::published);
}

void
Stream::handle (StreamLife::Event event)
{
  const auto before = life_.phase ();
  const auto action = life_.handle (event, now (), !publication_.expired ());
  if (life_.phase () != before) {
    status_.phase = life_.phase ();
    status_.since = std::time (nullptr);
    log_line (name_ + ": " + stagedoor::name (life_.phase ()));
  }
  if (action == StreamLife::Action::start)
    start ();
  else if (action == StreamLife::Action::stop)
    stop ();
  alarm_.reset ();
  if (const auto wake = life_.wake_at ())
    alarm_ = after (std::chrono::ceil<std::chrono::milliseconds> (*wake - now ()),
        [this] { handle (StreamLife::Event::woken); });
  if (life_.phase () == Phase::offline)
    rest ();
  show ();
}

void
Stream::rest ()
{
  status_.protocol.clear ();
  problems_.clear ();
  post_to_main ([weak = weak_from_this ()] {
    if (const auto stream = weak.lock (); stream != nullptr && stream->at_rest ())
      stream->offline_ ();
  });
}

PipelineRun::Listener
Stream::listener ()
{
  return {
      .flowing =
          [this] {
            problems_.erase (pipeline_problem);
            handle (StreamLife::Event::flowing);
          },
      .caps = [this] (const GstCaps *caps) { on_caps (caps); },
      .silent = [this] (const std::string &track) { on_silent (track); },
      .interrupted = [this] (const std::string &why) { on_interrupted (why); },
      .resumed = [this] (const std::string &protocol) { on_resumed (protocol); },
      .unpublished = [this] (
                         const std::string &why) { log_line (name_ + ": unpublished: " + why); },
      .ended = [this] { handle (StreamLife::Event::ended); },
      .failed = [this] (const std::string &text) { on_failed (text); },
      .problem = [this] (const std::string &where,
                     const std::string &text) { on_problem (where, text); },
      .decision = [this] (const std::string &where,
                      const std::string &text) { on_decision (where, text); },
  };
}

void
Stream::start ()
{
  const auto slash = name_.find ('/');
  const Variables variables{{"app", name_.substr (0, slash)}, {"stream", name_.substr (slash + 1)},
      {"http-address", settings_.http_address}, {"webrtc-address", settings_.webrtc_address},
      {"public-address", settings_.public_address}, {"gate-address", settings_.gate_address},
      {"srt-address", settings_.srt_address},
      {"reconnect-grace", std::int64_t{settings_.reconnect_grace.count ()}}};
  run_ = PipelineRun::start (settings_.file, variables, listener ());
  status_.audiences = run_->audiences ();
}

void
Stream::stop ()
{
  status_.audiences.clear ();
  status_.decisions.clear ();
  status_.video.reset ();
  status_.audio.reset ();
  const auto failure = problems_.extract (pipeline_problem);
  problems_.clear ();
  if (life_.phase () == Phase::starting && !failure.empty ())
    problems_[pipeline_problem] = failure.mapped ();
  std::exchange (run_, nullptr)->stop ([weak = weak_from_this ()] {
    if (const auto stream = weak.lock ())
      stream->handle (StreamLife::Event::stopped);
  });
}

void
Stream::on_caps (const GstCaps *caps)
{
  if (auto video = video_facts (caps))
    status_.video = std::move (video);
  if (auto audio = audio_facts (caps))
    status_.audio = std::move (audio);
  show ();
}

void
Stream::on_silent (const std::string &track)
{
  if (track == "video")
    status_.video.reset ();
  else
    status_.audio.reset ();
  show ();
}

void
Stream::on_interrupted (const std::string &why)
{
  log_line (name_ + ": interrupted: " + why);
  status_.protocol.clear ();
  handle (StreamLife::Event::interrupted);
}

void
Stream::on_resumed (const std::string &protocol)
{
  status_.protocol = protocol;
  handle (StreamLife::Event::resumed);
}

void
Stream::on_failed (const std::string &text)
{
  log_line (name_ + ": the pipeline failed: " + text);
  problems_[pipeline_problem] = text;
  handle (StreamLife::Event::failed);
}

void
Stream::on_problem (const std::string &where, const std::string &text)
{
  if (text.empty ())
    problems_.erase (where);
  else if (problems_.size () < most_problems || problems_.contains (where))
    problems_[where] = text;
  log_line (name_ + ": " + where + (text.empty () ? ": the problem is over" : ": " + text));
  show ();
}

void
Stream::on_decision (const std::string &where, const std::string &text)
{
  auto &all = status_.decisions;
  if (text.empty ()) {
    all.erase (where);
  } else {
    if (all.size () < most_decisions || all.contains (where))
      all[where] = text;
    log_line (name_ + ": " + where + ": " + text);
  }
  show ();
}

void
Stream::show ()
{
  status_.problems.clear ();
  for (const auto &[where, text] : problems_)
    status_.problems.push_back (text);
  board_.put (status_);
}

} // namespace stagedoor
