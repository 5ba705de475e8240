// SPDX-License-Identifier: LGPL-2.1-or-later
// What becomes of renditions that this machine can't keep up with. Streaming thread.
#include "gst-plugins/transcode/video_converter.hpp"

#include <algorithm>

GST_DEBUG_CATEGORY_EXTERN (gst_stage_transcode_bin_debug);
#define GST_CAT_DEFAULT gst_stage_transcode_bin_debug

namespace stagedoor::transcode {

std::string
VideoConverter::problem (GstPad *output) const
{
  const auto spec = spec_of (output);
  return spec.cut == Cut::left_out ? remark_on (spec.cut) : failures_.text (spec);
}

/** Who waits for each picture isn't late, however long that takes. */
void
VideoConverter::watch_headroom (const Outputs &outputs)
{
  if (patient_)
    return;
  const auto now = time_of (lane_.bin ());
  const auto elapsed =
      GST_CLOCK_TIME_IS_VALID (looked_at_) && now > looked_at_ ? now - looked_at_ : 0;
  if (GST_CLOCK_TIME_IS_VALID (looked_at_) && elapsed < GST_SECOND)
    return;
  looked_at_ = now;
  std::vector<Work> works;
  for (const auto &rendition : renditions_)
    works.push_back (rendition->take_work ());
  const bool decoder_late = chain_ != nullptr && chain_->is_late ();
  std::vector<RenditionSpec> wanted; // or at least not ended yet
  for (const auto &work : works)
    wanted.push_back (work.spec);
  for (const auto &out : outputs)
    if (mode (out.get ()) == Mode::convert && is_wanted (out.get ()))
      wanted.push_back (spec_of (out.get ()));
  for (auto &spec : wanted)
    spec.cut = Cut::none;
  {
    const std::lock_guard lock{mutex_};
    headroom_.keep (
        [&] (const auto &spec) { return std::ranges::find (wanted, spec) != wanted.end (); });
    if (elapsed == 0 || !headroom_.look (works, elapsed, decoder_late))
      return;
  }
  for (const auto &work : works)
    GST_INFO_OBJECT (lane_.bin (),
        "%dx%d, cut %d: %" G_GUINT64_FORMAT " frames, %" G_GUINT64_FORMAT
        " lost, at work for %" GST_TIME_FORMAT " of %" GST_TIME_FORMAT,
        work.spec.width, work.spec.height, static_cast<int> (work.spec.cut), work.taken, work.lost,
        GST_TIME_ARGS (work.busy), GST_TIME_ARGS (elapsed));
  for (const auto &out : outputs)
    if (mode (out.get ()) == Mode::convert)
      gst_pad_mark_reconfigure (out.get ()); // for what is said about it
}

} // namespace stagedoor::transcode
