// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads what a client sends line by line, before libsoup does.
#include "gst-plugins/common/http_filter.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace stagedoor::http {
namespace {

constexpr std::string_view refusal =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

bool
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

std::string_view
trimmed (std::string_view text)
{
  while (!text.empty () && is_blank (text.front ()))
    text.remove_prefix (1);
  while (!text.empty () && (is_blank (text.back ()) || text.back () == '\r'))
    text.remove_suffix (1);
  return text;
}

bool
starts_with (std::string_view text, std::string_view lower)
{
  return text.size () >= lower.size ()
         && g_ascii_strncasecmp (text.data (), lower.data (), lower.size ()) == 0;
}

bool
is_chunked (std::string_view text)
{
  constexpr std::string_view chunked = "chunked";
  return text.size () == chunked.size () && starts_with (text, chunked);
}

bool
is_length (std::string_view text)
{
  return !text.empty () && text.size () <= 10
         && std::all_of (text.begin (), text.end (), [] (char c) { return g_ascii_isdigit (c); });
}

/** libsoup 3.2 leaks the path of a request whose coding it does not know or whose length is not a
 * number. It does not matter here where a body ends, on which a hostile client and libsoup may
 * agree behind our back (RFC 9112 section 11.2): every line that could be a header is held to the
 * rules, and no body that anyone has a use for has such lines. All zeroes is the initial state. */
class Guard
{
public:
  /** False when libsoup must not see these bytes. */
  bool admits (std::string_view bytes)
  {
    return std::all_of (bytes.begin (), bytes.end (), [this] (char c) { return take (c); });
  }
  void begin_head () { head_ended_ = false, head_size_ = head_lines_ = 0; }
  void end_head () { head_ended_ = true; }

private:
  bool take (char c)
  {
    if (!head_ended_ && ++head_size_ > max_head_size)
      return false;
    if (size_ == 0 && is_blank (c) && after_framing_)
      return false; // a continuation (RFC 9112 section 5.2)
    if (c == '\n')
      return end_line ();
    if (c != '\0' && size_ < sizeof line_) // older libsoups drop zeroes
      line_[size_++] = c;
    return true;
  }

  bool end_line ()
  {
    const std::string_view line (line_, size_);
    size_ = 0;
    after_framing_ = false;
    if (line.empty () || line == "\r") {
      framed_ = false;
      head_ended_ = head_ended_ || head_lines_ > 0; // libsoup skips blank lines before a request
      return true;
    }
    if (!head_ended_ && ++head_lines_ > max_head_lines)
      return false;
    constexpr std::string_view coding = "transfer-encoding:", length = "content-length:";
    if (starts_with (line, coding))
      return end_framing (is_chunked (trimmed (line.substr (coding.size ()))), line);
    if (starts_with (line, length))
      return end_framing (is_length (trimmed (line.substr (length.size ()))), line);
    return true;
  }

  /** One framing header is enough for anyone honest: two need not agree. */
  bool end_framing (bool good, std::string_view line)
  {
    after_framing_ = true;
    return good && line.size () < sizeof line_ && !std::exchange (framed_, true);
  }

  char line_[64]; // its beginning; no framing header fills this
  unsigned size_, head_size_, head_lines_;
  bool head_ended_, framed_, after_framing_;
};

struct StageHttpFilter
{
  GInputStream parent;
  GIOStream *connection; // owned
  Guard guard;
  /** No head has come since the last answer. libsoup 3.2 forgets to close a connection, for good,
   * that ends before it has seen a line of its next request: it is shown one. */
  bool between_requests;
  bool ended;
  unsigned line_given; // bytes of it
};

struct StageHttpFilterClass
{
  GInputStreamClass parent;
};

void pollable_init (GPollableInputStreamInterface *pollable);

G_DEFINE_TYPE_WITH_CODE (StageHttpFilter, filter, G_TYPE_INPUT_STREAM,
    G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, (+[] (gpointer pollable, gpointer) {
      pollable_init (static_cast<GPollableInputStreamInterface *> (pollable));
    })))

