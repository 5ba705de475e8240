// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known of each stream, for status.json (schemas/status.schema.json). Written by the main
// thread, read by the http thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gst-plugins/common/gate.hpp"
#include "launcher/stream_life.hpp"

namespace stagedoor {

struct VideoFacts
{
  std::string codec;
  int width = 0, height = 0; ///< 0: not known
  double framerate = 0;      ///< 0: not known
};

struct AudioFacts
{
  std::string codec;
  int rate = 0, channels = 0;
};

std::optional<VideoFacts> video_facts (const GstCaps *caps);
std::optional<AudioFacts> audio_facts (const GstCaps *caps);

struct StreamStatus
{
  std::string name; ///< "live/demo"
  Phase phase = Phase::offline;
  std::int64_t since = 0; ///< Unix seconds: when the phase began
  std::optional<VideoFacts> video;
  std::optional<AudioFacts> audio;
  std::string protocol; ///< the publisher's; "" without one
  /** Asked for its numbers when somebody wants to see them. */
  std::weak_ptr<const gate::Publication> publication;
  std::vector<std::string> problems;
  std::map<std::string, std::string> decisions; ///< by where: "transcode.video_0"
  std::vector<Ref<GstElement>> audiences;       ///< elements whose "viewers" count
};

/** May be the last to let go of a publication that has just ended. */
std::string status_document (const StreamStatus &status);

class StatusBoard
{
public:
  explicit StatusBoard (std::int64_t now) : started_ (now) {}

  void put (StreamStatus status);
  /** Of a stream that nobody knows: offline since the program began. */
  StreamStatus get (const std::string &name) const;

private:
  /** Streams that are offline are remembered, up to so many in all. */
  static constexpr std::size_t most = 2048;

  const std::int64_t started_;
  mutable std::mutex mutex_;                    // innermost
  std::map<std::string, StreamStatus> streams_; // protected by mutex_
};

} // namespace stagedoor
