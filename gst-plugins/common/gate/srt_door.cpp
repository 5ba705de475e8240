// SPDX-License-Identifier: LGPL-2.1-or-later
// Knocking by SRT, and the thread that reads.
#include "gst-plugins/common/gate/srt_door.hpp"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <srt/access_control.h>
#include <sys/eventfd.h>

#include "gst-plugins/common/gate/srt_knock.hpp"
#include "gst-plugins/common/listen_address.hpp"

#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

constexpr int backlog = 128;
constexpr int accepts_per_wakeup = 64;
/** How long a task for the door's thread may have to wait: libsrt can't be woken by others. */
constexpr std::int64_t most_wait_ms = 20;
/** How long what viewers are to get may have to wait, for the same reason. */
constexpr std::int64_t send_interval_ms = 5;
constexpr std::chrono::milliseconds sweep_interval{250};
/** Without publishers and any packet for so long, libsrt is sent home. */
constexpr std::chrono::seconds quiet_time{10};
constexpr int retry_ms = 1000;
constexpr std::chrono::milliseconds most_latency{8000};
/** Without any packet, not even a keep-alive, for so long, a publisher has vanished. */
constexpr std::chrono::milliseconds peer_idle{5000};

constexpr const char *wrong_passphrase = "the passphrase is wrong, or there is none";
constexpr const char *no_passphrase = "the publisher encrypts, but the stream has no passphrase";

} // namespace

SrtDoor::SrtDoor (std::shared_ptr<Core> core, const SrtSettings &settings)
    : core_ (std::move (core)), settings_ (settings),
      wake_ (eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK)),
      viewers_ ([this] (std::uint64_t guest, const std::string &why) { viewer_ended (guest, why); })
{
}

SrtDoor::~SrtDoor ()
{
  post ([this] { quit_ = true; });
  if (thread_.joinable ())
    thread_.join ();
  port_.rest (); // nobody asks any more
}

OpenedDoor
SrtDoor::open (std::shared_ptr<Core> core, const Endpoint &at, const SrtSettings &settings)
{
  if (settings.latency.count () < 0 || settings.latency > most_latency)
    return tl::unexpected (std::string ("the latency is not within 0 to 8000 ms"));
  start_srt ();
  const std::shared_ptr<SrtDoor> door (new SrtDoor (std::move (core), settings));
  if (door->wake_.get () < 0)
    return tl::unexpected (std::string ("can't make an eventfd"));
  if (auto opened = door->port_.open (at); !opened)
    return tl::unexpected (
        "can't listen on srt://" + listen_address_text (at) + ": " + opened.error ());
  door->thread_ = std::thread ([door = door.get ()] { door->run (); });
  return door;
}

/** 0 lets the caller in; libsrt tells others the reason that was set. */
int
SrtDoor::ask (SRTSOCKET socket, const sockaddr *peer, const char *streamid)
{
  const auto from = endpoint_of (peer);
  const auto knock = read_knock (streamid != nullptr ? streamid : "", from);
  if (!knock)
    return refuse (socket, {"", from, knock.error ().reason, knock.error ().text});
  if (auto objection = core_->doorkeeper ().objection (from.ip); !objection.empty ())
    return refuse (socket, refusal_of (*knock, {"limit", std::move (objection)}));
  const auto name = name_of (*knock);
  if (const auto denial = core_->objection (*knock))
    return refuse (socket, refusal_of (*knock, *denial));
  const auto passphrase = settings_.passphrase ? settings_.passphrase (name) : std::string ();
  if (srt_setsockflag (
          socket, SRTO_PASSPHRASE, passphrase.data (), static_cast<int> (passphrase.size ()))
      == 0) {
    asked_.add (socket,
        {name, from, "wrong-passphrase", passphrase.empty () ? no_passphrase : wrong_passphrase});
    return 0;
  }
  GST_ERROR ("%s: the passphrase isn't one of 10 to 79 bytes", name.c_str ());
  srt_setrejectreason (socket, SRT_REJX_ISE);
  return -1;
}

int
SrtDoor::refuse (SRTSOCKET socket, const Refused &refused)
{
  srt_setrejectreason (socket, reject_code (refused.reason));
  core_->loop ().post ([core = core_.get (), refused] {
    core->count_connection ();
    core->refused (refused);
  });
  return -1;
}

