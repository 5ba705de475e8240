// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns a WHIP publisher's packets into a publication's caps and frames.
#pragma once

#include <array>
#include <mutex>
#include <string>

#include "gst-plugins/common/gate/codec_caps.hpp"
#include "gst-plugins/common/gate/live_publication.hpp"
#include "libs/media/h26x.hpp"
#include "libs/media/reorder.hpp"
#include "libs/media/rtp_timeline.hpp"
#include "libs/webrtc/depacketizer.hpp"
#include "libs/webrtc/incoming_filter.hpp"

namespace stagedoor::gate {

/** What can be made frames of. */
const std::vector<webrtc::Codec> &readable_codecs ();

/** What a packet led to. */
enum class ReadResult {
  fine,
  needs_key_frame, ///< video can't be shown before one
  unreadable,      ///< the stream can't be carried: see PacketReader::problem()
};

/** Each track has a thread of its own; reports may come from a third. */
class PacketReader
{
public:
  PacketReader (LivePublication &out, const webrtc::IncomingPlan &plan);

  /** In order. What is broken is dropped and counted; after it video goes on with a key frame. */
  ReadResult take (std::size_t track, ByteView packet);
  void report (const webrtc::SenderReport &report);
  std::string problem () const;

private:
  struct Lane
  {
    std::size_t index;
    bool video;
    webrtc::Codec codec;
    // Of the track's thread:
    std::unique_ptr<webrtc::Depacketizer> depacketizer;
    std::optional<media::ByteStreamConverter> converter; ///< H.264, HEVC
    std::optional<std::uint32_t> ssrc;
    std::uint16_t next = 0;     ///< sequence number of @c ssrc
    std::uint64_t broken = 0;   ///< told to the publication
    media::DecodingTimes times; ///< of H.264, HEVC
    bool needs_key = true;
    bool lost = false; ///< something before the next frame was
    Bytes setup;
    Ref<GstCaps> caps;
  };
  struct Picture
  {
    Bytes data;
    bool keyframe;
  };
  using Result = tl::expected<Picture, std::string>;

  ReadResult take (Lane &lane, webrtc::ReceivedUnit unit);
  ReadResult take_video (Lane &lane, webrtc::ReceivedUnit unit);
  Result read_picture (Lane &lane, webrtc::ReceivedUnit &unit);
  tl::expected<void, std::string> set_up (Lane &lane, rtmp::VideoCodec codec, Bytes setup);
  void set_caps (Lane &lane, Ref<GstCaps> caps);
  void push (Lane &lane, const webrtc::ReceivedUnit &unit, Bytes data, bool keyframe);
  ReadResult fail (std::string problem);

  LivePublication &out_;
  std::vector<Lane> lanes_;     // by track
  mutable std::mutex mutex_;    // innermost
  media::RtpTimeline timeline_; // protected by mutex_
  std::string problem_;         // protected by mutex_
};

} // namespace stagedoor::gate
