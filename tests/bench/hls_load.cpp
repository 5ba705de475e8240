// SPDX-License-Identifier: LGPL-2.1-or-later
// hls_load: many players of one LL-HLS rendition in one process. Prints JSON.
//
// hls_load --port N --playlist PATH [--clients N] [--ramp PER_SECOND] [--seconds S] [--pid PID]…
//   each on a connection of its own: the playlist by blocking reload, then the part it ends with,
//   over and over.
// hls_load … --hints 1: each on two connections: playlists by blocking reload on one, meanwhile on
//   the other the part that the last playlist hinted at.
// hls_load … --files N --period MS: the same requests of a server of static files: the playlist is
//   PATH, the parts are PATH.0 to PATH.N-1, and what makes all ask at the same moment is a clock.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <vector>

#include <arpa/inet.h>
#include <sys/epoll.h>

#include "tests/bench/http_exchange.hpp"

namespace {

using namespace stagedoor::bench;
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

struct Options
{
  unsigned short port = 0;
  std::string playlist;
  unsigned clients = 100, ramp = 500, files = 0, hints = 0;
  double seconds = 10;
  std::chrono::milliseconds period{200};
  std::vector<std::string> pids;
};

/** Seconds of the processor. */
double
cpu_of (const std::vector<std::string> &pids)
{
  double out = 0;
  for (const auto &pid : pids)
    for (const auto &task : std::filesystem::directory_iterator ("/proc/" + pid + "/task")) {
      double ns = 0;
      std::ifstream (task.path () / "schedstat") >> ns;
      out += ns / 1e9;
    }
  return out;
}

double
memory_kib (const std::vector<std::string> &pids)
{
  double out = 0;
  for (const auto &pid : pids) {
    std::ifstream status ("/proc/" + pid + "/status");
    for (std::string line; std::getline (status, line);)
      if (line.starts_with ("VmRSS:"))
        out += std::atof (line.c_str () + 6);
  }
  return out;
}

struct Delays
{
  std::vector<float> ms;

  void add (Clock::duration time)
  {
    ms.push_back (std::chrono::duration<float, std::milli> (time).count ());
  }
  void print (const char *name)
  {
    std::ranges::sort (ms);
    const auto part = [this] (double share) {
      return ms.empty ()
                 ? -1.0
                 : double (
                     ms[std::min (ms.size () - 1, std::size_t (double (ms.size ()) * share))]);
    };
    std::printf ("  \"%s\": {\"count\": %zu, \"p50\": %.2f, \"p95\": %.2f, \"p99\": %.2f, "
                 "\"worst\": %.2f},\n",
        name, ms.size (), part (0.5), part (0.95), part (0.99), part (1));
  }
};

/** What all viewers share. */
struct Crowd
{
  Options options;
  sockaddr_in server{};
  int epoll = epoll_create1 (EPOLL_CLOEXEC);
  bool steady = false;                                 ///< measuring
  std::map<std::string, Time, std::less<>> first_seen; ///< when anybody heard of a part
  std::size_t requests = 0, bytes = 0, failed = 0, stale = 0;
  Delays playlists, parts;
};

/** The value of the last @p tag's URI in @p playlist. */
std::string_view
last_uri (std::string_view playlist, std::string_view tag)
{
  const auto line = playlist.rfind (tag);
  const auto begin = line == std::string_view::npos ? line : playlist.find ("URI=\"", line);
  if (begin == std::string_view::npos)
    return {};
  return playlist.substr (begin + 5, playlist.find ('"', begin + 5) - begin - 5);
}

std::uint64_t
number_after (std::string_view text, std::string_view tag)
{
  std::uint64_t out = 0;
  if (const auto at = text.find (tag); at != std::string_view::npos)
    std::from_chars (text.data () + at + tag.size (), text.data () + text.size (), out);
  return out;
}

std::size_t
count (std::string_view text, std::string_view what)
{
  std::size_t out = 0;
  for (auto at = text.find (what); at != std::string_view::npos; at = text.find (what, at + 1))
    ++out;
  return out;
}

class Viewer
{
public:
  explicit Viewer (Crowd &crowd) : crowd_ (crowd), first_ (*this), second_ (*this)
  {
    first_.connect ();
    if (crowd.options.hints != 0)
      second_.connect ();
    if (crowd.options.files == 0)
      ask_playlist ("");
  }

