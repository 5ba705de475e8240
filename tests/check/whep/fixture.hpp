// SPDX-License-Identifier: LGPL-2.1-or-later
// stagewhepsink in PLAYING on ports of its own, and the streams that a test feeds to it.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <gst/gst.h>

#include "gst-plugins/common/http_server.hpp"
#include "gst-plugins/common/ref.hpp"
#include "gst-plugins/common/webrtc/port.hpp"
#include "libs/base/bytes.hpp"
#include "tests/check/common/http_client.hpp"
#include "tests/check/whep/viewer.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

/** Waits for what happens on other threads; fails the test after 15 s. */
void wait_for (const std::function<bool ()> &condition);

inline constexpr const char *h264_caps =
    "video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline";
/** With codec_data. */
inline constexpr const char *avc_caps =
    "video/x-h264,stream-format=avc,alignment=au,profile=constrained-baseline";
inline constexpr const char *opus_caps = "audio/x-opus,rate=48000,channels=2,"
                                         "channel-mapping-family=0";

/** NAL units that no decoder would like, but packetisers do. */
Bytes nal (std::uint8_t header, std::size_t size, unsigned seed);
const std::vector<Bytes> &parameter_sets ();
/** With start codes. */
Bytes access_unit (const std::vector<Bytes> &nals);
/** As avc has it. */
Bytes length_prefixed (const std::vector<Bytes> &nals);
/** Of avc caps with parameter_sets(). */
Ref<GstBuffer> avc_codec_data ();

class Sink
{
public:
  /** @p properties such as "path=/x public-address=192.0.2.1". */
  explicit Sink (const std::string &properties = "path=/whep", bool playing = true);
  ~Sink ();
  Sink (const Sink &) = delete;

  GstElement *element () const { return element_.get (); }
  std::uint16_t http_port () const { return http_->port (); }
  std::uint16_t udp_port () const { return port_->port (); }
  void set_state (GstState state);
  std::uint64_t stat (const char *name) const;
  guint viewers () const;
  std::string problem () const;
  /** A message of this type; fails after 15 s. */
  Ref<GstMessage> message (GstMessageType type);
  bool has_message (GstMessageType type);

private:
  const std::shared_ptr<http::Server> http_;
  const std::shared_ptr<webrtc::Port> port_;
  const Ref<GstElement> element_;
  const Ref<GstBus> bus_;
};

/** What is linked to one of the sink's pads. */
class Source
{
public:
  /** "video_0" or "audio_0"; the sink must outlive it. */
  Source (Sink &sink, const char *pad_name);
  ~Source ();
  Source (const Source &) = delete;

  /** stream-start, caps, segment. */
  bool start (const std::string &caps, const Ref<GstBuffer> &codec_data = {});
  GstFlowReturn push (const Bytes &bytes, GstClockTime pts, bool keyframe);
  bool event (GstEvent *event) { return gst_pad_push_event (pad_.get (), event); }
  int keyframe_requests () const;
  /** What the sink has said of its demand, in order. */
  std::vector<bool> demands () const;

private:
  static gboolean on_event (GstPad *pad, GstObject *, GstEvent *event);
  static gboolean on_query (GstPad *pad, GstObject *parent, GstQuery *query);

  Sink &sink_;
  const Ref<GstPad> pad_, peer_;
  /** What comes from downstream, on any thread, maybe when this is just going: the pad's own. */
  struct Upstream;
  Upstream &upstream () const;
};

/** H.264 with start codes, 30 frames a second. */
class Video : public Source
{
public:
  explicit Video (Sink &sink) : Source (sink, "video_0") { start (h264_caps); }
  /** The NAL units of the frame just pushed. */
  const std::vector<Bytes> &keyframe (std::size_t size = 5000);
  const std::vector<Bytes> &frame (std::size_t size = 2000);

  GstClockTime time = 0; ///< of the next frame

private:
  const std::vector<Bytes> &push_nals (std::vector<Bytes> nals, bool keyframe);

  std::vector<Bytes> nals_;
  unsigned count_ = 0;
};

/** Opus, 50 packets a second. */
class Audio : public Source
{
public:
  explicit Audio (Sink &sink) : Source (sink, "audio_0") { start (opus_caps); }
  Bytes packet ();

  GstClockTime time = 0;

private:
  unsigned count_ = 0;
};

} // namespace stagedoor::test
