// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/lane.hpp"
namespace stagedoor::transcode {
namespace {
class VideoConverter final : public Converter
{
public:
  Ref<GstCaps> makes (GstPad *) const override { return adopt (gst_caps_new_empty ()); }
  std::string objection (GstPad *, const GstCaps *) const override { return {}; }
  std::string problem () const override { return {}; }
  Ref<GstPad> tail (GstPad *) const override { return nullptr; }
  void set_input (GstCaps *) override {}
  bool observe (GstBuffer *) override { return false; }
  void update (const Outputs &) override {}
  void feed (GstBuffer *) override {}
  void feed (GstEvent *) override {}
  void reset () override {}
};
} // namespace
std::unique_ptr<Converter>
make_video_converter (Lane &)
{
  return std::make_unique<VideoConverter> ();
}
} // namespace stagedoor::transcode