  /** What is asked for on one connection. */
  class Line
  {
  public:
    explicit Line (Viewer &viewer) : viewer_ (viewer), exchange_ (viewer.crowd_.server) {}
    void connect ()
    {
      epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = this}};
      epoll_ctl (viewer_.crowd_.epoll, EPOLL_CTL_ADD, exchange_.fd (), &event);
    }
    void ask (const std::string &path, bool is_part)
    {
      is_part_ = is_part;
      busy_ = true;
      exchange_.ask (path, !is_part && viewer_.crowd_.options.files == 0);
    }
    void on_ready ()
    {
      if (!busy_ || broken_)
        return;
      auto &crowd = viewer_.crowd_;
      const auto before = exchange_.received ();
      const auto state = exchange_.go_on ();
      crowd.bytes += exchange_.received () - before;
      if (state == Exchange::State::busy)
        return;
      busy_ = false;
      broken_ = state == Exchange::State::broken || exchange_.status () != 200;
      crowd.failed += broken_;
      crowd.requests += crowd.steady && state == Exchange::State::done;
      if (!broken_)
        is_part_ ? viewer_.on_part () : viewer_.on_playlist ();
    }
    bool is_idle () const { return !busy_ && !broken_; }
    bool is_broken () const { return broken_; }
    const std::string &body () const { return exchange_.body (); }

  private:
    Viewer &viewer_;
    Exchange exchange_;
    bool is_part_ = false, busy_ = false, broken_ = false;
  };

  /** Static files: the clock says that there is something new. */
  void tick (unsigned part)
  {
    if (first_.is_broken ())
      return;
    if (!first_.is_idle ()) {
      ++crowd_.stale; // the one before isn't through yet
      return;
    }
    part_ = crowd_.options.playlist + "." + std::to_string (part);
    crowd_.first_seen.insert_or_assign (part_, Clock::now ());
    ask_playlist ("");
  }

private:
  void ask_playlist (const std::string &query)
  {
    first_.ask (crowd_.options.playlist + query, false);
  }
  void ask_part ()
  {
    auto &line = crowd_.options.hints != 0 ? second_ : first_;
    if (!line.is_idle () || part_ == asked_part_)
      return;
    asked_part_ = part_;
    line.ask (part_, true);
  }
  void on_playlist ()
  {
    if (crowd_.options.files == 0 && !read_playlist ())
      return;
    if (crowd_.options.hints != 0)
      ask_playlist (next_);
    else
      asked_part_.clear ();
    ask_part ();
  }
  bool read_playlist ()
  {
    const std::string_view text = first_.body ();
    const auto newest = absolute (last_uri (text, "#EXT-X-PART:"));
    const auto hinted = absolute (last_uri (text, "#EXT-X-PRELOAD-HINT:TYPE=PART"));
    if (newest.empty ()) {
      ask_playlist ("");
      return false;
    }
    const auto seen = crowd_.first_seen.try_emplace (newest, Clock::now ()).first->second;
    if (crowd_.steady)
      crowd_.playlists.add (Clock::now () - seen);
    part_ = crowd_.options.hints != 0 && !hinted.empty () ? hinted : newest;
    const auto open = text.substr (
        text.rfind ("#EXTINF:") == std::string_view::npos ? 0 : text.rfind ("#EXTINF:"));
    const auto parts = count (open, "#EXT-X-PART:");
    const auto msn = number_after (text, "#EXT-X-MEDIA-SEQUENCE:") + count (text, "#EXTINF:")
                     + number_after (text, "#EXT-X-SKIP:SKIPPED-SEGMENTS=");
    const bool has_query = crowd_.options.playlist.find ('?') != std::string::npos;
    next_ = std::string (has_query ? "&" : "?") + "_HLS_msn=" + std::to_string (msn)
            + "&_HLS_part=" + std::to_string (parts);
    return true;
  }
  std::string absolute (std::string_view uri) const
  {
    const auto &playlist = crowd_.options.playlist;
    const auto folder = playlist.substr (0, playlist.rfind ('/', playlist.find ('?')) + 1);
    return uri.empty () || uri.starts_with ('/') ? std::string (uri) : folder + std::string (uri);
  }
  void on_part ()
  {
    const auto seen = crowd_.first_seen.try_emplace (asked_part_, Clock::now ()).first->second;
    if (crowd_.steady)
      crowd_.parts.add (Clock::now () - seen);
    if (crowd_.options.hints != 0)
      ask_part ();
    else if (crowd_.options.files == 0)
      ask_playlist (next_);
  }

  Crowd &crowd_;
  Line first_, second_;
  std::string part_, asked_part_, next_; ///< to be had next, asked for last; of the next playlist
};

