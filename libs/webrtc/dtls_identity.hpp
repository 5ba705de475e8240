// SPDX-License-Identifier: LGPL-2.1-or-later
// What DtlsIdentity holds, for DtlsServer; private to them.
#pragma once

#include <openssl/ssl.h>

#include "libs/base/openssl_ptr.hpp"
#include "libs/webrtc/dtls.hpp"
#include "libs/webrtc/fingerprint.hpp"

namespace stagedoor::webrtc {

struct DtlsIdentity::Impl
{
  OpenSslPtr<SSL_CTX, SSL_CTX_free> context;
  std::string fingerprint;
};

/** What the context's verification asks of a session, which is the SSL's app data. */
class CertificateJudge
{
public:
  virtual bool accepts (const X509 &certificate) = 0;

protected:
  ~CertificateJudge () = default;
};

} // namespace stagedoor::webrtc
