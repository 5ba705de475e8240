// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/property.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <gst/gst.h>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor {
namespace {

/** A GValue that cleans up after itself. */
struct Value
{
  explicit Value (GType type) { g_value_init (&value, type); }
  ~Value () { g_value_unset (&value); }
  Value (const Value &) = delete;
  Value &operator= (const Value &) = delete;
  GValue value = G_VALUE_INIT;
};

template <class Spec>
std::string
numbers (const Spec *spec)
{
  return "must be a number from " + to_text (Scalar{static_cast<double> (spec->minimum)}) + " to "
         + to_text (Scalar{static_cast<double> (spec->maximum)});
}

template <class Spec>
std::string
integers (const Spec *spec)
{
  return "must be an integer from " + std::to_string (spec->minimum) + " to "
         + std::to_string (spec->maximum);
}

std::string
enum_text (GParamSpec *property)
{
  const auto *values = G_ENUM_CLASS (g_type_class_peek (property->value_type));
  std::string out = "must be one of ";
  for (guint i = 0; i < values->n_values; ++i)
    out += (i == 0 ? "" : ", ") + std::string (values->values[i].value_nick);
  return out;
}

/** What the property takes, for people. */
std::string
wanted (GParamSpec *p)
{
  if (G_IS_PARAM_SPEC_BOOLEAN (p))
    return "must be true or false";
  if (G_IS_PARAM_SPEC_STRING (p))
    return "must be a string";
  if (G_IS_PARAM_SPEC_ENUM (p))
    return enum_text (p);
  if (G_IS_PARAM_SPEC_INT (p))
    return integers (G_PARAM_SPEC_INT (p));
  if (G_IS_PARAM_SPEC_UINT (p))
    return integers (G_PARAM_SPEC_UINT (p));
  if (G_IS_PARAM_SPEC_INT64 (p))
    return integers (G_PARAM_SPEC_INT64 (p));
  if (G_IS_PARAM_SPEC_UINT64 (p))
    return integers (G_PARAM_SPEC_UINT64 (p));
  if (G_IS_PARAM_SPEC_DOUBLE (p))
    return numbers (G_PARAM_SPEC_DOUBLE (p));
  if (G_IS_PARAM_SPEC_FLOAT (p))
    return numbers (G_PARAM_SPEC_FLOAT (p));
  return std::string ("must be a ") + g_type_name (p->value_type);
}

bool
is_number (GParamSpec *p)
{
  return g_value_type_transformable (p->value_type, G_TYPE_DOUBLE) && !G_IS_PARAM_SPEC_BOOLEAN (p)
         && !G_IS_PARAM_SPEC_ENUM (p) && !G_IS_PARAM_SPEC_FLAGS (p);
}

/** Whether @p text is a decimal number outside of the property's range, which GStreamer's own
 * reader would let wrap around. */
template <class Spec>
bool
exceeds (const std::string &text, const Spec *spec)
{
  decltype (spec->minimum) value{};
  const char *end = text.data () + text.size ();
  const auto parsed = std::from_chars (text.data (), end, value);
  if (parsed.ec == std::errc::invalid_argument)
    return text.starts_with ('-');
  if (parsed.ptr != end)
    return false; // not decimal
  return parsed.ec != std::errc () || value < spec->minimum || value > spec->maximum;
}

bool
exceeds (GParamSpec *p, const std::string &text)
{
  return (G_IS_PARAM_SPEC_INT (p) && exceeds (text, G_PARAM_SPEC_INT (p)))
         || (G_IS_PARAM_SPEC_UINT (p) && exceeds (text, G_PARAM_SPEC_UINT (p)))
         || (G_IS_PARAM_SPEC_INT64 (p) && exceeds (text, G_PARAM_SPEC_INT64 (p)))
         || (G_IS_PARAM_SPEC_UINT64 (p) && exceeds (text, G_PARAM_SPEC_UINT64 (p)));
}

bool
read_value (GParamSpec *property, const std::string &text, GValue &out)
{
  if (G_IS_PARAM_SPEC_STRING (property)) {
    g_value_set_string (&out, text.c_str ());
    return true;
  }
  return !exceeds (property, text)
         && gst_value_deserialize_with_pspec (&out, text.c_str (), property)
         && !g_param_value_validate (property, &out);
}

/** JSON's types must be the property's, so that "5" is no number and 1 no truth. */
bool
kind_fits (GParamSpec *property, const Scalar &value)
{
  if (std::holds_alternative<bool> (value))
    return G_IS_PARAM_SPEC_BOOLEAN (property);
  if (std::holds_alternative<std::string> (value))
    return !G_IS_PARAM_SPEC_BOOLEAN (property) && !is_number (property);
  return is_number (property);
}

} // namespace

tl::expected<GParamSpec *, std::string>
find_property (GObjectClass *owner, const std::string &name)
{
  GParamSpec *found = g_object_class_find_property (owner, name.c_str ());
  const auto settable = [] (GParamSpec *p) {
    return (p->flags & G_PARAM_WRITABLE) != 0 && (p->flags & G_PARAM_CONSTRUCT_ONLY) == 0
           && p->owner_type != GST_TYPE_OBJECT; // name and parent are the graph's matter
  };
  if (found != nullptr && settable (found))
    return found;
  guint count = 0;
  const Owned<GParamSpec *, g_free> all (g_object_class_list_properties (owner, &count));
  std::vector<std::string> names;
  for (guint i = 0; i < count; ++i)
    if (settable (all.get ()[i]))
      names.emplace_back (all.get ()[i]->name);
  std::ranges::sort (names);
  std::string text = found != nullptr ? "can't be set; it has " : "is no property of it; it has ";
  for (const auto &each : names)
    text += (&each == &names.front () ? "" : ", ") + each;
  return tl::unexpected (
      "'" + name + "' " + (names.empty () ? "is no property: it has none" : text));
}

tl::expected<void, std::string>
check_value (GParamSpec *property, const std::string &text)
{
  Value value (property->value_type);
  if (read_value (property, text, value.value))
    return {};
  return tl::unexpected (std::string (property->name) + " " + wanted (property));
}

tl::expected<void, std::string>
check_value (GParamSpec *property, const Scalar &scalar)
{
  if (!kind_fits (property, scalar))
    return tl::unexpected (std::string (property->name) + " " + wanted (property));
  return check_value (property, to_text (scalar));
}

tl::expected<void, std::string>
set_property (GObject *object, const std::string &name, const Scalar &scalar)
{
  const auto property = find_property (G_OBJECT_GET_CLASS (object), name);
  if (!property)
    return tl::unexpected (property.error ());
  if (auto checked = check_value (*property, scalar); !checked)
    return checked;
  Value value ((*property)->value_type);
  read_value (*property, to_text (scalar), value.value);
  g_object_set_property (object, name.c_str (), &value.value);
  return {};
}

} // namespace stagedoor
