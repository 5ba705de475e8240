// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/encoder_choice.hpp"

#include <climits>

#include "gst-plugins/transcode/encoder_trial.hpp"

namespace stagedoor::transcode {

namespace {

/** The lower the better; nullopt: not at all. A program isn't waited for, and one that failed its
 * trial is still better than nothing: the trial may be to blame, on a machine that is overloaded.
 */
std::optional<int>
cost (const EncoderKind &kind, Verdict said, int defeats)
{
  if (hangs (kind))
    return std::nullopt;
  if (said != Verdict::fails)
    return defeats;
  return kind.hardware ? std::nullopt : std::optional (INT_MAX);
}

std::string
blame (const EncoderKind &kind, const RenditionSpec &spec, const VideoFailures &failures)
{
  const auto said = verdict (kind);
  if (said == Verdict::fails)
    return kind.factory + " did not work when it was tried";
  if (hangs (kind) || (said == Verdict::late && kind.hardware))
    return kind.factory + " hangs";
  return kind.factory + " " + failures.what (spec, kind.factory);
}

} // namespace

EncoderChoice
choose_encoder (const RenditionSpec &spec, const VideoFailures &failures)
{
  EncoderChoice out;
  const EncoderKind *first = nullptr, *chosen = nullptr;
  int least = 0;
  const auto kinds = encoder_kinds (spec.codec);
  for (const auto &kind : *kinds) {
    if (chosen != nullptr && least == 0)
      break; // what comes after isn't tried before it is needed
    if (!serves (kind, spec))
      continue;
    out.pending |= hangs (kind);
    first = first != nullptr ? first : &kind;
    const auto said = verdict (kind);
    const auto its = cost (kind, said, failures.defeats (spec, kind.factory));
    const bool better = its && (chosen == nullptr || *its < least);
    if (better && kind.hardware && (said == Verdict::trying || said == Verdict::late)) {
      out.pending = true;
      if (said == Verdict::trying)
        return out;
    } else if (better) {
      chosen = &kind;
      least = *its;
    }
  }
  if (chosen == nullptr || (out.pending && least == INT_MAX))
    return out;
  out.pending = false;
  out.kind = *chosen;
  if (chosen != first)
    out.why = blame (*first, spec, failures);
  return out;
}

Ref<GstCaps>
expected_caps (const RenditionSpec &spec)
{
  const auto kinds = encoder_kinds (spec.codec);
  for (const auto &kind : *kinds)
    if (serves (kind, spec) && !has_failed_trial (kind))
      return encoded_caps (kind, spec);
  for (const auto &kind : *kinds)
    if (serves (kind, spec) && !kind.hardware)
      return encoded_caps (kind, spec);
  return adopt (gst_caps_new_empty ());
}

} // namespace stagedoor::transcode
