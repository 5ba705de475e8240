// SPDX-License-Identifier: LGPL-2.1-or-later
// The program: reads the command line, runs a command, says why it failed.
#include <cstdio>

#include "launcher/commands.hpp"
#include "launcher/log.hpp"

namespace {

using namespace stagedoor;

struct Run
{
  Result<Exit> operator() (const PrintText &print) const
  {
    std::fputs (print.text.c_str (), stdout);
    return exit_ok;
  }
  Result<Exit> operator() (const ServeOptions &options) const { return run_serve (options); }
  Result<Exit> operator() (const CheckOptions &options) const { return run_check (options); }
  Result<Exit> operator() (const KeyNewOptions &options) const { return run_key_new (options); }
  Result<Exit> operator() (const KeyInspectOptions &options) const
  {
    return run_key_inspect (options);
  }
  Result<Exit> operator() (const KeyRevokeOptions &options) const
  {
    return run_key_revoke (options);
  }
};

} // namespace

int
main (int argc, char **argv)
{
  const auto command = parse_command_line ({argv + 1, argv + argc});
  if (!command) {
    log_line ("stagedoor: " + command.error ());
    return exit_usage;
  }
  const auto done = std::visit (Run{}, *command);
  if (!done) {
    log_line ("stagedoor: " + done.error ().text);
    return done.error ().code;
  }
  return std::fflush (stdout) == 0 ? *done : exit_io;
}