StageHttpFilter *
cast (gpointer stream)
{
  return reinterpret_cast<StageHttpFilter *> (stream);
}

GInputStream *
input_of (gpointer stream)
{
  return g_io_stream_get_input_stream (cast (stream)->connection);
}

/** libsoup writes nothing while it reads. */
void
refuse (StageHttpFilter *self)
{
  auto *out = g_io_stream_get_output_stream (self->connection);
  g_pollable_stream_write (out, refusal.data (), refusal.size (), FALSE, nullptr, nullptr);
}

/** What comes is not for libsoup, or nothing comes any more. */
gssize
end (StageHttpFilter *self, char *buffer, GError **error)
{
  constexpr std::string_view line = "-\n"; // an empty one could end a head
  self->ended = true;
  if (self->between_requests && self->line_given < line.size ()) {
    *buffer = line[self->line_given++];
    return 1;
  }
  // Not the end of the stream: there libsoup would answer to what has come of the head.
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "no more requests");
  return -1;
}

gssize
read_checked (gpointer stream, void *buffer, gsize size, bool blocking, GCancellable *cancellable,
    GError **error)
{
  auto *self = cast (stream);
  auto *bytes = static_cast<char *> (buffer);
  if (self->ended)
    return end (self, bytes, error);
  GError *problem = nullptr;
  const auto got =
      g_pollable_stream_read (input_of (stream), buffer, size, blocking, cancellable, &problem);
  const bool must_wait = g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  if (problem != nullptr)
    g_propagate_error (error, problem);
  if (got > 0 && !self->guard.admits ({bytes, static_cast<gsize> (got)})) {
    refuse (self);
    return end (self, bytes, error);
  }
  if (got <= 0 && self->between_requests && !must_wait) {
    g_clear_error (error);
    return end (self, bytes, error);
  }
  return got;
}

void
pollable_init (GPollableInputStreamInterface *pollable)
{
  pollable->is_readable = [] (GPollableInputStream *stream) {
    return g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (input_of (stream)));
  };
  pollable->create_source = [] (GPollableInputStream *stream, GCancellable *cancellable) {
    GSource *socket = g_pollable_input_stream_create_source (
        G_POLLABLE_INPUT_STREAM (input_of (stream)), cancellable);
    GSource *source = g_pollable_source_new_full (stream, socket, nullptr);
    g_source_unref (socket);
    return source;
  };
  pollable->read_nonblocking = [] (GPollableInputStream *stream, void *buffer, gsize size,
                                   GError **error) {
    return read_checked (stream, buffer, size, false, nullptr, error);
  };
}

void
filter_init (StageHttpFilter *)
{
}

void
filter_class_init (StageHttpFilterClass *klass)
{
  klass->parent.read_fn = [] (GInputStream *stream, void *buffer, gsize size,
                              GCancellable *cancellable, GError **error) {
    return read_checked (stream, buffer, size, true, cancellable, error);
  };
  klass->parent.close_fn = [] (GInputStream *stream, GCancellable *cancellable, GError **error) {
    return g_io_stream_close (cast (stream)->connection, cancellable, error);
  };
  G_OBJECT_CLASS (klass)->finalize = [] (GObject *object) {
    g_object_unref (cast (object)->connection); // not before: dispose closes
    G_OBJECT_CLASS (filter_parent_class)->finalize (object);
  };
}

} // namespace

GIOStream *
new_filtered_stream (GIOStream *connection)
{
  auto *filter = G_INPUT_STREAM (g_object_new (filter_get_type (), nullptr));
  cast (filter)->connection = G_IO_STREAM (g_object_ref (connection));
  GIOStream *stream = g_simple_io_stream_new (filter, g_io_stream_get_output_stream (connection));
  g_object_unref (filter);
  return stream;
}

void
expect_head (GInputStream *filter)
{
  cast (filter)->between_requests = true;
  cast (filter)->guard.begin_head ();
}

void
end_input (GInputStream *filter)
{
  cast (filter)->ended = true;
}

void
expect_no_head (GInputStream *filter)
{
  cast (filter)->between_requests = false;
  cast (filter)->guard.end_head ();
}

} // namespace stagedoor::http
