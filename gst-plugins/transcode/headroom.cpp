// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/headroom.hpp"

#include <algorithm>

namespace stagedoor::transcode {

namespace {

/** Looks in a row. */
constexpr int patience_when_late = 2;
/** Who is late again so many looks after a step was taken back had better waited. */
constexpr int relapse = 10;
/** Who is well for so many is forgiven. */
constexpr int forgiven = 60;
/** A try without knowing whether there is room, in multiples of the patience. */
constexpr int blind = 12;

std::int64_t
size_of (const RenditionSpec &spec)
{
  return std::int64_t{spec.width} * spec.height;
}

/** More than one frame in twenty, and no pause between the others. */
bool
is_late (const Work &work, std::uint64_t elapsed)
{
  return work.lost * 20 > work.taken + work.lost
         && (work.taken == 0 || work.busy * 5 > elapsed * 4);
}

/** Whether a step less cut would leave the encoder some time: a faster preset saves about a third,
 * half the frames a half. */
bool
has_room (const Work &work, Cut cut, std::uint64_t elapsed)
{
  const auto expected = work.busy * (cut == Cut::half_rate ? 4 : 3) / 2;
  return expected * 10 < elapsed * 7;
}

} // namespace

Headroom::Entry &
Headroom::entry_for (const RenditionSpec &spec)
{
  auto wanted = spec;
  wanted.cut = Cut::none;
  const auto found = std::ranges::find (entries_, wanted, &Entry::wanted);
  if (found != entries_.end ())
    return *found;
  return entries_.emplace_back (Entry{wanted});
}

/** True when any is late. */
bool
Headroom::note (std::span<const Work> works, std::uint64_t elapsed)
{
  for (auto &entry : entries_) {
    entry.roomy = entry.cut == Cut::left_out;
    ++entry.calm;
    ++entry.since_eased;
    if (entry.cut == Cut::none && entry.since_eased > forgiven)
      entry.patience = first_patience;
  }
  bool any = false;
  for (const auto &work : works) {
    auto &entry = entry_for (work.spec);
    const bool late = is_late (work, elapsed);
    entry.late = late ? entry.late + 1 : 0;
    if (work.lost > 0)
      entry.calm = 0;
    entry.roomy = has_room (work, entry.cut, elapsed);
    any |= late;
  }
  return any;
}

Headroom::Entry *
Headroom::next_to_cut (bool late_only)
{
  Entry *out = nullptr;
  for (auto &entry : entries_)
    if (entry.cut != Cut::left_out && (!late_only || entry.late >= patience_when_late)
        && (out == nullptr || entry.cut < out->cut
            || (entry.cut == out->cut && size_of (entry.wanted) >= size_of (out->wanted))))
      out = &entry;
  return out;
}

Headroom::Entry *
Headroom::next_to_ease ()
{
  Entry *out = nullptr;
  for (auto &entry : entries_)
    if (entry.cut != Cut::none && entry.calm >= entry.patience * (entry.roomy ? 1 : blind)
        && (out == nullptr || entry.cut > out->cut
            || (entry.cut == out->cut && size_of (entry.wanted) < size_of (out->wanted))))
      out = &entry;
  return out;
}

/** What was seen of it before says nothing about after this; nor do others' calm seconds. */
void
Headroom::change (Entry &entry, int by)
{
  entry.cut = static_cast<Cut> (static_cast<int> (entry.cut) + by);
  entry.late = 0;
  decoder_late_ = 0;
  for (auto &each : entries_)
    each.calm = 0;
}

bool
Headroom::look (std::span<const Work> works, std::uint64_t elapsed, bool decoder_late)
{
  const bool any_late = note (works, elapsed);
  decoder_late_ = decoder_late ? decoder_late_ + 1 : 0;
  auto *cut = next_to_cut (true);
  if (cut == nullptr && decoder_late_ >= patience_when_late)
    cut = next_to_cut (false);
  if (cut != nullptr) {
    if (cut->since_eased < relapse)
      cut->patience = std::min (cut->patience * 2, most_patience);
    change (*cut, 1);
    return true;
  }
  auto *eased = any_late || decoder_late ? nullptr : next_to_ease ();
  if (eased == nullptr)
    return false;
  eased->since_eased = 0;
  change (*eased, -1);
  return true;
}

Cut
Headroom::cut (const RenditionSpec &wanted) const
{
  const auto found = std::ranges::find (entries_, wanted, &Entry::wanted);
  return found != entries_.end () ? found->cut : Cut::none;
}

std::string
remark_on (Cut cut)
{
  switch (cut) {
    case Cut::none:
      return {};
    case Cut::faster:
    case Cut::fastest:
      return "with less effort, because this machine cannot keep up";
    case Cut::half_rate:
      return "with less effort and half of the pictures, because this machine cannot keep up";
    case Cut::left_out:
      break;
  }
  return "this machine cannot keep up with it";
}

} // namespace stagedoor::transcode
