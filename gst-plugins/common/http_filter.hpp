// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps from libsoup the requests that it mishandles. http thread.
#pragma once

#include <gio/gio.h>

namespace stagedoor::http {

/** Bounds of a request's head; a pipelined one may be half as long again. */
constexpr unsigned max_head_size = 16 * 1024;
constexpr unsigned max_head_lines = 128;

/** What libsoup is to read and write instead of @p connection, which lives as long as this and is
 * closed with it. A client that sends something forbidden is answered 400 and reading fails. */
GIOStream *new_filtered_stream (GIOStream *connection);

/** libsoup waits for a request from now on, or for no more of the head. @p filter is the input
 * stream. */
void expect_head (GInputStream *filter);
void expect_no_head (GInputStream *filter);

/** Whatever still comes is not read: reading fails from here on. Without this libsoup would read a
 * client that sends faster than we do on and on, and come to nothing else. */
void end_input (GInputStream *filter);

} // namespace stagedoor::http
