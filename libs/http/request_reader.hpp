// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests of HTTP/1.0 and 1.1 as a server reads them (RFC 9112), out of bytes that come in any
// pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stagedoor::http1 {

/** Bounds of a head. */
constexpr std::size_t max_head_size = 16 * 1024;
constexpr std::size_t max_head_lines = 128;

bool same_name (std::string_view a, std::string_view b); ///< case counts for nothing

struct RequestHead
{
  std::string method;
  std::string path;  ///< decoded, without "." and ".."; "*" or what CONNECT has, too
  std::string query; ///< raw
  std::vector<std::pair<std::string, std::string>> fields;
  bool keep_alive = true; ///< the client would send another request
  bool expects_continue = false;
  std::uint64_t body_size = 0; ///< 0 when chunked
  bool chunked = false;

  /** The first of that name. */
  std::optional<std::string_view> field (std::string_view name) const;
  /** All of that name, as one list. */
  std::string list (std::string_view name) const;
};

/** One request after another. */
class RequestReader
{
public:
  enum class Event {
    nothing, ///< more bytes are wanted
    head,    ///< head() is there; piece() will tell of the body
    piece,   ///< of the body: piece()
    end,     ///< of the request; the next one begins
    bad,     ///< not HTTP that we take: there is nothing more to be read
  };

  /** What comes next in @p bytes, from which what was read is taken. Call it until it is nothing:
   * then all bytes are read, or kept. */
  Event read (std::string_view &bytes);

  const RequestHead &head () const { return head_; }
  RequestHead take_head () { return std::move (head_); }
  std::string_view piece () const { return piece_; } ///< until the next read()
  /** Whether a request has been begun, if only by a byte. */
  bool is_within () const { return state_ != State::head || !kept_.empty (); }

private:
  enum class State { head, body, chunk_size, chunk, chunk_end, trailer, ended, broken };

  Event read_head (std::string_view &bytes);
  Event read_body (std::string_view &bytes);
  Event read_chunked (std::string_view &bytes);
  Event read_line (std::string_view &bytes, std::string_view &line);
  Event parse_head (std::string_view text);
  Event fail ();

  State state_ = State::head;
  RequestHead head_;
  std::string kept_; // of a head or line that isn't whole yet
  std::string line_; // the last whole one
  std::size_t trailer_lines_ = 0;
  std::uint64_t missing_ = 0; // of the body, or the chunk
  std::string_view piece_;
};

} // namespace stagedoor::http1
