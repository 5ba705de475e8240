// SPDX-License-Identifier: LGPL-2.1-or-later
// `stagedoor serve`: puts the parts together and runs the main thread.
#include <csignal>
#include <cstdlib>
#include <ctime>

#include <glib-unix.h>
#include <sys/resource.h>

#include "gst-plugins/common/listen_address.hpp"
#include "launcher/admission.hpp"
#include "launcher/commands.hpp"
#include "launcher/listeners.hpp"
#include "launcher/log.hpp"
#include "launcher/pipeline_load.hpp"
#include "launcher/ready.hpp"
#include "launcher/site.hpp"
#include "launcher/state_folder.hpp"
#include "launcher/streams.hpp"

namespace stagedoor {
namespace {

constexpr std::chrono::seconds farewell{5}; ///< how long streams may take to stop
/** A WHEP offer to a stream that is offline shall hear so, not that it is too large. */
constexpr std::size_t body_limit = 64 * 1024;

std::string
web_folder ()
{
  const char *folder = std::getenv ("STAGEDOOR_WEB");
  return folder != nullptr && *folder != 0 ? folder : DATA_FOLDER "/web";
}

/** Everything that runs. Members in the order in which they depend on each other. */
class Daemon
{
public:
  Daemon (StateFolder state, Listeners listeners, StreamSettings settings, AdmissionRules rules)
      : loop_ (g_main_loop_new (nullptr, FALSE)), state_ (std::move (state)),
        listeners_ (std::move (listeners)), settings_ (std::move (settings)),
        board_ (std::time (nullptr)), site_ (board_, read_web_folder (web_folder ())),
        streams_ (settings_, board_), admission_ (state_, listeners_.gate, std::move (rules))
  {
  }
  ~Daemon ()
  {
    for (const guint source : signals_)
      g_source_remove (source);
    g_main_loop_unref (loop_);
  }

  Result<void> start (const ServeOptions &options, bool has_srt_passphrase);
  void run ();

private:
  void follow_gate ();
  void follow_signals ();
  void shut_down ();