Options
read_options (int argc, char **argv)
{
  Options out;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char *value = argv[i + 1];
    if (name == "--port")
      out.port = static_cast<unsigned short> (std::atoi (value));
    else if (name == "--playlist")
      out.playlist = value;
    else if (name == "--clients")
      out.clients = static_cast<unsigned> (std::atoi (value));
    else if (name == "--ramp")
      out.ramp = static_cast<unsigned> (std::atoi (value));
    else if (name == "--files")
      out.files = static_cast<unsigned> (std::atoi (value));
    else if (name == "--hints")
      out.hints = static_cast<unsigned> (std::atoi (value));
    else if (name == "--period")
      out.period = std::chrono::milliseconds (std::atoi (value));
    else if (name == "--seconds")
      out.seconds = std::atof (value);
    else if (name == "--pid")
      out.pids.emplace_back (value);
  }
  return out;
}

class Load
{
public:
  explicit Load (Options options)
  {
    crowd_.options = std::move (options);
    crowd_.server = {AF_INET, htons (crowd_.options.port), {htonl (INADDR_LOOPBACK)}, {}};
  }

  void run ()
  {
    const auto &options = crowd_.options;
    const auto rss_before = memory_kib (options.pids);
    for (unsigned i = 0; i < options.clients; ++i) {
      viewers_.push_back (std::make_unique<Viewer> (crowd_));
      run_until (Clock::now () + std::chrono::microseconds (1'000'000 / options.ramp));
    }
    run_until (Clock::now () + std::chrono::seconds (2)); // joining is over
    crowd_.steady = true;
    const auto bytes = crowd_.bytes;
    const auto cpu = cpu_of (options.pids), own = cpu_of ({"self"});
    const auto begin = Clock::now ();
    run_until (begin
               + std::chrono::duration_cast<Clock::duration> (
                   std::chrono::duration<double> (options.seconds)));
    const double seconds = std::chrono::duration<double> (Clock::now () - begin).count ();
    std::printf ("{\n  \"clients\": %u, \"seconds\": %.2f, \"requests\": %zu, \"failed\": %zu, "
                 "\"late\": %zu,\n",
        options.clients, seconds, crowd_.requests, crowd_.failed, crowd_.stale);
    crowd_.playlists.print ("playlist_ms");
    crowd_.parts.print ("part_ms");
    std::printf ("  \"mbit_per_s\": %.1f, \"cpu_s\": %.4f, \"own_cpu_s\": %.4f, \"rss_kib\": "
                 "[%.0f, %.0f]\n}\n",
        double (crowd_.bytes - bytes) * 8e-6 / seconds, cpu_of (options.pids) - cpu,
        cpu_of ({"self"}) - own, rss_before, memory_kib (options.pids));
  }

private:
  void run_until (Time end)
  {
    for (auto now = Clock::now (); now < end; now = Clock::now ()) {
      auto wake = end;
      if (crowd_.options.files > 0) {
        if (now >= next_tick_)
          tick (now);
        wake = std::min (wake, next_tick_);
      }
      const auto wait = std::chrono::ceil<std::chrono::milliseconds> (wake - now).count ();
      epoll_event events[256];
      const int ready =
          epoll_wait (crowd_.epoll, events, 256, static_cast<int> (std::max<long> (wait, 0)));
      for (int i = 0; i < ready; ++i)
        static_cast<Viewer::Line *> (events[i].data.ptr)->on_ready ();
    }
  }
  void tick (Time now)
  {
    next_tick_ = std::max (next_tick_ + crowd_.options.period, now);
    for (const auto &viewer : viewers_)
      viewer->tick (part_);
    part_ = (part_ + 1) % crowd_.options.files;
  }

  Crowd crowd_;
  std::vector<std::unique_ptr<Viewer>> viewers_;
  Time next_tick_ = Clock::now ();
  unsigned part_ = 0;
};

} // namespace

int
main (int argc, char **argv)
{
  auto options = read_options (argc, argv);
  if (options.port == 0 || options.playlist.empty ()) {
    std::fprintf (stderr, "hls_load --port N --playlist PATH [--clients N] [--seconds S] …\n");
    return 64;
  }
  Load (std::move (options)).run ();
  return 0;
}
