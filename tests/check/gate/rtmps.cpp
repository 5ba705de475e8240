// SPDX-License-Identifier: LGPL-2.1-or-later
// Publishing by RTMPS: at its own port and at the plain one, and certificates that are renewed.
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "libs/base/hmac.hpp"
#include "libs/base/text.hpp"
#include "tests/check/gate/certificate_files.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

std::string
good_key ()
{
  return "demo?key=" + key_for ("live/demo");
}

std::uint16_t
open_rtmps_door (TestGate &gate, const std::shared_ptr<Certificate> &certificate)
{
  const auto address = gate->add_door ("rtmps://127.0.0.1:0", {.certificate = certificate});
  ck_assert_msg (address.has_value (), "%s", address ? "" : address.error ().c_str ());
  ck_assert (address->starts_with ("rtmps://127.0.0.1:"));
  ck_assert (*gate::Gate::open (*address) == gate.pointer ());
  return port_of (*address);
}

void
assert_frames_arrive (TestGate &gate, Publisher &publisher, const char *protocol)
{
  const auto publication = gate.claim ();
  assert_text (publication->protocol (), protocol);
  publisher.send_h264_setup ();
  publisher.send_aac_setup ();
  publisher.send_video (0, true, 60000); // some records of TLS
  publisher.send_audio (0);
  ck_assert (pop_until (*publication, [] (const gate::Item &item) {
    const auto frame = std::get_if<gate::Frame> (&item);
    return frame != nullptr && frame->track == gate::Track::video && is_key (*frame)
           && gst_buffer_get_size (frame->buffer.get ()) > 60000;
  }));
  publisher.close ();
  ck_assert (pop_until (*publication,
      [] (const gate::Item &item) { return std::holds_alternative<gate::End> (item); }));
}

START_TEST (tls_has_its_port_and_is_found_at_the_plain_one)
{
  CertificateFiles files;
  const auto certificate = files.open ();
  TestGate gate ({}, {.certificate = certificate});
  for (const auto port : {open_rtmps_door (gate, certificate), gate.port ()}) {
    Publisher publisher (port);
    ck_assert (publisher.start_tls ());
    ck_assert (publisher.publish (good_key ()));
    assert_frames_arrive (gate, publisher, "rtmps");
  }
  Publisher plain (gate.port ());
  ck_assert (plain.publish (good_key ()));
  assert_frames_arrive (gate, plain, "rtmp");
}
END_TEST

START_TEST (both_versions_of_tls_publish)
{
  CertificateFiles files (make_pem ("localhost", 2048));
  TestGate gate ({}, {.certificate = files.open ()});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Publisher publisher (gate.port ());
    ck_assert (publisher.start_tls (version));
    ck_assert_int_eq (SSL_version (publisher.tls ()), version);
    ck_assert (publisher.publish (good_key ()));
    assert_frames_arrive (gate, publisher, "rtmps");
  }
  Publisher old (gate.port ());
  ck_assert (!old.start_tls (TLS1_1_VERSION));
}
END_TEST

START_TEST (wrong_key_is_refused_with_its_words)
{
  CertificateFiles files;
  TestGate gate ({}, {.certificate = files.open ()});
  Publisher publisher (gate.port ());
  ck_assert (publisher.start_tls ());
  publisher.handshake ();
  publisher.ask ("live", "demo?key=" + key_for ("live/demo", keys::Role::publish, 3600, false));
  ck_assert (publisher.expect ("NetStream.Publish.Denied"));
  ck_assert (publisher.closed_by_peer ());
  ck_assert_int_ne (SSL_get_shutdown (publisher.tls ()) & SSL_RECEIVED_SHUTDOWN, 0);
  assert_text (gate.refused ().back ().reason, "wrong-signature");
  ck_assert (publisher.received ().find (gate.refused ().back ().text) != std::string::npos);
}
END_TEST

START_TEST (closing_reaches_the_publisher)
{
  CertificateFiles files;
  TestGate gate ({}, {.certificate = files.open ()});
  Publisher publisher (gate.port ());
  ck_assert (publisher.start_tls ());
  ck_assert (publisher.publish (good_key ()));
  gate.claim ()->close ("enough for today");
  ck_assert (publisher.expect ("enough for today"));
  ck_assert (publisher.closed_by_peer ());
  ck_assert_int_ne (SSL_get_shutdown (publisher.tls ()) & SSL_RECEIVED_SHUTDOWN, 0);
}
END_TEST

START_TEST (the_publishers_end_is_answered)
{
  CertificateFiles files;
  TestGate gate ({}, {.certificate = files.open ()});
  Publisher publisher (gate.port ());
  ck_assert (publisher.start_tls ());
  ck_assert (publisher.publish (good_key ()));
  SSL_shutdown (publisher.tls ());
  ck_assert_int_eq (SSL_shutdown (publisher.tls ()), 1); // waits for the answer
  ck_assert (eventually ([&] { return gate->counters ().open == 0; }));
}
END_TEST

START_TEST (takeover_across_doors)
{
  CertificateFiles files;
  TestGate gate ({}, {.certificate = files.open ()});
  Publisher plain (gate.port ()), sealed (gate.port ());
  const auto key = good_key ();
  ck_assert (plain.publish (key));
  ck_assert (sealed.start_tls ());
  ck_assert (sealed.publish (key));
  ck_assert (plain.expect ("publishes from another connection now"));
}
END_TEST

