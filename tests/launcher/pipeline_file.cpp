// SPDX-License-Identifier: LGPL-2.1-or-later
// Pipeline files, good and bad: each mistake is found at its place.
#include "launcher/pipeline_file.hpp"

#include "tests/launcher/expect.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;

namespace {

struct Bad
{
  const char *json, *pointer, *text; ///< text: a part of what is said
};

const Bad bad_files[] = {
    {"", "", "JSON"},
    {"{", "", "JSON"},
    {"{\"graph\": [\"a\"],}", "", "JSON"},
    {"[]", "", "must be an object"},
    {"{}", "", "\"graph\" is missing"},
    {R"({"graph": "a"})", "/graph", "array"},
    {R"({"graph": []})", "/graph", "array"},
    {R"({"graph": ["a", 5]})", "/graph/1", "string"},
    {R"({"graph": ["a location=${stream}"]})", "/graph/0", "static"},
    {R"({"graph": ["a"], "grahp": 1})", "/grahp", "known are $schema, description"},
    {R"({"graph": ["a"], "a/b~": 1})", "/a~1b~0", "no such member"},
    {R"({"graph": ["a"], "description": 4})", "/description", "string"},
    {R"({"graph": ["a"], "parameters": []})", "/parameters", "object"},
    {R"({"graph": ["a"], "parameters": {"Size": {}}})", "/parameters/Size", "lower-case"},
    {R"({"graph": ["a"], "parameters": {"app": {}}})", "/parameters/app", "choose another"},
    {R"({"graph": ["a"], "parameters": {"p": 1}})", "/parameters/p", "object"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "int", "default": 1}}})",
        "/parameters/p/type", "one of boolean, integer, number, string"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "integer"}}})", "/parameters/p", "default"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "integer", "default": "1"}}})",
        "/parameters/p/default", "integer"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "integer", "default": 1.5}}})",
        "/parameters/p/default", "integer"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "integer", "default": 11, "maximum": 10}}})",
        "/parameters/p/default", "at most 10"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "integer", "default": [1]}}})",
        "/parameters/p/default", "must be a boolean, a number"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "number", "default": 1, "minimum": 3, "maximum": 2}}})",
        "/parameters/p/minimum", "above"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "number", "default": 1, "minimum": "0"}}})",
        "/parameters/p/minimum", "number"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "string", "default": "", "minimum": 0}}})",
        "/parameters/p/minimum", "bounds"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "boolean", "default": 0}}})",
        "/parameters/p/default", "true or false"},
    {R"({"graph": ["a"], "parameters": {"p": {"type": "string", "default": "", "max": 0}}})",
        "/parameters/p/max", "known are type"},
    {R"({"graph": ["a"], "bind": []})", "/bind", "object"},
    {R"({"graph": ["a"], "bind": {"x": 1}})", "/bind/x", "NAME::PROPERTY"},
    {R"({"graph": ["a"], "bind": {"::x": 1}})", "/bind/::x", "NAME::PROPERTY"},
    {R"({"graph": ["a"], "bind": {"x::": 1}})", "/bind/x::", "NAME::PROPERTY"},
    {R"({"graph": ["a"], "bind": {"x::y": null}})", "/bind/x::y", "boolean, a number or a string"},
    {R"({"graph": ["a"], "bind": {"x::y": {}}})", "/bind/x::y", "boolean, a number or a string"},
    {R"({"graph": ["a"], "bind": {"x::y": "${nmae}"}})", "/bind/x::y",
        "known are app, gate-address"},
    {R"({"graph": ["a"], "bind": {"x::y": "${app"}})", "/bind/x::y", "missing"},
};

void
expect_finding (const Bad &bad)
{
  const auto file = PipelineFile::parse (bad.json);
  ck_assert_msg (!file, "%s was accepted", bad.json);
  for (const auto &finding : file.error ())
    if (finding.pointer == bad.pointer && finding.text.find (bad.text) != std::string::npos)
      return;
  ck_abort_msg ("%s: %s is not found at '%s', but '%s' at '%s'", bad.json, bad.text, bad.pointer,
      file.error ().front ().text.c_str (), file.error ().front ().pointer.c_str ());
}

