// SPDX-License-Identifier: LGPL-2.1-or-later
// A server's TLS certificate in files, which may be renewed while it is in use.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <sys/stat.h>
#include <tl/expected.hpp>

#include "libs/tls/identity.hpp"

namespace stagedoor {

/** Any thread. */
class Certificate
{
public:
  struct Files
  {
    std::string certificate, private_key; ///< PEM
  };
  /** Called when new files were taken, or can't be: then the old ones go on. On the thread that
   * asked for them; must not block. */
  using Report = std::function<void (const std::string &text)>;

  /** Error text is for people. It quotes nothing of the files. */
  static tl::expected<std::shared_ptr<Certificate>, std::string> open (
      Files files, Report report = {});

  /** What the files hold, or held when they were last whole. Looks at most once a second whether
   * they have changed. */
  std::shared_ptr<const tls::Identity> current ();

private:
  using Identity = std::shared_ptr<const tls::Identity>;
  using Clock = std::chrono::steady_clock;
  /** By which one sees that a file is another. */
  struct Look
  {
    timespec changed{}, modified{};
    off_t size = 0;
    ino_t number = 0;
    bool operator== (const Look &other) const;
  };
  struct Looks
  {
    Look certificate, private_key;
    bool operator== (const Looks &) const = default;
  };

  Certificate (Files files, Report report)
      : files_ (std::move (files)), report_ (std::move (report))
  {
  }
  static Look look_at (const std::string &path);
  Looks look () const { return {look_at (files_.certificate), look_at (files_.private_key)}; }
  tl::expected<Identity, std::string> read () const;
  std::string read_again (); ///< what is to be reported

  const Files files_;
  const Report report_;
  std::mutex mutex_; // innermost, but for the files
  // Protected by mutex_:
  Identity identity_;
  Looks seen_;
  Clock::time_point seen_at_;
  std::string complaint_; // the last one, while it holds
};

} // namespace stagedoor
