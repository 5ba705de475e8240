// SPDX-License-Identifier: LGPL-2.1-or-later
// A certificate and its key in files that last as long as the test.
#pragma once

#include <filesystem>
#include <fstream>
#include <mutex>
#include <vector>

#include "gst-plugins/common/certificate.hpp"
#include "tests/check/gate/fixture.hpp"
#include "tests/unit/tls/pem.hpp"

namespace stagedoor::test {

class CertificateFiles
{
public:
  explicit CertificateFiles (const Pem &pem = make_pem ())
  {
    char folder[] = "/tmp/stagedoor-certificate-XXXXXX";
    ck_assert_ptr_nonnull (mkdtemp (folder));
    folder_ = folder;
    write_certificate (pem.certificate);
    write_key (pem.private_key);
  }
  ~CertificateFiles () { std::filesystem::remove_all (folder_); }
  CertificateFiles (const CertificateFiles &) = delete;
  CertificateFiles &operator= (const CertificateFiles &) = delete;

  Certificate::Files paths () const { return {folder_ / "cert.pem", folder_ / "key.pem"}; }
  void write_certificate (std::string_view text) { write ("cert.pem", text); }
  void write_key (std::string_view text) { write ("key.pem", text); }

  std::shared_ptr<Certificate> open ()
  {
    auto opened = Certificate::open (paths (), [this] (const std::string &text) {
      const std::lock_guard lock (mutex_);
      reports_.push_back (text);
    });
    ck_assert_msg (opened.has_value (), "%s", opened ? "" : opened.error ().c_str ());
    return *opened;
  }
  std::vector<std::string> reports () const
  {
    const std::lock_guard lock (mutex_);
    return reports_;
  }

private:
  void write (const char *name, std::string_view text)
  {
    std::ofstream (folder_ / name, std::ios::binary) << text;
  }

  std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::vector<std::string> reports_; // protected by mutex_
};

} // namespace stagedoor::test
