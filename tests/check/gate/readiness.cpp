// SPDX-License-Identifier: LGPL-2.1-or-later
// Readiness of descriptors: who is called, how often, and who isn't any more.
#include "gst-plugins/common/gate/readiness.hpp"

#include <array>
#include <optional>

#include <poll.h>

#include "tests/check/gate/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Readiness;

namespace {

struct Pipe
{
  Pipe ()
  {
    std::array<int, 2> ends{};
    ck_assert_int_eq (pipe (ends.data ()), 0);
    out = Fd (ends[0]);
    in.emplace (ends[1]);
  }
  void write () const { ck_assert_int_eq (::write (in->get (), "x", 1), 1); }
  void read () const
  {
    char byte = 0;
    ck_assert_int_eq (::read (out.get (), &byte, 1), 1);
  }

  Fd out;
  std::optional<Fd> in;
};

bool
is_ready (const Readiness &readiness)
{
  pollfd polled{readiness.fd (), POLLIN, 0};
  return poll (&polled, 1, 0) == 1;
}

START_TEST (those_that_can_be_read_are_called_until_they_are_read)
{
  Readiness readiness;
  const Pipe quiet, busy;
  int quiet_calls = 0, busy_calls = 0;
  const auto quiet_watch = readiness.watch (quiet.out.get (), [&] { ++quiet_calls; });
  const auto busy_watch = readiness.watch (busy.out.get (), [&] { ++busy_calls; });
  ck_assert (!is_ready (readiness));
  busy.write ();
  ck_assert (is_ready (readiness));
  readiness.dispatch ();
  readiness.dispatch ();
  busy.read ();
  readiness.dispatch ();
  ck_assert (!is_ready (readiness));
  ck_assert_int_eq (busy_calls, 2);
  ck_assert_int_eq (quiet_calls, 0);
}
END_TEST

START_TEST (end_is_told)
{
  Readiness readiness;
  Pipe pipe;
  int calls = 0;
  const auto watch = readiness.watch (pipe.out.get (), [&] { ++calls; });
  pipe.in.reset ();
  readiness.dispatch ();
  ck_assert_int_eq (calls, 1);
}
END_TEST

START_TEST (call_may_drop_its_own_watch)
{
  Readiness readiness;
  const Pipe pipe;
  Readiness::Watch watch;
  const std::string text (100, 'x'); // on the heap: a call freed under its own feet shows
  std::string after;
  watch = readiness.watch (pipe.out.get (), [&, text] {
    watch.reset ();
    after = text;
  });
  pipe.write ();
  readiness.dispatch ();
  readiness.dispatch ();
  assert_text (after, text);
  ck_assert (!watch);
  ck_assert (!is_ready (readiness));
}
END_TEST

START_TEST (dropped_while_ready_is_not_called)
{
  Readiness readiness;
  const Pipe one, other;
  std::array<Readiness::Watch, 2> watches;
  int calls = 0;
  const auto drop_all = [&] {
    ++calls;
    for (auto &watch : watches)
      watch.reset ();
  };
  watches[0] = readiness.watch (one.out.get (), drop_all);
  watches[1] = readiness.watch (other.out.get (), drop_all);
  one.write ();
  other.write ();
  readiness.dispatch ();
  ck_assert_int_eq (calls, 1);
}
END_TEST

START_TEST (moved_watch_goes_on)
{
  Readiness readiness;
  const Pipe pipe;
  int calls = 0;
  auto first = readiness.watch (pipe.out.get (), [&] { ++calls; });
  const auto second = std::move (first);
  pipe.write ();
  readiness.dispatch ();
  ck_assert_int_eq (calls, 1);
  ck_assert (second);
}
END_TEST

START_TEST (many_are_all_called_in_the_end)
{
  Readiness readiness;
  std::array<Pipe, 200> pipes;
  std::vector<Readiness::Watch> watches;
  int calls = 0;
  for (const auto &pipe : pipes) {
    watches.push_back (readiness.watch (pipe.out.get (), [&] {
      ++calls;
      pipe.read ();
    }));
    pipe.write ();
  }
  for (int turn = 0; is_ready (readiness) && turn < 200; ++turn)
    readiness.dispatch ();
  ck_assert_int_eq (calls, 200);
}
END_TEST

} // namespace

int
main ()
{
  return run ("readiness", {those_that_can_be_read_are_called_until_they_are_read, end_is_told,
                               call_may_drop_its_own_watch, dropped_while_ready_is_not_called,
                               moved_watch_goes_on, many_are_all_called_in_the_end});
}
