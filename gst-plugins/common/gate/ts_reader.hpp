// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns a publisher's MPEG transport stream into a publication's caps and frames.
#pragma once

#include "gst-plugins/common/gate/codec_caps.hpp"
#include "gst-plugins/common/gate/live_publication.hpp"
#include "libs/media/timeline.hpp"
#include "libs/mpegts/demuxer.hpp"

namespace stagedoor::gate {

/** The publisher's thread. */
class TsReader
{
public:
  explicit TsReader (LivePublication &out) : out_ (out) {}

  /** What is broken is dropped and counted. An error means that the stream can't be carried; its
   * text is for the publisher. */
  tl::expected<void, std::string> take (
      ByteView bytes, std::chrono::steady_clock::time_point arrived);
  /** Nothing will follow. */
  void finish ();

private:
  using Result = tl::expected<void, std::string>;

  Result handle (const std::vector<mpegts::Event> &events);
  Result handle (const mpegts::Setup &setup);
  Result handle (const mpegts::Unit &unit);
  Result handle (const mpegts::Ignored &ignored);

  LivePublication &out_;
  std::chrono::steady_clock::time_point arrived_;
  mpegts::Demuxer demuxer_;
  media::Timeline timeline_{media::mpegts_clock};
  std::optional<mpegts::Codec> video_, audio_; // those whose caps out_ has
  std::uint64_t broken_ = 0;                   // told to out_
};

} // namespace stagedoor::gate