  GMainLoop *const loop_;
  const StateFolder state_;
  const Listeners listeners_;
  const StreamSettings settings_;
  StatusBoard board_;
  const Site site_;
  Streams streams_;
  Admission admission_;
  Fd announcement_;
  std::vector<guint> signals_;
  std::vector<std::shared_ptr<void>> tokens_; // of callbacks; dropped first
  Timer deadline_;                            // set when shutting down
};

void
Daemon::follow_gate ()
{
  // On the gate thread.
  tokens_.push_back (listeners_.gate->on_published (
      [this] (const std::shared_ptr<gate::Publication> &publication) {
        post_to_main ([this, publication] { streams_.published (publication); });
      }));
  tokens_.push_back (listeners_.gate->on_refused ([] (const gate::Refused &refused) {
    log_line ((refused.name.empty () ? std::string ("somebody") : refused.name) + ": "
              + refused.peer.ip.to_string () + " refused: " + refused.reason + ": " + refused.text
              + (refused.untold > 0 ? " (" + std::to_string (refused.untold) + " more before it)"
                                    : std::string ()));
  }));
}

Result<void>
Daemon::start (const ServeOptions &options, bool has_srt_passphrase)
{
  for (const auto *prefix :
      {"/", "/watch"}) // a page of a stream called "whip" isn't its WHIP endpoint
    tokens_.push_back (listeners_.http->route (
        prefix, body_limit, [this] (const http::Request &request) { site_.answer (request); }));
  follow_gate ();
  if (const auto admitted = admission_.load (); !admitted)
    return admitted;
  admission_.watch ();
  const auto &rtmps = listeners_.rtmps_address;
  auto announced = state_.announce ({.rtmp = listeners_.gate->address (),
      .srt = listeners_.srt_address,
      .http = listeners_.http_address,
      .public_address = options.public_address,
      .rtmps = rtmps,
      .srt_passphrase = has_srt_passphrase});
  if (!announced)
    return tl::unexpected (announced.error ());
  announcement_ = std::move (*announced);
  follow_signals ();
  log_line ("stagedoor " VERSION ": RTMP on " + listeners_.gate->address ()
            + (rtmps.empty () ? "" : ", RTMPS on " + rtmps) + ", SRT on " + listeners_.srt_address
            + ", HTTP on " + listeners_.http_address + ", WebRTC on " + listeners_.webrtc_address);
  notify_manager ("READY=1");
  if (options.ready_fd >= 0)
    write_ready (options.ready_fd);
  return {};
}

void
Daemon::shut_down ()
{
  if (deadline_ != nullptr) {
    g_main_loop_quit (loop_);
    return;
  }
  notify_manager ("STOPPING=1");
  log_line ("stopping");
  deadline_ = after (farewell, [this] {
    log_line ("a stream did not stop in time");
    g_main_loop_quit (loop_);
  });
  streams_.shut_down ([this] { g_main_loop_quit (loop_); });
  listeners_.gate->close_where (
      [] (const gate::Publication &) { return true; }, "the server is shutting down");
}

void
Daemon::follow_signals ()
{
  const GSourceFunc end = [] (gpointer self) -> gboolean {
    static_cast<Daemon *> (self)->shut_down ();
    return G_SOURCE_CONTINUE;
  };
  const GSourceFunc reload = [] (gpointer self) -> gboolean {
    static_cast<Daemon *> (self)->admission_.reload ();
    return G_SOURCE_CONTINUE;
  };
  for (const auto &[signal, call] : {std::pair (SIGTERM, end), {SIGINT, end}, {SIGHUP, reload}})
    signals_.push_back (g_unix_signal_add (signal, call, this));
}

void
Daemon::run ()
{
  g_main_loop_run (loop_);
  tokens_.clear ();
}

/** Each connection has one. The usual soft limit is low for the sake of programs that use select(),
 * which nothing here does. */
void
raise_descriptor_limit ()
{
  constexpr rlim_t enough = 128 * 1024;
  rlimit limit{};
  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = std::max (limit.rlim_cur, std::min (limit.rlim_max, enough));
  setrlimit (RLIMIT_NOFILE, &limit);
}

Result<void>
check_options (const ServeOptions &options)
{
  for (const auto &[name, address] :
      {std::pair ("--rtmp", options.rtmp), std::pair ("--srt", options.srt),
          std::pair ("--http", options.http), std::pair ("--webrtc", options.webrtc),
          std::pair ("--rtmps", options.rtmps.empty () ? ":0" : options.rtmps)})
    if (const auto parsed = parse_listen_address (address); !parsed)
      return fail (exit_usage, std::string (name) + ": " + parsed.error ());
  if (!options.public_address.empty () && !IpAddress::parse (options.public_address))
    return fail (exit_usage, "--public-address wants an IP address");
  if (options.ready_fd >= 0 && !is_writable (options.ready_fd))
    return fail (exit_usage, "--ready-fd wants a descriptor that is open for writing");
  return {};
}

Result<PipelineFile>
load_pipeline (const ServeOptions &options)
{
  const auto path = options.pipeline.empty () ? default_pipeline_path () : options.pipeline;
  auto file = load_pipeline_file (path, options.settings);
  if (file)
    return std::move (*file);
  const auto &findings = file.error ().findings;
  for (std::size_t i = 1; i < findings.size (); ++i)
    log_line (describe (path, findings[i - 1]));
  return fail (exit_config, describe (path, findings.back ()));
}

} // namespace

Result<Exit>
run_serve (const ServeOptions &options)
{
  std::signal (SIGPIPE, SIG_IGN);
  raise_descriptor_limit ();
  if (const auto checked = check_options (options); !checked)
    return tl::unexpected (checked.error ());
  const auto gate = gate_settings (options);
  if (!gate)
    return tl::unexpected (gate.error ());
  auto state = StateFolder::open (options.state);
  if (!state)
    return tl::unexpected (state.error ());
  init_gstreamer ();
  auto file = load_pipeline (options);
  if (!file)
    return tl::unexpected (file.error ());
  auto rules = AdmissionRules::of (options);
  if (!rules)
    return tl::unexpected (rules.error ());
  const webhook::Hook flushed_last (rules->webhook);
  auto listeners = Listeners::open (options, *gate);
  if (!listeners)
    return tl::unexpected (listeners.error ());
  StreamSettings settings{std::move (*file), listeners->http_address, listeners->webrtc_address,
      options.public_address, listeners->gate->address (), listeners->srt_address,
      std::chrono::seconds (options.reconnect_grace)};
  Daemon daemon (
      std::move (*state), std::move (*listeners), std::move (settings), std::move (*rules));
  if (const auto started = daemon.start (options, gate->has_srt_passphrase); !started)
    return tl::unexpected (started.error ());
  daemon.run ();
  return exit_ok;
}

} // namespace stagedoor
