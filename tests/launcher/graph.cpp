// SPDX-License-Identifier: LGPL-2.1-or-later
// Graphs against the registry: what is wrong is found on its line before anything is built.
#include "launcher/pipeline.hpp"

#include "tests/launcher/expect.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;

namespace {

/** Stands for the real gate, so that this needs none of our plugins. */
struct Gate
{
  GstBin parent;
};
struct GateClass
{
  GstBinClass parent;
};
G_DEFINE_TYPE (Gate, test_gate, GST_TYPE_BIN)

void
test_gate_init (Gate *)
{
}

GstStaticPadTemplate gate_video = GST_STATIC_PAD_TEMPLATE (
    "video", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS ("video/x-h264"));

void
test_gate_class_init (GateClass *type)
{
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (type), &gate_video);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (type), "gate", "Source", "gate", "us");
}

std::string
said (const Findings &findings)
{
  std::string out;
  for (const auto &[pointer, text] : findings)
    out += pointer + ": " + text + "\n";
  return out;
}

PipelineFile
file_of (std::vector<std::string> graph, std::vector<Binding> bindings = {})
{
  PipelineFile file;
  file.graph = std::move (graph);
  file.bindings = std::move (bindings);
  return file;
}

struct Bad
{
  std::vector<std::string> graph;
  const char *pointer, *text;
};

const Bad bad_graphs[] = {
    {{"stagegatesrc ! fakesnik"}, "/graph/0", "did you mean 'fakesink'?"},
    {{"stagegatesrc ! queue !", "nothinglikeit"}, "/graph/1", "no element 'nothinglikeit'"},
    {{"stagegatesrc !", "queue leeky=no ! fakesink"}, "/graph/1", "queue: 'leeky' is no property"},
    {{"stagegatesrc !", "queue leeky=no ! fakesink"}, "/graph/1", "max-size-bytes"},
    {{"stagegatesrc ! queue", "leaky=sometimes ! fakesink"}, "/graph/1",
        "one of no, upstream, downstream"},
    {{"stagegatesrc ! queue max-size-buffers=-1 ! fakesink"}, "/graph/0", "from 0 to 4294967295"},
    {{"stagegatesrc ! queue max-size-buffers=4294967296 ! fakesink"}, "/graph/0", "from 0 to"},
    {{"stagegatesrc ! queue max-size-buffers=many ! fakesink"}, "/graph/0", "integer"},
    {{"stagegatesrc ! identity drop-probability=1.5 ! fakesink"}, "/graph/0", "number from 0 to 1"},
    {{"stagegatesrc ! fakesink sync=maybe"}, "/graph/0", "true or false"},
    {{"stagegatesrc ! fakesink last-sample=5"}, "/graph/0", "can't be set"},
    {{"stagegatesrc name=gate fakesink", "gat.video ! fakesink"}, "/graph/1",
        "with names are gate"},
    {{"stagegatesrc name=gate", "gate.vidio ! fakesink"}, "/graph/1",
        "no src pad 'vidio'; it has video"},
    {{"stagegatesrc name=gate", "gate.video ! fakesink", "gate.video"}, "/graph/2",
        "linked to nothing"},
    {{"stagegatesrc ! fakesink", "fakesink name=alone"}, "/graph/1",
        "'alone' is linked to nothing"},
    {{"stagegatesrc ! queue"}, "/graph/0", "queue: not every src pad"},
    {{"stagegatesrc name=g", "queue ! fakesink", "g. ! fakesink"}, "/graph/1",
        "queue: not every sink pad"},
    {{"stagegatesrc"}, "/graph/0", "not every src pad"},
    {{"stagegatesrc name=a ! fakesink", "fakesrc ! fakesink name=a"}, "/graph/1",
        "another element named 'a'"},
    {{"fakesrc ! fakesink"}, "/graph", "must hold one stagegatesrc"},
    {{"stagegatesrc ! fakesink", "stagegatesrc ! fakesink"}, "/graph",
        "must hold one stagegatesrc"},
    {{""}, "/graph", "must hold one stagegatesrc"},
    {{"stagegatesrc ! ( queue ! fakesink"}, "/graph", ""},
    {{"stagegatesrc ! ! fakesink"}, "/graph", ""},
    {{"stagegatesrc ! queue ! audio/x-raw ! ! fakesink"}, "/graph", ""},
};

} // namespace

START_TEST (test_good_graphs)
{
  const std::vector<std::string> table[] = {
      {"stagegatesrc name=gate ! fakesink"},
      {"stagegatesrc name=gate",
          "gate.video ! queue max-size-buffers=5 leaky=downstream ! fakesink sync=true"},
      {"stagegatesrc name=g", "g.video ! tee name=t", "t. ! queue ! fakesink",
          "t.src_5 ! fakesink name=s"},
      {"stagegatesrc name=g g.video ! identity name=\"i\" !",
          "video/x-h264, profile=baseline ! fakesink"},
      {"stagegatesrc name=g g.video ! ( queue ! fakesink )"},
      {"stagegatesrc ! capsfilter caps=\"video/x-h264, width=(int)[ 1, 5 ]\" ! fakesink"},
  };
  for (const auto &graph : table) {
    const auto findings = check_pipeline (file_of (graph));
    ck_assert_msg (findings.empty (), "%s: %s", graph[0].c_str (), said (findings).c_str ());
  }
}
END_TEST

