// SPDX-License-Identifier: LGPL-2.1-or-later
// How each software encoder is told what is wanted of a live rendition.
#pragma once

#include <gst/gst.h>

#include "gst-plugins/transcode/rendition_spec.hpp"

namespace stagedoor::transcode {

void set_up_x264 (GstElement *encoder, const RenditionSpec &spec);
void set_up_openh264 (GstElement *encoder, const RenditionSpec &spec);
void set_up_vpx (GstElement *encoder, const RenditionSpec &spec);
void set_up_x265 (GstElement *encoder, const RenditionSpec &spec);
void set_up_svt_av1 (GstElement *encoder, const RenditionSpec &spec);
void set_up_aom (GstElement *encoder, const RenditionSpec &spec);

} // namespace stagedoor::transcode
