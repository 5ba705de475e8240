// SPDX-License-Identifier: LGPL-2.1-or-later
// Elements that pass for hardware encoders: x264enc in disguise, which works or doesn't.
#pragma once

#include <string>

#include "tests/check/transcode/fixture.hpp"

namespace stagedoor::test {

enum class Chip {
  works,
  missing,     ///< its driver finds no chip
  hangs,       ///< with the first frame, until let_go()
  garbage,     ///< is what it puts out
  other_size,  ///< than was asked for
  no_key_frame ///< when it is asked for one, after a while
};

/** Registers an element @p name that says it is hardware, takes NV12 and puts out H.264. */
void install_chip (const char *name, guint rank, Chip chip);
/** All that hang go on. */
void let_go ();
/** How often @p name was made. */
int made (const char *name);
/** The value that @p name was last given for @p property; -1: none. */
int told (const char *name, const char *property);

} // namespace stagedoor::test
