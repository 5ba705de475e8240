// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line as values. Reads nothing but its arguments.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "libs/keys/verifier.hpp"

namespace stagedoor {

/** Prints itself: --help and --version. */
struct PrintText
{
  std::string text;
};

struct ServeOptions
{
  std::string rtmp = ":1935", srt = ":9999", http = ":8080", webrtc = ":8189";
  std::string rtmps;                    ///< "" = :1936 with a certificate, else none
  std::string tls_certificate, tls_key; ///< files
  std::string public_address;
  std::string state;
  std::string pipeline;              ///< "" = the installed webrtc-hls.json
  std::vector<std::string> settings; ///< NAME=VALUE of its parameters
  std::string takeover = "same-key"; ///< any-key, never
  std::string webhook, webhook_secret_file, webhook_dialect = "stagedoor";
  int reconnect_grace = 15; ///< seconds
  int http_connections = 4096;
  std::vector<std::string> limits; ///< NAME=VALUE of the gate's bounds
  int srt_latency_ms = 120;
  std::string srt_passphrase_file; ///< "" = none
  int ready_fd = -1;
};

struct CheckOptions
{
  std::vector<std::string> files;
  bool json = false;
};

struct KeyNewOptions
{
  std::string stream; ///< "live/demo" or "live/cam*"
  keys::Role role = keys::Role::publish;
  std::string from, expires = "never"; ///< see parse_when()
  std::string network, host, state;
  bool json = false;
};

struct KeyInspectOptions
{
  std::string key; ///< token, stream key or URL; "-": a line of standard input
  std::string stream, state;
  bool json = false;
};

struct KeyRevokeOptions
{
  std::string key;    ///< as above, or a credential id
  std::string key_id; ///< instead of key: all keys made with this secret
  std::string state;
  bool json = false;
};

using Command = std::variant<PrintText, ServeOptions, CheckOptions, KeyNewOptions,
    KeyInspectOptions, KeyRevokeOptions>;

/** @p arguments without the program's name. The error is for people. */
tl::expected<Command, std::string> parse_command_line (std::vector<std::string> arguments);

} // namespace stagedoor
