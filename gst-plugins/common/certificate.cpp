// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/certificate.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <glib.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include "gst-plugins/common/fd.hpp"

namespace stagedoor {
namespace {

constexpr std::size_t largest_file = 64 * 1024;
constexpr std::chrono::seconds look_interval{1};

/** Text that leaves no copy of itself in memory. */
struct Secret
{
  std::string text;
  Secret () { text.reserve (largest_file + 1); } // growing would leave copies
  ~Secret () { OPENSSL_cleanse (text.data (), text.size ()); }
  Secret (const Secret &) = delete;
  Secret &operator= (const Secret &) = delete;
};

/** The error, or nothing. A pipe or a device would block, or never end. */
std::string
read_file (const std::string &path, std::string &out)
{
  const auto error = [&path] (const char *why) {
    return path + ": " + why;
  };
  const Fd file (::open (path.c_str (), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat is
  {
  };
  if (file.get () < 0 || fstat (file.get (), &is) != 0)
    return error (g_strerror (errno));
  if (!S_ISREG (is.st_mode))
    return error ("not a file");
  out.resize (largest_file + 1);
  std::size_t size = 0;
  ssize_t n = 0;
  while (
      size < out.size () && (n = ::read (file.get (), out.data () + size, out.size () - size)) > 0)
    size += static_cast<std::size_t> (n);
  out.resize (size);
  if (n < 0)
    return error (g_strerror (errno));
  return size > largest_file ? error ("larger than 64 KiB") : "";
}

} // namespace

bool
Certificate::Look::operator== (const Look &other) const
{
  const auto same = [] (const timespec &a, const timespec &b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
  };
  return same (changed, other.changed) && same (modified, other.modified) && size == other.size
         && number == other.number;
}

Certificate::Look
Certificate::look_at (const std::string &path)
{
  struct stat is
  {
  };
  if (stat (path.c_str (), &is) != 0)
    return {};
  return {is.st_ctim, is.st_mtim, is.st_size, is.st_ino};
}

tl::expected<std::shared_ptr<Certificate>, std::string>
Certificate::open (Files files, Report report)
{
  std::shared_ptr<Certificate> out (new Certificate (std::move (files), std::move (report)));
  out->seen_ = out->look ();
  out->seen_at_ = Clock::now ();
  auto identity = out->read ();
  if (!identity)
    return tl::unexpected (identity.error ());
  out->identity_ = std::move (*identity);
  return out;
}

tl::expected<Certificate::Identity, std::string>
Certificate::read () const
{
  std::string chain;
  Secret key;
  if (auto error = read_file (files_.certificate, chain); !error.empty ())
    return tl::unexpected (std::move (error));
  if (auto error = read_file (files_.private_key, key.text); !error.empty ())
    return tl::unexpected (std::move (error));
  return tls::Identity::parse (chain, key.text).map_error ([this] (const std::string &error) {
    return files_.certificate + " with " + files_.private_key + ": " + error;
  });
}

Certificate::Identity
Certificate::current ()
{
  std::string news;
  Identity out;
  {
    const std::lock_guard lock (mutex_);
    news = read_again ();
    out = identity_;
  }
  if (!news.empty () && report_)
    report_ (news);
  return out;
}

std::string
Certificate::read_again ()
{
  const auto now = Clock::now ();
  if (now < seen_at_ + look_interval)
    return "";
  seen_at_ = now;
  const auto seen = look (); // before they are read, or a change in between would go unseen
  if (seen == std::exchange (seen_, seen))
    return "";
  auto identity = read ();
  if (identity) {
    identity_ = std::move (*identity);
    complaint_.clear ();
    return "the certificate was renewed: " + files_.certificate;
  }
  if (identity.error () == std::exchange (complaint_, identity.error ()))
    return "";
  return "the old certificate stays: " + complaint_;
}

} // namespace stagedoor
