// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/srtp_cipher.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

#include "libs/webrtc/srtp_hmac.hpp"

namespace stagedoor::webrtc {

namespace {

struct FreeContext
{
  void operator() (EVP_CIPHER_CTX *context) const { EVP_CIPHER_CTX_free (context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

/** A context with its key schedule done; only the IV changes from packet to packet. */
Context
make_context (const EVP_CIPHER *cipher, const SessionKeys &keys, bool encrypt)
{
  Context context (EVP_CIPHER_CTX_new ());
  // Can only fail for want of memory, where we abort everywhere else too.
  if (!context
      || EVP_CipherInit_ex (context.get (), cipher, nullptr, keys.cipher.data (), nullptr, encrypt)
             != 1)
    std::abort ();
  return context;
}

bool
set_iv (EVP_CIPHER_CTX *context, const std::uint8_t *iv)
{
  return EVP_CipherInit_ex (context, nullptr, nullptr, nullptr, iv, -1) == 1;
}

/** With @p out null, @p in is additional data. */
bool
update (EVP_CIPHER_CTX *context, ByteView in, std::uint8_t *out)
{
  int written = 0;
  return in.empty ()
         || EVP_CipherUpdate (context, out, &written, in.data (), static_cast<int> (in.size ()))
                == 1;
}

/** XORs SSRC and 48-bit index into @p iv at @p offset (RFC 3711 4.1.1, RFC 7714 8.1 and 9.1). */
void
mix_in (PacketId id, std::uint8_t *iv)
{
  for (int i = 0; i < 4; ++i)
    iv[i] ^= static_cast<std::uint8_t> (id.ssrc >> (24 - 8 * i));
  for (int i = 0; i < 6; ++i)
    iv[4 + i] ^= static_cast<std::uint8_t> (id.index >> (40 - 8 * i));
}

/** AEAD_AES_128_GCM (RFC 7714). */
class Gcm final : public SrtpCipher
{
public:
  Gcm (const SessionKeys &keys, bool encrypt)
      : context_ (make_context (EVP_aes_128_gcm (), keys, encrypt))
  {
    std::copy_n (keys.salt.begin (), salt_.size (), salt_.begin ());
  }

  std::size_t tag_size () const override { return gcm_tag_size; }

  bool seal (PacketId id, ByteView before, ByteView text, ByteView after, std::uint8_t *out,
      std::uint8_t *tag) override
  {
    int written = 0;
    return start (id, before, after) && update (context_.get (), text, out)
           && EVP_EncryptFinal_ex (context_.get (), tag, &written) == 1
           && EVP_CIPHER_CTX_ctrl (context_.get (), EVP_CTRL_AEAD_GET_TAG, gcm_tag_size, tag) == 1;
  }

  bool open (PacketId id, ByteView before, std::span<std::uint8_t> text, ByteView after,
      ByteView tag) override
  {
    std::array<std::uint8_t, gcm_tag_size> expected;
    std::ranges::copy (tag, expected.begin ());
    int written = 0;
    return start (id, before, after) && update (context_.get (), text, text.data ())
           && EVP_CIPHER_CTX_ctrl (
                  context_.get (), EVP_CTRL_AEAD_SET_TAG, gcm_tag_size, expected.data ())
                  == 1
           && EVP_DecryptFinal_ex (context_.get (), expected.data (), &written) == 1;
  }

private:
  bool start (PacketId id, ByteView before, ByteView after)
  {
    auto iv = salt_;
    mix_in (id, iv.data () + 2);
    return set_iv (context_.get (), iv.data ()) && update (context_.get (), before, nullptr)
           && update (context_.get (), after, nullptr);
  }

  Context context_;
  std::array<std::uint8_t, 12> salt_;
};

/** AES128_CM_HMAC_SHA1_80 (RFC 3711). */
class CounterMode final : public SrtpCipher
{
public:
  explicit CounterMode (const SessionKeys &keys)
      : context_ (make_context (EVP_aes_128_ctr (), keys, true)), mac_ (keys.authentication)
  {
    std::ranges::copy (keys.salt, salt_.begin ());
  }

  std::size_t tag_size () const override { return sha1_tag_size; }

  bool seal (PacketId id, ByteView before, ByteView text, ByteView after, std::uint8_t *out,
      std::uint8_t *tag) override
  {
    if (!crypt (id, text, out))
      return false;
    const auto mac = mac_ ({before, ByteView{out, text.size ()}, after});
    std::copy_n (mac.begin (), sha1_tag_size, tag);
    return true;
  }

  bool open (PacketId id, ByteView before, std::span<std::uint8_t> text, ByteView after,
      ByteView tag) override
  {
    const auto mac = mac_ ({before, text, after});
    return equal_constant_time (tag, ByteView (mac).first (sha1_tag_size))
           && crypt (id, text, text.data ());
  }

private:
  bool crypt (PacketId id, ByteView in, std::uint8_t *out)
  {
    auto iv = salt_;
    mix_in (id, iv.data () + 4);
    return set_iv (context_.get (), iv.data ()) && update (context_.get (), in, out);
  }

  Context context_;
  HmacSha1 mac_;
  std::array<std::uint8_t, 16> salt_{};
};

} // namespace

std::unique_ptr<SrtpCipher>
SrtpCipher::create (SrtpProfile profile, const SessionKeys &keys, Direction direction)
{
  if (profile == SrtpProfile::aead_aes_128_gcm)
    return std::make_unique<Gcm> (keys, direction == Direction::seal);
  return std::make_unique<CounterMode> (keys);
}

} // namespace stagedoor::webrtc
