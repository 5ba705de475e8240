// SPDX-License-Identifier: LGPL-2.1-or-later
// json-glib with ownership spelled out.
#pragma once

#include <string>
#include <string_view>

#include <json-glib/json-glib.h>
#include <tl/expected.hpp>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor {

using JsonTree = Owned<JsonNode, json_node_unref>;

/** The error has line and column. */
tl::expected<JsonTree, std::string> parse_json (std::string_view text);

/** Text of member @p name of @p object, "" when it is absent or no string. */
std::string json_string (JsonObject *object, const char *name);

/** One step of a JSON pointer (RFC 6901), with its slash. */
std::string pointer_step (std::string_view name);

/** Builds a document member by member. */
class JsonWriter
{
public:
  JsonWriter () : builder_ (json_builder_new ()) {}

  JsonWriter &object (const char *name = nullptr);
  JsonWriter &array (const char *name = nullptr);
  JsonWriter &end_object ();
  JsonWriter &end_array ();
  JsonWriter &add (const char *name, std::string_view value);
  JsonWriter &add (const char *name, const char *value)
  {
    return add (name, std::string_view{value});
  }
  JsonWriter &add (const char *name, std::int64_t value);
  JsonWriter &add (const char *name, double value);
  JsonWriter &add (const char *name, bool value);
  JsonWriter &null (const char *name);
  JsonWriter &item (std::string_view value);

  /** Ends with a newline. */
  std::string text () const;

private:
  void name (const char *name);
  Owned<JsonBuilder, g_object_unref> builder_;
};

} // namespace stagedoor
