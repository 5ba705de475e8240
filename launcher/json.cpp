// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/json.hpp"

namespace stagedoor {

tl::expected<JsonTree, std::string>
parse_json (std::string_view text)
{
  const Owned<JsonParser, g_object_unref> parser (json_parser_new_immutable ());
  GError *error = nullptr;
  if (!json_parser_load_from_data (
          parser.get (), text.data (), static_cast<gssize> (text.size ()), &error)) {
    const Error owned (error);
    return tl::unexpected (std::string (error->message));
  }
  JsonTree root (json_parser_steal_root (parser.get ()));
  if (!root)
    return tl::unexpected (std::string ("there is nothing in it"));
  return root;
}

std::string
json_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  if (node == nullptr || json_node_get_value_type (node) != G_TYPE_STRING)
    return "";
  return json_node_get_string (node);
}

std::string
pointer_step (std::string_view name)
{
  std::string out = "/";
  for (const char c : name)
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  return out;
}

void
JsonWriter::name (const char *name)
{
  if (name != nullptr)
    json_builder_set_member_name (builder_.get (), name);
}

JsonWriter &
JsonWriter::object (const char *member)
{
  name (member);
  json_builder_begin_object (builder_.get ());
  return *this;
}

JsonWriter &
JsonWriter::array (const char *member)
{
  name (member);
  json_builder_begin_array (builder_.get ());
  return *this;
}

JsonWriter &
JsonWriter::end_object ()
{
  json_builder_end_object (builder_.get ());
  return *this;
}

JsonWriter &
JsonWriter::end_array ()
{
  json_builder_end_array (builder_.get ());
  return *this;
}

JsonWriter &
JsonWriter::add (const char *member, std::string_view value)
{
  name (member);
  return item (value);
}

JsonWriter &
JsonWriter::add (const char *member, std::int64_t value)
{
  name (member);
  json_builder_add_int_value (builder_.get (), value);
  return *this;
}

JsonWriter &
JsonWriter::add (const char *member, double value)
{
  name (member);
  json_builder_add_double_value (builder_.get (), value);
  return *this;
}

JsonWriter &
JsonWriter::add (const char *member, bool value)
{
  name (member);
  json_builder_add_boolean_value (builder_.get (), value);
  return *this;
}

JsonWriter &
JsonWriter::null (const char *member)
{
  name (member);
  json_builder_add_null_value (builder_.get ());
  return *this;
}

JsonWriter &
JsonWriter::item (std::string_view value)
{
  // An encoder's or an element's words need not be UTF-8.
  const String valid (g_utf8_make_valid (value.data (), static_cast<gssize> (value.size ())));
  json_builder_add_string_value (builder_.get (), valid.get ());
  return *this;
}

std::string
JsonWriter::text () const
{
  const JsonTree root (json_builder_get_root (builder_.get ()));
  const String text (json_to_string (root.get (), FALSE));
  return std::string (text.get ()) + "\n";
}

} // namespace stagedoor