START_TEST (test_bad_graphs)
{
  for (const auto &bad : bad_graphs) {
    const auto findings = check_pipeline (file_of (bad.graph));
    bool found = false;
    for (const auto &[pointer, text] : findings)
      found |= pointer.starts_with (bad.pointer) && text.find (bad.text) != std::string::npos;
    ck_assert_msg (found, "%s: %s: %s is not in:\n%s", bad.graph[0].c_str (), bad.pointer, bad.text,
        said (findings).c_str ());
  }
}
END_TEST

START_TEST (test_bindings)
{
  struct
  {
    Binding binding;
    const char *text; ///< nullptr: good
  } const table[] = {
      {{"q", "max-size-buffers", std::int64_t{5}, "/bind/1"}, nullptr},
      {{"q", "max-size-buffers", std::string ("5"), "/bind/1"}, "must be an integer from 0"},
      {{"q", "max-size-buffers", true, "/bind/1"}, "must be an integer"},
      {{"q", "max-size-buffers", 1.5, "/bind/1"}, "must be an integer"},
      {{"q", "max-size-buffers", std::int64_t{-5}, "/bind/1"}, "must be an integer from 0"},
      {{"q", "leaky", std::string ("upstream"), "/bind/1"}, nullptr},
      {{"q", "leaky", std::int64_t{1}, "/bind/1"}, "one of no, upstream, downstream"},
      {{"q", "nothing", std::int64_t{1}, "/bind/1"}, "it has flush-on-eos, leaky"},
      {{"p", "leaky", std::string ("no"), "/bind/1"}, "names are gate, q, i"},
      {{"q", "silent", std::int64_t{1}, "/bind/1"}, "true or false"},
      {{"i", "drop-probability", std::int64_t{1}, "/bind/1"}, nullptr},
      {{"i", "drop-probability", 1.01, "/bind/1"}, "number from 0 to 1"},
      {{"i", "name", std::string ("${stream}"), "/bind/1"}, "can't be set"},
  };
  for (const auto &[binding, text] : table) {
    const auto file =
        file_of ({"stagegatesrc name=gate ! queue name=q ! identity name=i ! fakesink"}, {binding});
    const auto findings = check_pipeline (file);
    if (text == nullptr) {
      ck_assert_msg (findings.empty (), "%s", said (findings).c_str ());
      continue;
    }
    ck_assert_uint_eq (findings.size (), 1);
    expect_same (findings[0].pointer, "/bind/1");
    ck_assert_msg (findings[0].text.find (text) != std::string::npos, "%s: %s", text,
        findings[0].text.c_str ());
  }
}
END_TEST

START_TEST (test_parameter_that_exceeds_its_property)
{
  auto file = file_of ({"stagegatesrc name=gate ! identity name=i ! fakesink"},
      {{"i", "drop-probability", std::string ("${p}"), "/bind/i::drop-probability"}});
  file.parameters["p"] = {Parameter::Type::number, 0.0, 2.0, 0.5};
  const auto findings = check_pipeline (file);
  ck_assert_uint_eq (findings.size (), 1);
  expect_same (findings[0].pointer, "/bind/i::drop-probability");
}
END_TEST

START_TEST (test_build_binds_and_pastes_nothing)
{
  const auto file = file_of ({"stagegatesrc name=gate ! queue name=q ! filesink name=s"},
      {{"q", "max-size-buffers", std::int64_t{77}, ""},
          {"s", "location", std::string ("${stream}"), ""}});
  const auto pipeline = build_pipeline (file, {{"stream", std::string ("x ! fakesrc")}});
  ck_assert (pipeline.has_value ());
  const auto queue = adopt (gst_bin_get_by_name (GST_BIN (pipeline->get ()), "q"));
  guint buffers = 0;
  g_object_get (queue.get (), "max-size-buffers", &buffers, nullptr);
  ck_assert_uint_eq (buffers, 77);
  const auto sink = adopt (gst_bin_get_by_name (GST_BIN (pipeline->get ()), "s"));
  gchar *location = nullptr;
  g_object_get (sink.get (), "location", &location, nullptr);
  expect_same (String (location).get (), "x ! fakesrc");
  ck_assert_int_eq (GST_BIN_NUMCHILDREN (pipeline->get ()), 3);
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  gst_element_register (nullptr, gate_element, GST_RANK_NONE, test_gate_get_type ());
  return test::run (
      "graph", {test_good_graphs, test_bad_graphs, test_bindings,
                   test_parameter_that_exceeds_its_property, test_build_binds_and_pastes_nothing});
}
