// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds out which encoders work here, each once in the life of the process, on threads of its own.
#pragma once

#include <string>

#include "gst-plugins/transcode/encoder_table.hpp"

namespace stagedoor::transcode {

enum class Verdict {
  trying, ///< for a moment: it is worth waiting
  late,   ///< for longer than an encoder should take: others come first
  works,
  fails
};

/** Any thread. Begins the trial if there was none; doesn't wait. */
Verdict verdict (const EncoderKind &kind);

/** Whether its trial is over, and was in vain. Begins none. */
bool has_failed_trial (const EncoderKind &kind);

/** Held while an encoder that failed is taken down. One that hangs may never be. */
class TakingDown
{
public:
  explicit TakingDown (const std::string &factory);
  ~TakingDown ();
  TakingDown (const TakingDown &) = delete;
  TakingDown &operator= (const TakingDown &) = delete;

private:
  const std::string factory_;
};
/** So many of its encoders are being taken down that there should be no more of them for now. */
bool hangs (const EncoderKind &kind);

/** Until no hardware is tried any more, or it is late. */
void wait_for_trials (const EncoderKinds &kinds);

} // namespace stagedoor::transcode
