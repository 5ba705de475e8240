// SPDX-License-Identifier: LGPL-2.1-or-later
// The server side of one RTMP connection, sans-IO: bytes in, events out, bytes to send out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "libs/base/bytes.hpp"

namespace stagedoor::rtmp {

/** Bounds of one connection. What exceeds one ends the connection with an Error that names it. */
struct Limits
{
  std::size_t chunk_size = 65536;             ///< largest chunk size a peer may set
  std::size_t message_size = 8 * 1024 * 1024; ///< largest message once published
  std::size_t unauthenticated =
      64 * 1024; ///< bytes held, and largest message, before accept_publish()
  int amf_depth = 16;
  int chunk_streams = 64;
};

/** The client asks to publish. Answer with accept_publish() or refuse_publish(); nothing else is
 * read before. Names are at most 256 bytes and not judged. */
struct PublishRequest
{
  std::string app;    ///< first path component of tcUrl or the connect "app", without its query
  std::string stream; ///< the publish name without its query, percent-decoded
  std::string query;  ///< tcUrl's (or app's) query and the publish name's query joined by '&', raw
  std::string url;    ///< tcUrl's scheme and host as given (port as given), then /app/stream?query:
                      ///< for OME policies
};

/** One FLV tag body (libs/rtmp/flv.hpp reads it). The bytes are shared so that nobody need copy
 * them. */
struct MediaTag
{
  enum class Kind { audio, video };
  Kind kind;
  std::uint32_t timestamp; ///< ms, wraps at 2^32
  std::shared_ptr<const Bytes> body;
};

/** onMetaData: what the encoder says of itself; numbers only, the rest of it is ignored. */
struct Metadata
{
  double width = 0, height = 0, framerate = 0, video_kbps = 0, audio_kbps = 0;
  std::string encoder; ///< at most 128 bytes, printable
};

/** FCUnpublish, deleteStream or closeStream: an orderly end. */
struct Unpublished
{
};

using Event = std::variant<PublishRequest, MediaTag, Metadata, Unpublished>;

/** Why the connection can't go on; text is for the log and for the honest user. */
struct Error
{
  std::string text;
};

/** Not thread safe; owned by the thread that owns the socket. */
class ServerSession
{
public:
  /** @p random_seed fills the handshake's random bytes (they carry no secret). */
  explicit ServerSession (std::uint64_t random_seed, Limits limits = {});
  ~ServerSession ();
  ServerSession (ServerSession &&) noexcept;

  /** Takes whatever arrived, split anywhere. Appends events in order. After an Error the session is
   * dead. */
  tl::expected<void, Error> feed (ByteView bytes, std::vector<Event> &events);

  /** Answers the pending PublishRequest. What came behind it waits for the next feed(), which may
   * be one of no bytes. */
  void accept_publish ();
  /** @p code is "NetStream.Publish.Denied" or "NetStream.Publish.BadName"; @p why is shown to the
   * user. */
  void refuse_publish (std::string_view code, std::string_view why);
  /** Tells a live publisher that it is being closed (takeover, stream ended). */
  void close_publish (std::string_view code, std::string_view why);

  /** What must be sent, in order; empty when there is nothing. */
  Bytes take_output ();

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace stagedoor::rtmp
