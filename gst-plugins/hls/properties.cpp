// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/properties.hpp"

#include <array>

namespace stagedoor::hlssink {
namespace {

using Specs = std::array<GParamSpec *, N_PROPS>;

// Each may be set until READY.
constexpr auto setting =
    static_cast<GParamFlags> (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
constexpr auto secret =
    static_cast<GParamFlags> (G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
constexpr auto readable = static_cast<GParamFlags> (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

void
install_places (Specs &props, const Settings &defaults)
{
  /**
   * GstStageHlsSink:path:
   *
   * Below what the stream is served: /live/demo for http://HOST:8080/live/demo/playlist.m3u8.
   * Empty: nowhere, which makes sense with a #GstStageHlsSink:location only.
   *
   * Since: 0.1
   */
  props[PROP_PATH] = g_param_spec_string ("path", "Path",
      "HTTP path of the stream; empty for no HTTP", defaults.path.c_str (), setting);
  /**
   * GstStageHlsSink:http-address:
   *
   * Where the HTTP server listens: host:port, :port for all addresses, :0 for a free port.
   *
   * Since: 0.1
   */
  props[PROP_HTTP_ADDRESS] = g_param_spec_string ("http-address", "HTTP address",
      "Where the HTTP server listens", defaults.http_address.c_str (), setting);
  /**
   * GstStageHlsSink:location:
   *
   * A folder to write the stream to as well, as plain HLS: playlist.m3u8, and hls/ below it. Files
   * are never seen half written, and removed when nobody can ask for them any more. What goes wrong
   * with the disk is a warning; the stream is served on.
   *
   * Since: 0.1
   */
  props[PROP_LOCATION] = g_param_spec_string (
      "location", "Location", "Folder to write the stream to as well", nullptr, setting);
}

void
install_keys (Specs &props)
{
  /**
   * GstStageHlsSink:key-file:
   *
   * File with the secrets that viewers' play keys are signed with, as docs/keys.md describes it. Of
   * the #GstStageHlsSink:path the last two parts are then the stream that the key has to be for.
   * Without this and #GstStageHlsSink:keys anybody may watch.
   *
   * Since: 0.1
   */
  props[PROP_KEY_FILE] = g_param_spec_string (
      "key-file", "Key file", "File with the secrets that keys are signed with", nullptr, setting);
  /**
   * GstStageHlsSink:keys:
   *
   * The content of a #GstStageHlsSink:key-file, instead of one. It can't be read back.
   *
   * Since: 0.1
   */
  props[PROP_KEYS] = g_param_spec_string (
      "keys", "Keys", "Content of a key file, instead of one", nullptr, secret);
}

void
install_shape (Specs &props, const Settings &defaults)
{
  /**
   * GstStageHlsSink:part-duration:
   *
   * How many milliseconds a part takes, at most and mostly. It gets a little longer where whole
   * frames need that.
   *
   * Since: 0.1
   */
  props[PROP_PART_DURATION] = g_param_spec_uint ("part-duration", "Part duration",
      "Duration of a part (ms)", 50, 2000, defaults.part_duration_ms, setting);
  /**
   * GstStageHlsSink:target-duration:
   *
   * How many seconds a segment takes. It begins with a key frame, so where these are further apart
   * when the stream begins it takes longer.
   *
   * Since: 0.1
   */
  props[PROP_TARGET_DURATION] = g_param_spec_uint ("target-duration", "Target duration",
      "Duration of a segment (s)", 1, 10, defaults.target_duration_s, setting);
  /**
   * GstStageHlsSink:playlist-length:
   *
   * How many segments a playlist has. As many are kept once more for players that are behind.
   *
   * Since: 0.1
   */
  props[PROP_PLAYLIST_LENGTH] = g_param_spec_uint ("playlist-length", "Playlist length",
      "Segments in a playlist", 3, 1000, defaults.playlist_length, setting);
  /**
   * GstStageHlsSink:max-bytes:
   *
   * How much media is kept, of all pads together: with more, the oldest goes early.
   *
   * Since: 0.1
   */
  props[PROP_MAX_BYTES] = g_param_spec_uint64 ("max-bytes", "Most bytes",
      "Media that is kept at most", 1024 * 1024, G_MAXUINT64, defaults.max_bytes, setting);
}

void
install_state (Specs &props)
{
  /**
   * GstStageHlsSink:viewers:
   *
   * How many there are: whoever has asked for something with the session of a playlist in the last
   * ten seconds or so. Doesn't notify.
   *
   * Since: 0.1
   */
  props[PROP_VIEWERS] =
      g_param_spec_uint ("viewers", "Viewers", "Viewers now", 0, G_MAXUINT, 0, readable);
  /**
   * GstStageHlsSink:stats:
   *
   * Fields, all guint64: viewers, waiting (requests that wait for something new), bytes-held (of
   * media), key-distance (of the video's key frames, in ms) and target-duration (in s) as of now;
   * joined (viewers), playlists, media and bytes (sent), refused (requests without a key or session
   * that holds) and overload (requests that may not wait, because too many do) since READY;
   * segments, parts, uneven-parts (shorter or longer than they should be, because frames come
   * unevenly) and dropped-segments (for want of room) made.
   *
   * Since: 0.1
   */
  props[PROP_STATS] =
      g_param_spec_boxed ("stats", "Statistics", "Counters", GST_TYPE_STRUCTURE, readable);
  /**
   * GstStageHlsSink:problem:
   *
   * What is wrong with the stream, for people; NULL when nothing is. Notifies on streaming threads.
   *
   * Since: 0.1
   */
  props[PROP_PROBLEM] = g_param_spec_string (
      "problem", "Problem", "What is wrong with the stream", nullptr, readable);
}

std::string *
text_of (Settings &settings, guint id)
{
  switch (id) {
    case PROP_PATH:
      return &settings.path;
    case PROP_HTTP_ADDRESS:
      return &settings.http_address;
    case PROP_LOCATION:
      return &settings.location;
    case PROP_KEY_FILE:
      return &settings.key_file;
    case PROP_KEYS:
      return &settings.keys;
    default:
      return nullptr;
  }
}

guint *
number_of (Settings &settings, guint id)
{
  switch (id) {
    case PROP_PART_DURATION:
      return &settings.part_duration_ms;
    case PROP_TARGET_DURATION:
      return &settings.target_duration_s;
    case PROP_PLAYLIST_LENGTH:
      return &settings.playlist_length;
    default:
      return nullptr;
  }
}

} // namespace

GParamSpec *
install_properties (GObjectClass *object_class)
{
  static Specs props;
  const Settings defaults;
  install_places (props, defaults);
  install_keys (props);
  install_shape (props, defaults);
  install_state (props);
  g_object_class_install_properties (object_class, props.size (), props.data ());
  return props[PROP_PROBLEM];
}

bool
set_setting (Settings &settings, guint id, const GValue *value)
{
  if (auto *text = text_of (settings, id)) {
    const char *set = g_value_get_string (value);
    *text = set != nullptr ? set : "";
  } else if (auto *number = number_of (settings, id)) {
    *number = g_value_get_uint (value);
  } else if (id == PROP_MAX_BYTES) {
    settings.max_bytes = g_value_get_uint64 (value);
  } else {
    return false;
  }
  return true;
}

bool
get_setting (const Settings &settings, guint id, GValue *value)
{
  auto &same = const_cast<Settings &> (settings);
  if (id == PROP_KEYS)
    return false;
  if (const auto *text = text_of (same, id))
    g_value_set_string (value, text->c_str ());
  else if (const auto *number = number_of (same, id))
    g_value_set_uint (value, *number);
  else if (id == PROP_MAX_BYTES)
    g_value_set_uint64 (value, settings.max_bytes);
  else
    return false;
  return true;
}

} // namespace stagedoor::hlssink
