// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads pipeline files strictly: an unknown member is a mistake, not an extension.
#include "launcher/pipeline_file.hpp"

#include <algorithm>
#include <cmath>

#include "launcher/json.hpp"

namespace stagedoor {
namespace {

bool
is_member_name (std::string_view name)
{
  return !name.empty () && name.size () <= 64 && name.front () >= 'a' && name.front () <= 'z'
         && std::ranges::all_of (name,
             [] (char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::optional<Scalar>
scalar_of (JsonNode *node)
{
  if (!JSON_NODE_HOLDS_VALUE (node))
    return std::nullopt;
  switch (json_node_get_value_type (node)) {
    case G_TYPE_BOOLEAN:
      return Scalar{json_node_get_boolean (node) != FALSE};
    case G_TYPE_INT64:
      return Scalar{static_cast<std::int64_t> (json_node_get_int (node))};
    case G_TYPE_DOUBLE:
      return Scalar{json_node_get_double (node)};
    case G_TYPE_STRING:
      return Scalar{std::string (json_node_get_string (node))};
    default:
      return std::nullopt;
  }
}

/** Collects what is wrong while the file is taken apart. */
class Reader
{
public:
  explicit Reader (PipelineFile &out) : out_ (out) {}
  Findings read (JsonNode *root);

private:
  void complain (const std::string &pointer, std::string text)
  {
    findings_.push_back ({pointer, std::move (text)});
  }
  void only (JsonObject *object, const std::string &at, const std::vector<std::string> &names);
  void read_text (JsonObject *object, const char *name, const std::string &at);
  void read_graph (JsonObject *object);
  void read_parameters (JsonObject *object);
  void read_parameter (const std::string &name, JsonNode *node, const std::string &at);
  std::optional<double> read_bound (
      JsonObject *object, const char *name, Parameter::Type type, const std::string &at);
  void read_bind (JsonObject *object);
  void read_binding (const std::string &name, JsonNode *node);

  PipelineFile &out_;
  Findings findings_;
};

void
Reader::only (JsonObject *object, const std::string &at, const std::vector<std::string> &names)
{
  const Owned<GList, g_list_free> members (json_object_get_members (object));
  for (GList *member = members.get (); member != nullptr; member = member->next) {
    const std::string name = static_cast<const char *> (member->data);
    if (std::ranges::find (names, name) != names.end ())
      continue;
    std::string known;
    for (const auto &each : names)
      known += (known.empty () ? "" : ", ") + each;
    complain (at + pointer_step (name), "there is no such member; known are " + known);
  }
}

void
Reader::read_text (JsonObject *object, const char *name, const std::string &at)
{
  JsonNode *node = json_object_get_member (object, name);
  if (node != nullptr && json_node_get_value_type (node) != G_TYPE_STRING)
    complain (at + pointer_step (name), "must be a string");
}

void
Reader::read_graph (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "graph");
  if (node == nullptr)
    return complain ("", "the member \"graph\" is missing");
  if (!JSON_NODE_HOLDS_ARRAY (node) || json_array_get_length (json_node_get_array (node)) == 0)
    return complain ("/graph", "must be an array of strings, the lines of the graph");
  JsonArray *lines = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (lines); ++i) {
    JsonNode *line = json_array_get_element (lines, i);
    const auto at = "/graph/" + std::to_string (i);
    if (json_node_get_value_type (line) != G_TYPE_STRING) {
      complain (at, "must be a string");
      continue;
    }
    out_.graph.emplace_back (json_node_get_string (line));
    if (out_.graph.back ().find ("${") != std::string::npos)
      complain (at, "the graph is static: what varies is set in \"bind\"");
  }
}

std::optional<double>
Reader::read_bound (
    JsonObject *object, const char *name, Parameter::Type type, const std::string &at)
{
  JsonNode *node = json_object_get_member (object, name);
  if (node == nullptr)
    return std::nullopt;
  if (type != Parameter::Type::integer && type != Parameter::Type::number) {
    complain (at + pointer_step (name), "only an integer or a number has bounds");
    return std::nullopt;
  }
  const auto bound = scalar_of (node);
  if (bound && std::holds_alternative<std::int64_t> (*bound))
    return static_cast<double> (std::get<std::int64_t> (*bound));
  if (bound && std::holds_alternative<double> (*bound))
    return std::get<double> (*bound);
  complain (at + pointer_step (name), "must be a number");
  return std::nullopt;
}

void
Reader::read_parameter (const std::string &name, JsonNode *node, const std::string &at)
{
  if (!is_member_name (name))
    return complain (at, "a parameter's name is lower-case letters, digits and '-'");
  if (std::ranges::find (stream_variables, name) != std::end (stream_variables))
    return complain (at, "this name is the stream's; choose another");
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return complain (at, "must be an object with \"type\" and \"default\"");
  JsonObject *object = json_node_get_object (node);
  only (object, at, {"type", "default", "minimum", "maximum", "unit", "description"});
  read_text (object, "unit", at);
  read_text (object, "description", at);
  static const std::map<std::string, Parameter::Type> types{{"boolean", Parameter::Type::boolean},
      {"integer", Parameter::Type::integer}, {"number", Parameter::Type::number},
      {"string", Parameter::Type::string}};
  const auto type = types.find (json_string (object, "type"));
  if (type == types.end ())
    return complain (at + "/type", "must be one of boolean, integer, number, string");
  Parameter parameter{.type = type->second};
  parameter.minimum = read_bound (object, "minimum", parameter.type, at);
  parameter.maximum = read_bound (object, "maximum", parameter.type, at);
  if (parameter.minimum && parameter.maximum && *parameter.minimum > *parameter.maximum)
    complain (at + "/minimum", "must not be above maximum");
  JsonNode *value = json_object_get_member (object, "default");
  if (value == nullptr)
    return complain (at, "the member \"default\" is missing");
  const auto scalar = scalar_of (value);
  const auto wrong = scalar
                         ? parameter.complaint (*scalar)
                         : std::optional<std::string> ("must be a boolean, a number or a string");
  if (wrong)
    complain (at + "/default", *wrong);
  else
    parameter.value = *scalar;
  out_.parameters.emplace (name, std::move (parameter));
}

void
Reader::read_parameters (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "parameters");
  if (node == nullptr)
    return;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return complain ("/parameters", "must be an object");
  JsonObject *parameters = json_node_get_object (node);
  const Owned<GList, g_list_free> members (json_object_get_members (parameters));
  for (GList *member = members.get (); member != nullptr; member = member->next) {
    const std::string name = static_cast<const char *> (member->data);
    read_parameter (name, json_object_get_member (parameters, name.c_str ()),
        "/parameters" + pointer_step (name));
  }
}

void
Reader::read_binding (const std::string &name, JsonNode *node)
{
  const auto at = "/bind" + pointer_step (name);
  const auto colons = name.find ("::");
  if (colons == 0 || colons == std::string::npos || colons + 2 == name.size ())
    return complain (at, "must be NAME::PROPERTY, where NAME is an element of the graph");
  const auto value = scalar_of (node);
  if (!value)
    return complain (at, "must be a boolean, a number or a string");
  Variables known;
  for (const char *variable : stream_variables)
    known[variable] = std::string ();
  if (const auto expanded = expand (*value, out_.with_parameters (known)); !expanded)
    return complain (at, expanded.error ());
  out_.bindings.push_back ({name.substr (0, colons), name.substr (colons + 2), *value, at});
}

void
Reader::read_bind (JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "bind");
  if (node == nullptr)
    return;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return complain ("/bind", "must be an object");
  JsonObject *bind = json_node_get_object (node);
  const Owned<GList, g_list_free> members (json_object_get_members (bind));
  for (GList *member = members.get (); member != nullptr; member = member->next) {
    const std::string name = static_cast<const char *> (member->data);
    read_binding (name, json_object_get_member (bind, name.c_str ()));
  }
}

Findings
Reader::read (JsonNode *root)
{
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return {{"", "must be an object"}};
  JsonObject *object = json_node_get_object (root);
  only (object, "", {"$schema", "description", "parameters", "graph", "bind"});
  read_text (object, "$schema", "");
  read_text (object, "description", "");
  read_parameters (object);
  read_graph (object);
  read_bind (object);
  return std::move (findings_);
}

std::string
known_names (const Variables &variables)
{
  std::string out;
  for (const auto &[name, value] : variables)
    out += (out.empty () ? "" : ", ") + name;
  return out;
}

} // namespace

