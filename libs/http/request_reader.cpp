// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/http/request_reader.hpp"

#include <algorithm>
#include <charconv>

#include "libs/http/head_parser.hpp"

namespace stagedoor::http1 {

namespace {

constexpr std::size_t max_chunk_line = 1024; // with the extensions that nobody uses

/** Behind the empty line that ends the head; npos: it isn't there yet. */
std::size_t
end_of_head (std::string_view text, std::size_t from)
{
  for (auto at = text.find ('\n', from); at != std::string_view::npos;
       at = text.find ('\n', at + 1)) {
    const auto next = text.substr (at + 1, 2);
    if (next.starts_with ('\n'))
      return at + 2;
    if (next == "\r\n")
      return at + 3;
  }
  return std::string_view::npos;
}

/** A carriage return alone, or a zero, which others might read as the end of something. */
bool
has_stray_bytes (std::string_view text)
{
  if (text.find ('\0') != std::string_view::npos)
    return true;
  for (auto at = text.find ('\r'); at != std::string_view::npos; at = text.find ('\r', at + 1))
    if (at + 1 >= text.size () || text[at + 1] != '\n')
      return true;
  return false;
}

} // namespace

RequestReader::Event
RequestReader::fail ()
{
  state_ = State::broken;
  kept_.clear ();
  return Event::bad;
}

RequestReader::Event
RequestReader::read (std::string_view &bytes)
{
  switch (state_) {
    case State::head:
      return read_head (bytes);
    case State::body:
      return read_body (bytes);
    case State::ended:
      state_ = State::head;
      return Event::end;
    case State::broken:
      bytes = {};
      return Event::bad;
    default:
      return read_chunked (bytes);
  }
}

RequestReader::Event
RequestReader::read_head (std::string_view &bytes)
{
  if (kept_.empty ()) // section 2.2
    bytes.remove_prefix (std::min (bytes.find_first_not_of ("\r\n"), bytes.size ()));
  if (bytes.empty ())
    return Event::nothing;
  if (kept_.empty ()) { // mostly it comes in one piece
    if (const auto end = end_of_head (bytes, 0); end <= max_head_size) {
      const auto text = bytes.substr (0, end);
      bytes.remove_prefix (end);
      return parse_head (text);
    }
  }
  const auto before = kept_.size ();
  const auto room = max_head_size + 1 - std::min (before, max_head_size + 1);
  kept_ += bytes.substr (0, room);
  const auto end = end_of_head (kept_, before > 3 ? before - 3 : 0);
  if (end > max_head_size) {
    bytes = {};
    const bool too_much =
        kept_.size () > max_head_size
        || static_cast<std::size_t> (std::ranges::count (kept_, '\n')) > max_head_lines;
    return too_much ? fail () : Event::nothing;
  }
  bytes.remove_prefix (end - before);
  kept_.resize (end);
  const auto text = std::exchange (kept_, {});
  return parse_head (text);
}

RequestReader::Event
RequestReader::parse_head (std::string_view text)
{
  if (static_cast<std::size_t> (std::ranges::count (text, '\n')) > max_head_lines + 1
      || has_stray_bytes (text))
    return fail ();
  text.remove_suffix (text.ends_with ("\r\n") ? 2 : 1);
  auto head = parse_request_head (text);
  if (!head)
    return fail ();
  head_ = std::move (*head);
  missing_ = head_.body_size;
  state_ = head_.chunked ? State::chunk_size : missing_ > 0 ? State::body : State::ended;
  return Event::head;
}

RequestReader::Event
RequestReader::read_body (std::string_view &bytes)
{
  if (bytes.empty ())
    return Event::nothing;
  piece_ = bytes.substr (
      0, static_cast<std::size_t> (std::min<std::uint64_t> (missing_, bytes.size ())));
  bytes.remove_prefix (piece_.size ());
  missing_ -= piece_.size ();
  if (missing_ == 0)
    state_ = state_ == State::chunk ? State::chunk_end : State::ended;
  return Event::piece;
}

/** Without its end in line_; nothing: not whole yet. */
RequestReader::Event
RequestReader::read_line (std::string_view &bytes, std::string_view &line)
{
  const auto end = bytes.find ('\n');
  const auto size = end == std::string_view::npos ? bytes.size () : end + 1;
  if (kept_.size () + size > max_chunk_line)
    return fail ();
  kept_ += bytes.substr (0, size);
  bytes.remove_prefix (size);
  if (end == std::string_view::npos)
    return Event::nothing;
  line_ = std::exchange (kept_, {});
  // Other than in a head (section 2.2), a line feed alone ends nothing here: who reads it as part
  // of an extension would have the body end elsewhere.
  if (has_stray_bytes (line_) || !line_.ends_with ("\r\n"))
    return fail ();
  line = std::string_view (line_).substr (0, line_.size () - 2);
  return Event::end;
}

/** Section 7.1. */
RequestReader::Event
RequestReader::read_chunked (std::string_view &bytes)
{
  if (state_ == State::chunk)
    return read_body (bytes);
  std::string_view line;
  if (const auto event = read_line (bytes, line); event != Event::end)
    return event;
  if (state_ == State::chunk_end) {
    state_ = State::chunk_size;
    return line.empty () ? read (bytes) : fail ();
  }
  if (state_ == State::trailer) {
    if (!line.empty ())
      return ++trailer_lines_ > max_head_lines ? fail () : read (bytes);
    state_ = State::ended;
    return read (bytes);
  }
  const auto digits = line.substr (0, line.find_first_not_of ("0123456789abcdefABCDEF"));
  auto rest = line.substr (digits.size ());
  rest.remove_prefix (std::min (rest.find_first_not_of (" \t"), rest.size ()));
  if (digits.empty () || digits.size () > 10 || (!rest.empty () && !rest.starts_with (';')))
    return fail ();
  std::from_chars (digits.data (), digits.data () + digits.size (), missing_, 16);
  state_ = missing_ > 0 ? State::chunk : State::trailer;
  trailer_lines_ = 0;
  return read (bytes);
}

} // namespace stagedoor::http1
