// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server says: control messages, and results and statuses in the shape that OBS, ffmpeg,
// librtmp and GStreamer look for.
#pragma once

#include <cstdint>
#include <string_view>

#include "libs/rtmp/amf0.hpp"
#include "libs/rtmp/chunk_writer.hpp"

namespace stagedoor::rtmp {

/** The id that every createStream gets: a connection carries one stream. */
constexpr std::uint32_t media_stream = 1;

/** Level "status" is good news; "error" makes clients give up and show the description. */
struct Status
{
  std::string_view level, code, description;
};

class Answers
{
public:
  /** Where the handshake writes, and what the owner takes. */
  Bytes &output () { return out_; }

  void acknowledge (std::uint32_t received);
  void ping_response (std::uint32_t stamp);
  void stream_begin ();

  /** Window sizes, our chunk size and the result of connect. @p connect is its command object. */
  void connected (double transaction, const Amf &connect);
  void number (double transaction, double value);
  /** The result of a command that has nothing to tell. */
  void nothing (double transaction);
  /** An onStatus on the media stream. */
  void status (const Status &status);
  /** @p name is onFCPublish or onFCUnpublish. */
  void fc_status (std::string_view name, std::string_view code);

private:
  void control (std::uint8_t type, ByteView body);
  void command (std::uint32_t stream_id, ByteView body);

  Bytes out_;
  ChunkWriter chunks_;
};

} // namespace stagedoor::rtmp
