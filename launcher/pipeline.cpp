// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/pipeline.hpp"

#include <algorithm>

#include "launcher/property.hpp"

namespace stagedoor {
namespace {

using ParseContext = Owned<GstParseContext, gst_parse_context_free>;

tl::expected<Ref<GstElement>, Findings>
parse_graph (const PipelineFile &file)
{
  std::string text;
  for (const auto &line : file.graph)
    text += line + "\n";
  const ParseContext context (gst_parse_context_new ());
  GError *error = nullptr;
  const auto flags = GST_PARSE_FLAG_FATAL_ERRORS;
  auto parsed =
      Ref<GstElement>::sink (gst_parse_launch_full (text.c_str (), context.get (), flags, &error));
  const Error owned (error);
  if (error != nullptr || !parsed)
    return tl::unexpected (
        Findings{{"/graph", error != nullptr ? error->message : "is no gst-launch text"}});
  return parsed;
}

/** The graph as a pipeline: gst-launch text may also be a single element or a bin. */
tl::expected<Ref<GstElement>, Findings>
new_pipeline (const PipelineFile &file)
{
  auto parsed = parse_graph (file);
  if (!parsed || GST_IS_PIPELINE (parsed->get ()))
    return parsed;
  auto pipeline = Ref<GstElement>::sink (gst_pipeline_new (nullptr));
  gst_bin_add (GST_BIN (pipeline.get ()), parsed->get ());
  return pipeline;
}

std::string
names_in (const PipelineFile &file)
{
  std::string out;
  for (const auto &element : GraphText::read (file.graph).elements)
    if (!element.name.empty ())
      out += (out.empty () ? "" : ", ") + element.name;
  return out.empty () ? "no element has one" : "names are " + out;
}

Findings
bind_properties (const PipelineFile &file, GstElement *pipeline, const Variables &variables)
{
  Findings findings;
  for (const auto &binding : file.bindings) {
    const auto element = adopt (gst_bin_get_by_name (GST_BIN (pipeline), binding.element.c_str ()));
    if (!element) {
      findings.push_back (
          {binding.pointer, "no element is named '" + binding.element + "'; " + names_in (file)});
      continue;
    }
    const auto done = expand (binding.value, variables).and_then ([&] (const Scalar &value) {
      return set_property (G_OBJECT (element.get ()), binding.property, value);
    });
    if (!done)
      findings.push_back ({binding.pointer, done.error ()});
  }
  return findings;
}

/** A parameter's bounds may be wider than the property that it is bound to. */
std::vector<Variables>
extremes (const PipelineFile &file, const Variables &usual)
{
  std::vector<Variables> out{usual};
  for (const auto &[name, parameter] : file.parameters)
    for (const auto &bound : {parameter.minimum, parameter.maximum})
      if (bound) {
        out.push_back (usual);
        if (parameter.type == Parameter::Type::integer)
          out.back ()[name] = static_cast<std::int64_t> (*bound);
        else
          out.back ()[name] = *bound;
      }
  return out;
}

Variables
example_variables ()
{
  return {{"app", std::string ("live")}, {"stream", std::string ("demo")},
      {"http-address", std::string (":8080")}, {"webrtc-address", std::string (":8189")},
      {"public-address", std::string ("192.0.2.1")}, {"gate-address", std::string (":1935")},
      {"srt-address", std::string (":9999")}, {"reconnect-grace", std::int64_t{15000}}};
}

} // namespace

Findings
check_pipeline (const PipelineFile &file)
{
  const auto graph = GraphText::read (file.graph);
  auto findings = check_graph (graph);
  if (std::ranges::count (graph.elements, gate_element, &GraphElement::factory) != 1)
    findings.push_back (
        {"/graph", std::string ("must hold one ") + gate_element + ", which takes the publisher"});
  if (!findings.empty ())
    return findings;
  const auto pipeline = new_pipeline (file);
  if (!pipeline)
    return pipeline.error ();
  for (const auto &variables : extremes (file, file.with_parameters (example_variables ())))
    for (auto &finding : bind_properties (file, pipeline->get (), variables))
      if (std::ranges::find (findings, finding) == findings.end ())
        findings.push_back (std::move (finding));
  return findings;
}

tl::expected<Ref<GstElement>, Findings>
build_pipeline (const PipelineFile &file, const Variables &variables)
{
  auto pipeline = new_pipeline (file);
  if (!pipeline)
    return pipeline;
  auto findings = bind_properties (file, pipeline->get (), file.with_parameters (variables));
  if (!findings.empty ())
    return tl::unexpected (std::move (findings));
  return pipeline;
}

} // namespace stagedoor
