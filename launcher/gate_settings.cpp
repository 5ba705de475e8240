// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/gate_settings.hpp"

#include <fcntl.h>

#include "gst-plugins/common/gate_limits.hpp"
#include "launcher/state_folder.hpp"

namespace stagedoor {
namespace {

constexpr std::size_t largest_passphrase_file = 4096;
constexpr int most_srt_latency_ms = 8000;

/** The file's only line. */
Result<std::string>
read_passphrase (const std::string &path)
{
  auto text = read_file (AT_FDCWD, path, largest_passphrase_file);
  if (!text)
    return fail (exit_no_input, "--srt-passphrase-file: " + path + ": " + text.error ());
  while (text->ends_with ('\n') || text->ends_with ('\r'))
    text->pop_back ();
  if (text->find_first_of (std::string_view ("\n\0", 2)) != std::string::npos)
    return fail (exit_config, "--srt-passphrase-file: " + path + " has more than one line");
  if (text->size () < 10 || text->size () > 79)
    return fail (exit_config,
        "--srt-passphrase-file: the passphrase in " + path + " has not 10 to 79 bytes");
  return std::move (*text);
}

} // namespace

Result<GateSettings>
gate_settings (const ServeOptions &options)
{
  GateSettings out;
  for (const auto &text : options.limits)
    if (const auto set = gate::set_limit (out.limits, text); !set)
      return fail (exit_usage, "--limit: " + set.error ());
  if (options.srt_latency_ms < 0 || options.srt_latency_ms > most_srt_latency_ms)
    return fail (exit_usage, "--srt-latency wants 0 to 8000 milliseconds");
  out.doors.srt.latency = std::chrono::milliseconds (options.srt_latency_ms);
  if (options.srt_passphrase_file.empty ())
    return out;
  const auto passphrase = read_passphrase (options.srt_passphrase_file);
  if (!passphrase)
    return tl::unexpected (passphrase.error ());
  out.has_srt_passphrase = true;
  out.doors.srt.passphrase = [passphrase = *passphrase] (const std::string &) {
    return passphrase;
  };
  return out;
}

} // namespace stagedoor