tl::expected<PipelineFile, Findings>
PipelineFile::parse (std::string_view json)
{
  const auto root = parse_json (json);
  if (!root)
    return tl::unexpected (Findings{{"", "is not JSON: " + root.error ()}});
  PipelineFile out;
  auto findings = Reader (out).read (root->get ());
  if (!findings.empty ())
    return tl::unexpected (std::move (findings));
  return out;
}

Variables
PipelineFile::with_parameters (Variables variables) const
{
  for (const auto &[name, parameter] : parameters)
    variables[name] = parameter.value;
  return variables;
}

tl::expected<Scalar, std::string>
expand (const Scalar &value, const Variables &variables)
{
  const auto *text = std::get_if<std::string> (&value);
  if (text == nullptr)
    return value;
  std::string out;
  for (std::size_t at = 0; at < text->size ();) {
    const auto open = text->find ("${", at);
    out.append (*text, at, open - at);
    if (open == std::string::npos)
      break;
    const auto close = text->find ('}', open);
    if (close == std::string::npos)
      return tl::unexpected (std::string ("the '}' of a \"${\" is missing"));
    const auto name = text->substr (open + 2, close - open - 2);
    const auto found = variables.find (name);
    if (found == variables.end ())
      return tl::unexpected (
          "there is no variable '" + name + "'; known are " + known_names (variables));
    if (open == 0 && close + 1 == text->size ())
      return found->second;
    out += to_text (found->second);
    at = close + 1;
  }
  return Scalar{std::move (out)};
}

} // namespace stagedoor
