// SPDX-License-Identifier: LGPL-2.1-or-later
// What the program's exit says, after sysexits.h; the man page lists them.
#pragma once

#include <sysexits.h>

namespace stagedoor {

enum Exit : int {
  exit_ok = EX_OK,
  exit_usage = EX_USAGE,             ///< 64: the command line
  exit_data = EX_DATAERR,            ///< 65: a pipeline file or a key is not right
  exit_no_input = EX_NOINPUT,        ///< 66: a file can't be read
  exit_unavailable = EX_UNAVAILABLE, ///< 69: an address is taken, or the state folder is in use
  exit_io = EX_IOERR,                ///< 74: the state folder can't be written
  exit_refused = EX_NOPERM,          ///< 77: the key that was inspected does not hold
  exit_config = EX_CONFIG,           ///< 78: what serve was to run with is not right
};

} // namespace stagedoor