/** The caller is connected. What was found when it asked may have changed since. */
void
SrtDoor::introduce (SRTSOCKET socket, const Knock &knock)
{
  auto &core = *core_;
  core.count_connection ();
  if (auto objection = core.doorkeeper ().objection (knock.peer.ip); !objection.empty ()) {
    core.refused (refusal_of (knock, {"limit", std::move (objection)}));
    return post ([this, socket] { drop (socket); });
  }
  const auto guest = core.new_id ();
  core.doorkeeper ().enter_authenticated (guest, knock.peer.ip);
  core.knock (knock, [weak = weak_from_this (), core = &core, socket, guest] (
                         tl::expected<Admission, Denial> verdict) {
    const auto door = weak.lock ();
    if (verdict && door)
      return door->publish (socket, guest, std::move (*verdict));
    core->doorkeeper ().leave (guest);
    if (door)
      door->post ([door = door.get (), socket] { door->drop (socket); });
  });
}

void
SrtDoor::publish (SRTSOCKET socket, std::uint64_t guest, Admission admission)
{
  const auto live = core_->admitted (
      std::move (admission), [weak = weak_from_this (), core = core_.get (), socket, guest] (
                                 const Core::Live &publication, const std::string &why) {
        core->end (publication, why);
        core->doorkeeper ().leave (guest);
        if (const auto door = weak.lock ())
          door->post ([door = door.get (), socket] { door->drop (socket); });
      });
  post ([this, socket, live, guest] { begin (socket, live, guest); });
  core_->announce (live);
}

void
SrtDoor::introduce_viewer (SRTSOCKET socket, const Knock &knock)
{
  auto &core = *core_;
  core.count_connection ();
  auto seat = core.judge_viewer (knock);
  auto objection = core.doorkeeper ().objection (knock.peer.ip);
  if (!seat || !objection.empty ()) {
    const auto denial = seat ? Denial{"limit", std::move (objection)} : seat.error ();
    core.refused (refusal_of (knock, denial));
    return post ([this, socket] { viewers_.drop (socket); });
  }
  const auto guest = seat->guest = core.new_id ();
  core.doorkeeper ().enter_authenticated (guest, knock.peer.ip);
  GST_INFO ("%s: %s watches with credential %s", name_of (knock).c_str (),
      to_text (knock.peer).c_str (), seat->grant.credential_id.c_str ());
  core.audience ().enter (guest, {name_of (knock), seat->grant, knock.peer},
      [weak = weak_from_this (), core = &core, socket, guest] (const std::string &why) {
        GST_INFO ("viewer %" G_GUINT64_FORMAT " is closed: %s", guest, why.c_str ());
        core->doorkeeper ().leave (guest);
        if (const auto door = weak.lock ())
          door->post ([door = door.get (), socket] { door->viewers_.drop (socket); });
      });
  post ([this, socket, seat = std::move (*seat)] { viewers_.begin (socket, seat); });
}

void
SrtDoor::run ()
{
  static std::atomic<unsigned> doors = 0;
  const auto name = "srt-" + std::to_string (doors++);
  pthread_setname_np (pthread_self (), name.c_str ());
  std::array<SRT_EPOLL_EVENT, 64> events;
  auto swept = Clock::now ();
  for (run_tasks (); !quit_; run_tasks ()) {
    if (port_.listener () == SRT_INVALID_SOCK) {
      sleep_until_called ();
      continue;
    }
    const int n = srt_epoll_uwait (poll_.get (), events.data (), events.size (),
        viewers_.empty () ? most_wait_ms : send_interval_ms);
    turn (std::span (events).first (
        static_cast<std::size_t> (std::clamp<int> (n, 0, events.size ()))));
    look_for_lost ();
    const auto now = Clock::now ();
    viewers_.send (now);
    if (now < swept + sweep_interval)
      continue;
    swept = now;
    sweep (now);
    viewers_.sweep (now);
    rest_when_quiet (now);
  }
  while (!sessions_.empty ())
    end (sessions_.begin ()->first, "the server closes this stream's door");
  viewers_.close_all ("the server closes this stream's door");
}

void
SrtDoor::sleep_until_called ()
{
  std::array<pollfd, 2> waiting{{{wake_.get (), POLLIN, 0}, {port_.fd (), POLLIN, 0}}};
  poll (waiting.data (), waiting.size (), -1);
  eventfd_t posted;
  eventfd_read (wake_.get (), &posted);
  if (waiting[1].revents != 0)
    wake_port ();
}

void
SrtDoor::wake_port ()
{
  const auto idle = std::min (peer_idle, core_->limits ().silence);
  srt_listen_callback_fn *const hook = [] (void *self, SRTSOCKET socket, int, const sockaddr *peer,
                                           const char *streamid) {
    return static_cast<SrtDoor *> (self)->ask (socket, peer, streamid);
  };
  const auto awake = port_.wake ({static_cast<int> (settings_.latency.count ()),
      static_cast<int> (idle.count ()), backlog, hook, this});
  if (awake) {
    poll_.add (port_.listener ());
    last_heard_ = Clock::now ();
    return;
  }
  GST_ERROR ("somebody calls by SRT, but libsrt can't listen: %s", awake.error ().c_str ());
  pollfd waiting{wake_.get (), POLLIN, 0};
  poll (&waiting, 1, retry_ms);
}

