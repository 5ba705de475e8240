// SPDX-License-Identifier: LGPL-2.1-or-later
// The folder with what the program must remember: the key file, and where the running server
// listens. Safe against other processes of ours at work in the same folder.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "launcher/failure.hpp"
#include "libs/keys/keyfile.hpp"

namespace stagedoor {

/** A file descriptor that is closed. */
class Fd
{
public:
  explicit Fd (int fd = -1) : fd_ (fd) {}
  Fd (Fd &&other) noexcept : fd_ (std::exchange (other.fd_, -1)) {}
  Fd &operator= (Fd &&other) noexcept
  {
    std::swap (fd_, other.fd_);
    return *this;
  }
  ~Fd ();
  int get () const { return fd_; }
  explicit operator bool () const { return fd_ >= 0; }

private:
  int fd_;
};

/** Where a running server really listens, for the URLs that "key new" prints. */
struct Addresses
{
  std::string rtmp, srt, http; ///< "host:port", the host maybe empty
  std::string public_address;
  std::string rtmps; ///< "" when there is none
  bool srt_passphrase = false; ///< publishers by SRT need one, which is not said here
};

class StateFolder
{
public:
  /** @p option, else $STATE_DIRECTORY (systemd), else $XDG_STATE_HOME/stagedoor, else
   * ~/.local/state/stagedoor. Made with mode 0700 when it isn't there. */
  static Result<StateFolder> open (const std::string &option);

  const std::string &path () const { return path_; }

  /** The key file; made with a new secret when it isn't there. Refused when others may read it. */
  Result<keys::KeyringSettings> read_keys () const;

  /** Replaces the key file by what @p change made of it, atomically and under a lock. */
  Result<keys::KeyringSettings> change_keys (
      const std::function<void (keys::KeyringSettings &)> &change) const;

  /** Says where the server listens, for as long as the returned descriptor is open. Fails when
   * another server does so. */
  Result<Fd> announce (const Addresses &addresses) const;

  /** What the running server announced; nullopt when none runs. */
  std::optional<Addresses> announced () const;

private:
  StateFolder (std::string path, Fd folder) : path_ (std::move (path)), folder_ (std::move (folder))
  {
  }
  Result<std::optional<keys::KeyringSettings>> load_keys () const;
  Result<void> store_keys (const keys::KeyringSettings &settings) const;

  std::string path_;
  Fd folder_;
};

/** A fresh random secret under the first id of k1, k2, … that @p settings does not use. */
keys::Secret new_secret (const keys::KeyringSettings &settings);

/** A whole regular file of at most @p limit bytes; the error is for people. */
tl::expected<std::string, std::string> read_file (
    int folder, const std::string &name, std::size_t limit);

} // namespace stagedoor
