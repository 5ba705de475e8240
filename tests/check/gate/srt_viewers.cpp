// SPDX-License-Identifier: LGPL-2.1-or-later
// What viewers get: where they begin, that they get everything, and what becomes of slow ones.
#include "gst-plugins/common/gate/broadcast.hpp"
#include "tests/check/gate/bottleneck.hpp"
#include "tests/check/gate/outlet.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Broadcast;
using gate::Clock;
using gate::Cursor;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Chunks = std::array<std::shared_ptr<const gate::Chunk>, 8>;

const Bytes packet (188, 0x47);

struct ManyViewers
{
  TestGate gate;
  const std::uint16_t port = open_srt_door (*gate.pointer ());
  const std::shared_ptr<gate::Outlet> outlet = gate->serve ("live/demo", nullptr);
  std::vector<SrtCaller> callers;

  ManyViewers () { push (*outlet, 1); } // that makes it live, and is no start
  void join (int count)
  {
    for (int i = 0; i < count; ++i) {
      callers.emplace_back (port, SrtCall{request ()});
      ck_assert_int_eq (callers.back ().reject_reason (), 0);
    }
    ck_assert (eventually ([&] { return outlet->stats ().viewers == callers.size (); }));
  }
};

} // namespace

START_TEST (a_viewer_begins_at_the_newest_start)
{
  ManyViewers all;
  for (std::uint64_t i = 50; i < 3 * group + 20; ++i)
    push (*all.outlet, i);
  all.join (1);
  for (auto i = 3 * group; i < 3 * group + 20; ++i)
    ck_assert (receive (all.callers[0]) == i);
  push (*all.outlet, 3 * group + 20);
  ck_assert (receive (all.callers[0]) == 3 * group + 20);
  const auto stats = all.outlet->stats ();
  ck_assert_uint_eq (stats.packets, 21);
  ck_assert_uint_eq (stats.bytes, 21 * gate::outlet_message);
  ck_assert_uint_eq (stats.skipped, 0);
}
END_TEST

START_TEST (nothing_comes_before_the_first_start)
{
  ManyViewers all;
  all.join (1);
  for (std::uint64_t i = group - 10; i < group + 10; ++i)
    push (*all.outlet, i);
  for (auto i = group; i < group + 10; ++i)
    ck_assert (receive (all.callers[0]) == i);
}
END_TEST

START_TEST (fifty_viewers_get_everything)
{
  ManyViewers all;
  all.join (50);
  for (std::uint64_t i = 0; i < 200; ++i) {
    push (*all.outlet, i);
    if (i % 20 != 19)
      continue;
    for (auto &caller : all.callers)
      for (auto expected = i - 19; expected <= i; ++expected)
        ck_assert (receive (caller) == expected);
  }
  ck_assert_uint_eq (all.outlet->stats ().packets, 50 * 200);
  ck_assert_uint_eq (all.outlet->stats ().skipped, 0);
}
END_TEST

START_TEST (a_slow_viewer_goes_on_with_a_key_frame_and_holds_up_nobody)
{
  ManyViewers all;
  all.join (1);
  Bottleneck line (all.port);
  SrtCaller slow (line.port (), {.streamid = request (), .latency_ms = 1000});
  ck_assert_int_eq (slow.reject_reason (), 0);
  ck_assert (eventually ([&] { return all.outlet->stats ().viewers == 2; }));
  line.set_rate (200); // a fraction of what comes
  std::uint64_t n = 0;
  constexpr std::uint64_t step = 50;
  const auto stream_on = [&] {
    for (const auto end = n + step; n < end; ++n)
      push (*all.outlet, n);
    for (auto i = n - step; i < n; ++i)
      ck_assert (receive (all.callers[0]) == i); // the fast one misses nothing
  };
  while (all.outlet->stats ().skipped == 0) {
    stream_on ();
    ck_assert (n < 1000 * group);
  }
  line.set_rate (1'000'000);
  const auto end = n + 20 * step;
  std::optional<std::uint64_t> last;
  std::vector<std::uint64_t> after_gaps;
  while (!last || *last < end) {
    if (!last || *last % step == 0)
      stream_on ();
    const auto got = receive (slow);
    ck_assert_msg (got.has_value (), "after %d of %d", static_cast<int> (last.value_or (0)),
        static_cast<int> (n));
    if (last && *got != *last + 1)
      after_gaps.push_back (*got);
    last = got;
  }
  ck_assert (!after_gaps.empty ());
  ck_assert_msg (after_gaps.back () % group == 0, "%d", static_cast<int> (after_gaps.back ()));
}
END_TEST

START_TEST (a_viewer_that_takes_nothing_is_closed)
{
  ManyViewers all;
  all.join (1);
  Bottleneck line (all.port);
  SrtCaller stuck (line.port (), {.streamid = request ()});
  ck_assert (eventually ([&] { return all.outlet->stats ().viewers == 2; }));
  line.set_rate (0);
  for (std::uint64_t n = 0; all.outlet->stats ().viewers == 2; ++n) {
    push (*all.outlet, n);
    ck_assert (receive (all.callers[0]) == n);
  }
  ck_assert (eventually ([&] { return all.gate->counters ().open == 1; }));
}
END_TEST

START_TEST (old_chunks_go_but_not_the_newest_group)
{
  Broadcast broadcast;
  const Clock::time_point start{seconds (100)};
  Chunks chunks;
  Cursor late, fresh;
  broadcast.push (packet, true, start);
  ck_assert_uint_eq (broadcast.read (late, chunks), 1);
  for (int i = 1; i <= 50; ++i) // 5 s, with one start
    broadcast.push (packet, i == 20, start + milliseconds (100) * i);
  ck_assert_uint_eq (broadcast.read (fresh, chunks), chunks.size ());
  ck_assert_uint_eq (*fresh, 20 + chunks.size ());
  ck_assert_uint_eq (broadcast.read (late, chunks), chunks.size ()); // what it wanted is gone
  ck_assert_uint_eq (*late, 20 + chunks.size ());
  ck_assert_uint_eq (broadcast.counters ().read ().skipped, 1);
  broadcast.push (packet, false, start + seconds (40)); // the start is too long ago
  Cursor another;
  ck_assert_uint_eq (broadcast.read (another, chunks), 0);
}
END_TEST

START_TEST (what_is_kept_has_a_bound)
{
  Broadcast broadcast;
  const Clock::time_point now{seconds (100)};
  const Bytes message (gate::outlet_message, 0x47);
  Chunks chunks;
  Cursor cursor;
  broadcast.push (message, true, now);
  ck_assert_uint_eq (broadcast.read (cursor, chunks), 1);
  for (std::size_t sent = 0; sent <= Broadcast::most_bytes; sent += message.size ())
    broadcast.push (message, false, now);
  ck_assert_uint_eq (broadcast.read (cursor, chunks), 0); // there is no start any more
  broadcast.push (message, true, now);
  ck_assert_uint_eq (broadcast.read (cursor, chunks), 1);
  broadcast.push (Bytes (gate::outlet_message + 1), true, now); // no message of ours
  broadcast.push ({}, true, now);
  ck_assert_uint_eq (broadcast.read (cursor, chunks), 0);
  ck_assert (!broadcast.skip (cursor));
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("srt viewers",
      {a_viewer_begins_at_the_newest_start, nothing_comes_before_the_first_start,
          fifty_viewers_get_everything, a_slow_viewer_goes_on_with_a_key_frame_and_holds_up_nobody,
          a_viewer_that_takes_nothing_is_closed, old_chunks_go_but_not_the_newest_group,
          what_is_kept_has_a_bound});
}