void
SrtDoor::rest_when_quiet (Clock::time_point now)
{
  if (port_.heard () || !sessions_.empty () || !viewers_.empty ())
    last_heard_ = now;
  if (now < last_heard_ + quiet_time)
    return;
  poll_.remove (port_.listener ());
  port_.rest ();
}

void
SrtDoor::turn (std::span<SRT_EPOLL_EVENT> events)
{
  for (const auto &event : events) {
    if (event.fd == port_.listener ()) {
      accept_some ();
      continue;
    }
    const auto found = sessions_.find (event.fd);
    if (found == sessions_.end ())
      continue;
    if (const auto over = found->second.session->receive (scratch_))
      end (event.fd, *over);
  }
}

void
SrtDoor::accept_some ()
{
  for (int i = 0; i < accepts_per_wakeup; ++i) {
    sockaddr_storage address{};
    int size = sizeof address;
    SrtSocket socket (
        srt_accept (port_.listener (), reinterpret_cast<sockaddr *> (&address), &size));
    const auto id = socket.get ();
    if (id == SRT_INVALID_SOCK)
      return;
    asked_.came (id);
    auto knock = read_knock (streamid_of (id), from_sockaddr (address));
    if (!knock) // it was refused when it asked
      continue;
    const bool watches = knock->role == keys::Role::play;
    if (watches)
      viewers_.add (std::move (socket));
    else
      sessions_[id] = {std::make_unique<SrtSession> (std::move (socket))};
    core_->loop ().post ([weak = weak_from_this (), id, watches, knock = std::move (*knock)] {
      if (const auto door = weak.lock ())
        watches ? door->introduce_viewer (id, knock) : door->introduce (id, knock);
    });
  }
}

void
SrtDoor::begin (SRTSOCKET socket, const Core::Live &publication, std::uint64_t guest)
{
  const auto found = sessions_.find (socket);
  if (found == sessions_.end ()) // closed already, by somebody who heard of it
    return;
  found->second.id = guest;
  found->second.session->begin (publication);
  poll_.add (socket); // should it be broken already, sweep() will find out
}

/** The publisher's side is over. */
void
SrtDoor::end (SRTSOCKET socket, const std::string &why)
{
  auto node = sessions_.extract (socket);
  auto &[session, guest] = node.mapped ();
  const auto publication = session->publication ();
  const bool is_to_blame = session->is_to_blame ();
  session.reset (); // pushes what it still has
  if (publication == nullptr)
    return;
  core_->loop ().post ([core = core_.get (), publication, guest = guest, why, is_to_blame] {
    if (core->end (publication, why) && is_to_blame)
      core->count_protocol_error ();
    core->doorkeeper ().leave (guest);
  });
}

void
SrtDoor::viewer_ended (std::uint64_t guest, const std::string &why)
{
  core_->loop ().post ([core = core_.get (), guest, why] {
    if (!core->audience ().leave (guest))
      return;
    GST_INFO ("viewer %" G_GUINT64_FORMAT " ends: %s", guest, why.c_str ());
    core->doorkeeper ().leave (guest);
  });
}

void
SrtDoor::sweep (Clock::time_point now)
{
  std::vector<std::pair<SRTSOCKET, std::string>> over;
  for (auto &[socket, guest] : sessions_) {
    if (guest.session->publication () == nullptr)
      continue;
    guest.session->measure ();
    if (auto why = guest.session->check (now, core_->limits ().silence, scratch_))
      over.emplace_back (socket, std::move (*why));
  }
  for (const auto &[socket, why] : over)
    end (socket, why);
}

void
SrtDoor::look_for_lost ()
{
  for (auto &lost : asked_.take_lost ())
    core_->loop ().post ([core = core_.get (), lost = std::move (lost)] {
      core->count_connection ();
      core->refused (lost);
    });
}

void
SrtDoor::post (Task task)
{
  {
    const std::lock_guard lock (tasks_mutex_);
    tasks_.push_back (std::move (task));
  }
  eventfd_write (wake_.get (), 1);
}

void
SrtDoor::run_tasks ()
{
  std::deque<Task> tasks;
  {
    const std::lock_guard lock (tasks_mutex_);
    tasks.swap (tasks_);
  }
  for (auto &task : tasks)
    task ();
}

} // namespace stagedoor::gate
