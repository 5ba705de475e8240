// SPDX-License-Identifier: LGPL-2.1-or-later
// Pipeline files from the disk, checked in full, and GStreamer set up to do so.
#pragma once

#include "launcher/pipeline_file.hpp"

namespace stagedoor {

struct LoadError
{
  bool unreadable = false;
  Findings findings; ///< never empty
};

/** gst_init(), with the folder of our own plugins added to what is searched. */
void init_gstreamer ();

/** Reads and checks @p path; @p settings are NAME=VALUE. Needs init_gstreamer(). */
tl::expected<PipelineFile, LoadError> load_pipeline_file (
    const std::string &path, const std::vector<std::string> &settings);

/** "FILE#/graph/1: text" */
std::string describe (const std::string &path, const Finding &finding);

/** The installed file that serve uses when it is told nothing:
 * $STAGEDOOR_PIPELINES/webrtc-hls.json, or that of the installation. */
std::string default_pipeline_path ();

} // namespace stagedoor