/** The URL is signed as the publisher has it, with its scheme. */
START_TEST (signed_policy_is_over_the_rtmps_url)
{
  CertificateFiles files;
  const auto certificate = files.open ();
  TestGate gate;
  const auto port = open_rtmps_door (gate, certificate);
  keys::KeyringSettings settings;
  settings.ome = keys::SignedPolicy{.secret = "ome_is_the_best"};
  const auto token = gate->admit ("live/demo", std::make_shared<keys::Keyring> (settings));
  const std::string policy =
      "?policy=" + base64url_encode (view ("{\"url_expire\":4102444800000}"));
  const auto signed_for = [&] (const std::string &base) {
    const auto url = base + "/live/demo" + policy;
    return "demo" + policy
           + "&signature=" + base64url_encode (hmac_sha1 (view ("ome_is_the_best"), view (url)));
  };
  const auto at = "127.0.0.1:" + std::to_string (port);
  Publisher right (port), wrong (port);
  ck_assert (right.start_tls () && wrong.start_tls ());
  ck_assert (right.publish (signed_for ("rtmps://" + at), "live", "rtmps"));
  ck_assert (!wrong.publish (signed_for ("rtmp://" + at), "live", "rtmps"));
}
END_TEST

std::string
shown_name (Publisher &publisher)
{
  const OpenSslPtr<X509, X509_free> certificate (SSL_get1_peer_certificate (publisher.tls ()));
  char name[64] = "";
  X509_NAME_get_text_by_NID (
      X509_get_subject_name (certificate.get ()), NID_commonName, name, sizeof name);
  return name;
}

std::string
name_at (std::uint16_t port)
{
  Publisher stranger (port);
  ck_assert (stranger.start_tls ());
  return shown_name (stranger);
}

START_TEST (a_renewed_certificate_is_for_new_connections)
{
  CertificateFiles files (make_pem ("old.example"));
  TestGate gate ({}, {.certificate = files.open ()});
  Publisher publisher (gate.port ());
  ck_assert (publisher.start_tls ());
  ck_assert (publisher.publish (good_key ()));
  assert_text (shown_name (publisher), "old.example");
  const auto renewed = make_pem ("new.example", 2048);
  files.write_certificate (renewed.certificate); // without its key: not yet
  ck_assert (eventually ([&] {
    assert_text (name_at (gate.port ()), "old.example");
    return !files.reports ().empty ();
  }));
  files.write_key (renewed.private_key);
  ck_assert (eventually ([&] { return name_at (gate.port ()) == "new.example"; }));
  assert_frames_arrive (gate, publisher, "rtmps");
  ck_assert_uint_eq (files.reports ().size (), 2);
  ck_assert (files.reports ()[0].starts_with ("the old certificate stays: "));
  ck_assert (files.reports ()[1].starts_with ("the certificate was renewed: "));
}
END_TEST

START_TEST (a_broken_file_is_told_once)
{
  const auto pem = make_pem ("old.example");
  CertificateFiles files (pem);
  const auto certificate = files.open ();
  const auto first = certificate->current ();
  const auto half = pem.private_key.substr (0, pem.private_key.size () / 2);
  const auto told = [&] (std::size_t times) {
    return eventually ([&] {
      ck_assert_ptr_eq (certificate->current ().get (), first.get ());
      return files.reports ().size () == times;
    });
  };
  files.write_key (half);
  ck_assert (told (1));
  files.write_key (half + "\n"); // another file, the same complaint
  unlink (files.paths ().private_key.c_str ());
  ck_assert (told (2));
  ck_assert (files.reports ()[1].find ("No such file") != std::string::npos);
  files.write_key (pem.private_key);
  ck_assert (eventually ([&] { return certificate->current () != first; }));
  ck_assert_uint_eq (files.reports ().size (), 3);
  for (const auto &report : files.reports ())
    ck_assert (report.find (half.substr (30, 20)) == std::string::npos);
}
END_TEST

START_TEST (what_cant_be_a_certificate)
{
  CertificateFiles files;
  const auto error_of = [] (const Certificate::Files &paths) {
    const auto opened = Certificate::open (paths);
    return opened ? std::string () : opened.error ();
  };
  const auto good = files.paths ();
  assert_text (error_of (good), "");
  const auto pipe = good.private_key + ".pipe";
  ck_assert_int_eq (mkfifo (pipe.c_str (), 0600), 0);
  ck_assert (error_of ({good.certificate, pipe}).ends_with ("not a file")); // and doesn't block
  ck_assert (error_of ({"/dev/zero", good.private_key}).ends_with ("not a file"));
  ck_assert (error_of ({"/nowhere", good.private_key}).ends_with ("No such file or directory"));
  ck_assert (!error_of ({good.private_key, good.certificate}).empty ());
  files.write_certificate (std::string (65 * 1024, '#'));
  ck_assert (error_of (good).ends_with ("larger than 64 KiB"));
  const auto alone = gate::Gate::open ("rtmps://127.0.0.1:0");
  ck_assert (!alone.has_value ());
  assert_text (alone.error (), "RTMPS needs a certificate");
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("rtmps",
      {tls_has_its_port_and_is_found_at_the_plain_one, both_versions_of_tls_publish,
          wrong_key_is_refused_with_its_words, closing_reaches_the_publisher,
          the_publishers_end_is_answered, takeover_across_doors,
          signed_policy_is_over_the_rtmps_url, a_renewed_certificate_is_for_new_connections,
          a_broken_file_is_told_once, what_cant_be_a_certificate});
}