std::string
text_of (const Scalar &value, const Variables &variables)
{
  const auto expanded = expand (value, variables);
  return expanded ? to_text (*expanded) : "error: " + expanded.error ();
}

} // namespace

START_TEST (test_good_file)
{
  const auto file = PipelineFile::parse (R"({"description": "d", "graph": ["a", "b"],
      "parameters": {"size": {"type": "integer", "default": 5, "minimum": 1, "maximum": 9, "unit": "ms"}},
      "bind": {"x::y": "${size}", "x::z": "${app}-${size}", "x::w": true, "a::b::c": 1.5}})");
  ck_assert (file.has_value ());
  ck_assert_uint_eq (file->graph.size (), 2);
  ck_assert_uint_eq (file->bindings.size (), 4);
  const auto variables = file->with_parameters ({{"app", std::string ("live")}});
  ck_assert (std::get<std::int64_t> (*expand (file->bindings[0].value, variables)) == 5);
  expect_same (text_of (file->bindings[1].value, variables), "live-5");
  ck_assert (std::get<bool> (file->bindings[2].value));
  expect_same (file->bindings[3].element, "a");
  expect_same (file->bindings[3].property, "b::c");
}
END_TEST

START_TEST (test_bad_files)
{
  for (const auto &bad : bad_files)
    expect_finding (bad);
}
END_TEST

START_TEST (test_all_mistakes_are_found_at_once)
{
  const auto file = PipelineFile::parse (R"({"graph": [1, 2], "x": 0, "bind": {"y": 1}})");
  ck_assert (!file);
  ck_assert_uint_eq (file.error ().size (), 4);
}
END_TEST

START_TEST (test_expand)
{
  const Variables variables{
      {"a", std::string ("1 ! fakesink")}, {"n", std::int64_t{7}}, {"b", true}};
  expect_same (text_of (std::string ("x${a}y${n}z"), variables), "x1 ! fakesinky7z");
  expect_same (text_of (std::string ("${a}${a}"), variables), "1 ! fakesink1 ! fakesink");
  expect_same (text_of (std::string ("$a {n}"), variables), "$a {n}");
  expect_same (text_of (std::string (), variables), "");
  ck_assert (std::get<std::int64_t> (*expand (std::string ("${n}"), variables)) == 7);
  ck_assert (std::get<bool> (*expand (std::string ("${b}"), variables)));
  // What a variable holds is not expanded again.
  expect_same (text_of (std::string ("${c}!"), {{"c", std::string ("${n}")}}), "${n}!");
}
END_TEST

START_TEST (test_set_parameters)
{
  auto file = PipelineFile::parse (R"({"graph": ["a"], "parameters": {
      "i": {"type": "integer", "default": 5, "minimum": 1, "maximum": 9},
      "n": {"type": "number", "default": 0.5}, "b": {"type": "boolean", "default": false},
      "s": {"type": "string", "default": "x"}}})");
  ck_assert (file.has_value ());
  for (const char *good : {"i=9", "n=2", "n=-1.25", "b=true", "s=", "s=a=b"})
    ck_assert_msg (file->set (good).has_value (), "%s", good);
  expect_same (to_text (file->parameters["s"].value), "a=b");
  expect_same (to_text (file->parameters["n"].value), "-1.25");
  for (const char *bad :
      {"", "i", "i=", "i=10", "i=1.5", "i=1x", "i= 1", "n=nan", "n=inf", "b=1", "z=1", "=1"})
    ck_assert_msg (!file->set (bad), "%s", bad);
  expect_same (to_text (file->parameters["i"].value), "9");
}
END_TEST

int
main ()
{
  return test::run (
      "pipeline file", {test_good_file, test_bad_files, test_all_mistakes_are_found_at_once,
                           test_expand, test_set_parameters});
}
