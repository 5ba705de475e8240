// SPDX-License-Identifier: LGPL-2.1-or-later
// Compares the graph's text with what the registry has, line by line.
#include <algorithm>
#include <numeric>

#include "launcher/pipeline.hpp"
#include "launcher/property.hpp"

namespace stagedoor {
namespace {

constexpr std::size_t far_off = 4; ///< a name with so many differences is no misspelling

/** Edit distance (Levenshtein). */
std::size_t
distance (std::string_view a, std::string_view b)
{
  std::vector<std::size_t> row (b.size () + 1);
  std::iota (row.begin (), row.end (), 0);
  for (std::size_t i = 0; i < a.size (); ++i) {
    std::size_t diagonal = std::exchange (row[0], i + 1);
    for (std::size_t j = 0; j < b.size (); ++j) {
      const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min ({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back ();
}

std::string
similar_element (const std::string &name)
{
  const Owned<GList, gst_plugin_feature_list_free> features (
      gst_registry_get_feature_list (gst_registry_get (), GST_TYPE_ELEMENT_FACTORY));
  std::string best;
  std::size_t best_distance = far_off;
  for (GList *each = features.get (); each != nullptr; each = each->next) {
    const char *candidate = GST_OBJECT_NAME (each->data);
    const auto d = distance (name, candidate);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

class Checker
{
public:
  explicit Checker (const GraphText &graph) : graph_ (graph) {}
  Findings run ();

private:
  void complain (std::size_t line, std::string text)
  {
    findings_.push_back ({"/graph/" + std::to_string (line), std::move (text)});
  }
  void check_element (std::size_t index);
  void check_properties (const GraphElement &element, GObjectClass *type);
  void check_end (const GraphEnd &end, GstPadDirection direction);
  void check_connected (std::size_t index);
  std::size_t uses (std::size_t index, GstPadDirection direction) const;
  std::string names () const;

  const GraphText &graph_;
  std::vector<Ref<GstElementFactory>> factories_; // by index; null: unknown
  Findings findings_;
};

std::string
label (const GraphElement &element)
{
  return element.name.empty () ? element.factory : element.factory + " '" + element.name + "'";
}

const char *
direction_name (GstPadDirection direction)
{
  return direction == GST_PAD_SRC ? "src" : "sink";
}

/** The names of pads in that direction that come with @p presence, or with any. */
std::vector<std::string>
pads_of (GstElementFactory *factory, GstPadDirection direction,
    std::optional<GstPadPresence> presence = {})
{
  std::vector<std::string> out;
  const GList *each = gst_element_factory_get_static_pad_templates (factory);
  for (; each != nullptr; each = each->next) {
    const auto *pad = static_cast<const GstStaticPadTemplate *> (each->data);
    if (pad->direction == direction && (!presence || pad->presence == *presence))
      out.emplace_back (pad->name_template);
  }
  return out;
}

/** "video_%u" has "video_0". */
bool
matches (const std::string &pattern, const std::string &name)
{
  const auto percent = pattern.find ('%');
  return percent == std::string::npos ? pattern == name
                                      : name.starts_with (pattern.substr (0, percent));
}

std::string
join (const std::vector<std::string> &names)
{
  std::string out;
  for (const auto &name : names)
    out += (out.empty () ? "" : ", ") + name;
  return out.empty () ? "none" : out;
}

std::string
Checker::names () const
{
  std::vector<std::string> out;
  for (const auto &element : graph_.elements)
    if (!element.name.empty ())
      out.push_back (element.name);
  return join (out);
}

void
Checker::check_properties (const GraphElement &element, GObjectClass *type)
{
  for (const auto &property : element.properties) {
    if (property.name.find ("::") != std::string::npos || property.name == "name")
      continue;
    const auto found = find_property (type, property.name);
    const auto checked = found.and_then (
        [&property] (GParamSpec *spec) { return check_value (spec, property.value); });
    if (!checked)
      complain (property.line, label (element) + ": " + checked.error ());
  }
}

void
Checker::check_element (std::size_t index)
{
  const auto &element = graph_.elements[index];
  auto factory = adopt (gst_element_factory_find (element.factory.c_str ()));
  factories_.push_back (factory);
  if (!factory) {
    const auto similar = similar_element (element.factory);
    return complain (
        element.line, "there is no element '" + element.factory + "' on this machine"
                          + (similar.empty () ? "" : "; did you mean '" + similar + "'?"));
  }
  const auto same_name = [&element] (const GraphElement &e) {
    return e.name == element.name;
  };
  if (!element.name.empty ()
      && std::ranges::find_if (graph_.elements, same_name) != graph_.elements.begin () + index)
    complain (element.line, "there is another element named '" + element.name + "'");
  const auto loaded =
      adopt (GST_ELEMENT_FACTORY (gst_plugin_feature_load (GST_PLUGIN_FEATURE (factory.get ()))));
  if (!loaded)
    return complain (element.line, "the plugin of " + label (element) + " does not load");
  auto *type =
      G_OBJECT_CLASS (g_type_class_ref (gst_element_factory_get_element_type (loaded.get ())));
  check_properties (element, type);
  g_type_class_unref (type);
}

void
Checker::check_end (const GraphEnd &end, GstPadDirection direction)
{
  if (!end.element) {
    if (!end.reference.empty ())
      complain (end.line,
          "no element is named '" + end.reference + "'; those with names are " + names ());
    return;
  }
  const auto &factory = factories_[*end.element];
  if (!factory || end.pad.empty () || end.pad.find (',') != std::string::npos)
    return;
  const auto pads = pads_of (factory.get (), direction);
  if (std::ranges::none_of (pads, [&end] (const auto &pad) { return matches (pad, end.pad); }))
    complain (end.line, label (graph_.elements[*end.element]) + " has no "
                            + direction_name (direction) + " pad '" + end.pad + "'; it has "
                            + join (pads));
}

std::size_t
Checker::uses (std::size_t index, GstPadDirection direction) const
{
  return static_cast<std::size_t> (
      std::ranges::count_if (graph_.links, [=] (const GraphLink &link) {
        return (direction == GST_PAD_SRC ? link.from : link.to).element == index;
      }));
}

/** Every pad that is always there must be linked, and each element to something. */
void
Checker::check_connected (std::size_t index)
{
  const auto &element = graph_.elements[index];
  const auto &factory = factories_[index];
  if (!factory)
    return;
  if (uses (index, GST_PAD_SRC) + uses (index, GST_PAD_SINK) == 0 && graph_.elements.size () > 1)
    return complain (element.line, label (element) + " is linked to nothing");
  for (const auto direction : {GST_PAD_SINK, GST_PAD_SRC}) {
    const auto all = pads_of (factory.get (), direction);
    const auto always = pads_of (factory.get (), direction, GST_PAD_ALWAYS);
    const auto sometimes = pads_of (factory.get (), direction, GST_PAD_SOMETIMES);
    const auto used = uses (index, direction);
    if (used < always.size () || (used == 0 && !sometimes.empty ()))
      complain (element.line, label (element) + ": not every " + direction_name (direction)
                                  + " pad is linked; it has " + join (all));
  }
}

Findings
Checker::run ()
{
  for (std::size_t i = 0; i < graph_.elements.size (); ++i)
    check_element (i);
  if (!graph_.understood)
    return std::move (findings_);
  for (const auto &link : graph_.links) {
    check_end (link.from, GST_PAD_SRC);
    check_end (link.to, GST_PAD_SINK);
  }
  for (const auto &loose : graph_.loose)
    complain (loose.line, "'" + loose.reference + "." + loose.pad + "' is linked to nothing");
  for (std::size_t i = 0; i < graph_.elements.size (); ++i)
    check_connected (i);
  return std::move (findings_);
}

} // namespace

Findings
check_graph (const GraphText &graph)
{
  return Checker (graph).run ();
}

} // namespace stagedoor
