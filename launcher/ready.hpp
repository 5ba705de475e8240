// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells whoever started the program that it accepts publishers, or ends.
#pragma once

namespace stagedoor {

/** Whether @p fd can be written to. */
bool is_writable (int fd);

/** Writes "READY" and a newline to @p fd, and closes it. */
void write_ready (int fd);

/** sd_notify(3): sends @p state to $NOTIFY_SOCKET when there is one. */
void notify_manager (const char *state);

} // namespace stagedoor
