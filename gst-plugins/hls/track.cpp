// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/hls/track.hpp"

#include <algorithm>

GST_DEBUG_CATEGORY_EXTERN (gst_stage_hls_sink_debug);
#define GST_CAT_DEFAULT gst_stage_hls_sink_debug

namespace stagedoor::hlssink {
namespace {

using hls::Duration;

/** RFC 5905 section 6. */
std::uint64_t
ntp_of (hls::WallTime time)
{
  constexpr std::uint64_t since_1900 = 2'208'988'800, second = 1'000'000'000;
  const auto ns =
      static_cast<std::uint64_t> (std::max<std::int64_t> (time.time_since_epoch ().count (), 0));
  return (ns / second + since_1900) << 32 | ((ns % second) << 32) / second;
}

Duration
time_of (std::int64_t ticks, const hls::Track &track)
{
  const auto timescale = static_cast<std::int64_t> (track.timescale);
  constexpr std::int64_t second = 1'000'000'000;
  return Duration (ticks / timescale * second + ticks % timescale * second / timescale);
}

/** Whether what @p a and @p b bring has the same init segment, which tells nothing of a rate. */
bool
is_same (const std::shared_ptr<const hls::Track> &a, const std::shared_ptr<const hls::Track> &b)
{
  if (a == b || a == nullptr || b == nullptr)
    return a == b;
  auto other = *b;
  other.picture.frame_rate = a->picture.frame_rate;
  return *a == other;
}

/** After a frame: what is longer is no frame that is shown for so long. As the Segmenter has it. */
constexpr Duration longest_hole = hls::Segmenter::Options{}.gap;

// Time stamps are the publisher's. Running times of more than a human life are none, so that sums
// of them hold; nor is a frame shown later after its decoding, or earlier, than a sample can say in
// 32 bits (ISO/IEC 14496-12 section 8.8.8).
constexpr Duration latest = std::chrono::hours (24 * 365 * 70);
constexpr Duration longest_delay = media_origin;

} // namespace

Track::Track (Presentation &presentation, std::string pad, Presentation::Kind kind)
    : presentation_ (presentation), pad_ (std::move (pad)), kind_ (kind)
{
  gst_segment_init (&segment_, GST_FORMAT_TIME);
}

Track::~Track ()
{
  presentation_.end (pad_);
}

std::string
Track::set_caps (const GstCaps *caps)
{
  if (caps_ && gst_caps_is_equal (caps_.get (), caps))
    return {};
  caps_ = share (const_cast<GstCaps *> (caps));
  auto reader = FrameReader::open (caps);
  if (!reader) {
    reader_.reset ();
    return reader.error ();
  }
  reader_.emplace (std::move (*reader));
  clock_ = {};
  last_duration_ = 0;
  presentation_.expect (pad_, kind_, reader_->frame_duration ());
  return {};
}

void
Track::flush ()
{
  gst_segment_init (&segment_, GST_FORMAT_TIME);
  has_pending_ = false;
  discontinuity_ = true;
}

void
Track::pause ()
{
  if (has_pending_)
    deliver (pending_.dts + usual_duration ());
  has_pending_ = false;
  close_part (true);
  presentation_.finish_segment (pad_);
  discontinuity_ = true;
}

void
Track::end ()
{
  pause ();
  flush ();
  reader_.reset ();
  caps_ = nullptr;
  written_.reset ();
  discontinuity_ = false;
  last_dts_ = -1;
  presentation_.end (pad_);
}

std::optional<Duration>
Track::running (GstClockTime time) const
{
  guint64 out = 0;
  const int sign = GST_CLOCK_TIME_IS_VALID (time)
                       ? gst_segment_to_running_time_full (&segment_, GST_FORMAT_TIME, time, &out)
                       : 0;
  if (sign == 0 || out > static_cast<guint64> (latest.count ()))
    return std::nullopt;
  return Duration (sign * static_cast<std::int64_t> (out));
}

/** False when there is no time to show it at. */
bool
Track::stamp (GstBuffer *buffer, int duration)
{
  const auto pts = running (GST_BUFFER_PTS (buffer));
  const auto dts = running (GST_BUFFER_DTS (buffer));
  if (GST_BUFFER_PTS_IS_VALID (buffer) ? !pts : !dts)
    return false;
  auto &frame = incoming_;
  frame.track = reader_->track ();
  frame.presented = pts.value_or (*dts);
  frame.decoded =
      kind_ == Presentation::Kind::video ? dts.value_or (frame.presented) : frame.presented;
  if (std::min (frame.decoded, frame.presented) + media_origin < Duration::zero ()
      || std::chrono::abs (frame.presented - frame.decoded) > longest_delay)
    return false;
  const auto ticks = [&] (Duration time) {
    return static_cast<std::int64_t> (hls::ticks (
        static_cast<std::uint64_t> ((time + media_origin).count ()), frame.track->timescale));
  };
  frame.pts = duration > 0 ? clock_.timestamp ((frame.presented + media_origin).count (),
                  static_cast<int> (frame.track->timescale), duration)
                           : ticks (frame.presented);
  frame.dts = duration > 0 ? frame.pts : ticks (frame.decoded);
  frame.duration = duration;
  return true;
}

bool
Track::take (ByteView bytes, GstBuffer *buffer)
{
  auto &frame = incoming_;
  frame.data.clear ();
  frame.key = kind_ == Presentation::Kind::audio
              || !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (!reader_->read (bytes, frame.key, frame.data) || !stamp (buffer, reader_->duration (bytes)))
    return false;
  // Decoding never goes back, whatever the time stamps say, unless all of them jump.
  constexpr Duration jitter = std::chrono::seconds (1);
  frame.discontinuity = discontinuity_;
  if (std::exchange (last_timescale_, frame.track->timescale) != frame.track->timescale)
    last_dts_ = -1;
  if (last_dts_ >= 0 && frame.dts <= last_dts_) {
    if (time_of (last_dts_ - frame.dts, *frame.track) > jitter)
      frame.discontinuity = true;
    else {
      frame.dts = last_dts_ + 1;
      frame.decoded = time_of (frame.dts, *frame.track) - media_origin;
    }
  }
  last_dts_ = frame.dts;
  discontinuity_ = false;
  return true;
}

bool
Track::push (GstBuffer *buffer)
{
  if (!reader_)
    return false;
  GstMapInfo map;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return true;
  const bool taken = take ({map.data, map.size}, buffer);
  gst_buffer_unmap (buffer, &map);
  if (!taken)
    return true;
  if (has_pending_) {
    const bool goes_on =
        !incoming_.discontinuity && pending_.track->timescale == incoming_.track->timescale;
    deliver (goes_on ? incoming_.dts : pending_.dts + usual_duration ());
  }
  std::swap (pending_, incoming_);
  has_pending_ = true;
  return true;
}

std::uint32_t
Track::usual_duration () const
{
  constexpr std::uint32_t rate = 30;
  if (pending_.duration > 0)
    return static_cast<std::uint32_t> (pending_.duration);
  return last_duration_ > 0 ? last_duration_ : pending_.track->timescale / rate;
}

std::uint32_t
Track::duration_until (std::int64_t end)
{
  const auto usual = usual_duration ();
  const auto hole = end - pending_.dts - usual;
  if (end <= pending_.dts || (hole > 0 && time_of (hole, *pending_.track) > longest_hole))
    return usual;
  last_duration_ = static_cast<std::uint32_t> (end - pending_.dts);
  return last_duration_;
}

/** The pending frame, which lasts until @p end unless there is a hole after it. */
void
Track::deliver (std::int64_t end)
{
  const auto duration = duration_until (end);
  const bool is_new = written_ != nullptr && !is_same (written_, pending_.track);
  const auto cut = presentation_.cut (pad_, {.dts = pending_.decoded,
                                                .pts = pending_.presented,
                                                .duration = time_of (duration, *pending_.track),
                                                .key = pending_.key,
                                                .discontinuity = pending_.discontinuity || is_new});
  if (cut.drop || (!cut.segment && written_ == nullptr))
    return;
  if (cut.part || cut.segment)
    close_part (cut.segment);
  if (cut.segment && !begin_segment (cut))
    return;
  append (duration);
  if (cut.completes_part)
    close_part (false);
}

bool
Track::begin_segment (const hls::Cut &cut)
{
  presentation_.finish_segment (pad_);
  SegmentStart start{.discontinuities = cut.discontinuities};
  if (!is_same (written_, pending_.track)) {
    auto init = hls::init_segment (*pending_.track);
    if (!init) {
      GST_WARNING ("%s: %s", pad_.c_str (), init.error ().c_str ());
      written_ = nullptr;
      return false;
    }
    start.map = to_piece (std::move (*init));
  }
  written_ = pending_.track;
  presentation_.begin_segment (pad_, *written_, pending_.presented, std::move (start));
  part_.begins_segment = true;
  return true;
}

void
Track::append (std::uint32_t duration)
{
  if (part_.samples.empty ()) {
    part_.independent = pending_.key;
    part_.presented = pending_.presented;
  }
  part_.independent = part_.independent || pending_.key;
  part_.samples.push_back ({part_.data.size (), pending_.data.size (), pending_.dts, duration,
      static_cast<std::int32_t> (pending_.pts - pending_.dts), pending_.key});
  part_.data.insert (part_.data.end (), pending_.data.begin (), pending_.data.end ());
}

void
Track::close_part (bool last)
{
  if (part_.samples.empty ())
    return;
  std::vector<hls::Sample> samples;
  std::uint64_t ticks = 0;
  for (const auto &sample : part_.samples) {
    samples.push_back ({.data = ByteView (part_.data).subspan (sample.offset, sample.size),
        .duration = sample.duration,
        .composition = sample.composition,
        .key = sample.key});
    ticks += sample.duration;
  }
  const auto &first = part_.samples.front ();
  hls::ChunkHead head{.sequence = ++sequence_,
      .decode_time = static_cast<std::uint64_t> (first.dts),
      .begins_segment = part_.begins_segment};
  if (kind_ == Presentation::Kind::video)
    head.clock = hls::WallClock{ntp_of (presentation_.wall_time (part_.presented)),
        static_cast<std::uint64_t> (std::max<std::int64_t> (first.dts + first.composition, 0))};
  auto bytes = hls::chunk (*written_, head, samples);
  if (bytes)
    presentation_.add_part (pad_, to_piece (std::move (*bytes)),
        {.duration = time_of (static_cast<std::int64_t> (ticks), *written_),
            .independent = part_.independent},
        last);
  else
    GST_WARNING ("%s: %s", pad_.c_str (), bytes.error ().c_str ());
  part_.data.clear ();
  part_.samples.clear ();
  part_.begins_segment = false;
}

} // namespace stagedoor::hlssink
