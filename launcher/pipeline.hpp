// SPDX-License-Identifier: LGPL-2.1-or-later
// From a pipeline file to a GstPipeline. Needs gst_init().
#pragma once

#include "gst-plugins/common/ref.hpp"
#include "launcher/graph_text.hpp"
#include "launcher/pipeline_file.hpp"

namespace stagedoor {

/** The element that takes the publisher; each graph has one. */
inline constexpr const char *gate_element = "stagegatesrc";

/** What is wrong with the graph and its bindings on this machine: elements, properties, ranges and
 * pads. Starts nothing. Empty: nothing is. */
Findings check_pipeline (const PipelineFile &file);

/** The part of check_pipeline() that needs no instance. */
Findings check_graph (const GraphText &graph);

/** A new pipeline in NULL state with everything bound. */
tl::expected<Ref<GstElement>, Findings> build_pipeline (
    const PipelineFile &file, const Variables &variables);

} // namespace stagedoor
