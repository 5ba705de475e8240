// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/elements.hpp"

#include <algorithm>

namespace stagedoor::transcode {

Ref<GstElement>
make (const char *factory)
{
  return Ref<GstElement>::sink (gst_element_factory_make (factory, nullptr));
}

std::vector<Ref<GstElementFactory>>
factories_for (GstElementFactoryListType type, const GstCaps *caps)
{
  GList *all = gst_element_factory_list_get_elements (type, GST_RANK_MARGINAL);
  GList *fit = gst_element_factory_list_filter (all, caps, GST_PAD_SINK, FALSE);
  fit = g_list_sort (fit, gst_plugin_feature_rank_compare_func);
  std::vector<Ref<GstElementFactory>> out;
  for (GList *l = fit; l; l = l->next)
    out.push_back (share (static_cast<GstElementFactory *> (l->data)));
  gst_plugin_feature_list_free (fit);
  gst_plugin_feature_list_free (all);
  // libvpx decodes what follows a frame of VP9 in its buffer, too, where a PictureBound can't look.
  std::ranges::stable_partition (
      out, [] (const auto &one) { return !g_str_equal (GST_OBJECT_NAME (one.get ()), "vp9dec"); });
  return out;
}

Ref<GstElement>
make_for (GstElementFactoryListType type, const GstCaps *caps)
{
  for (const auto &factory : factories_for (type, caps))
    if (auto made = Ref<GstElement>::sink (gst_element_factory_create (factory.get (), nullptr)))
      return made;
  return nullptr;
}

Ref<GstElement>
make_filter (GstCaps *caps)
{
  auto filter = make ("capsfilter");
  if (filter)
    g_object_set (filter.get (), "caps", caps, nullptr);
  return filter;
}

void
set_number (GstElement *element, const char *name, gint64 value)
{
  auto *property = g_object_class_find_property (G_OBJECT_GET_CLASS (element), name);
  if (property == nullptr)
    return;
  GValue number = G_VALUE_INIT, fit = G_VALUE_INIT;
  g_value_init (&number, G_TYPE_INT64);
  g_value_set_int64 (&number, value);
  g_value_init (&fit, property->value_type);
  if (g_value_transform (&number, &fit)) {
    g_param_value_validate (property, &fit);
    g_object_set_property (G_OBJECT (element), name, &fit);
  }
  g_value_unset (&fit);
  g_value_unset (&number);
}

void
tolerate_errors (GstElement *decoder)
{
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (decoder), "max-errors"))
    g_object_set (decoder, "max-errors", -1, nullptr);
}

GstClockTime
time_of (GstBin *bin)
{
  const auto clock = adopt (gst_element_get_clock (GST_ELEMENT (bin)));
  return clock ? gst_clock_get_time (clock.get ()) : gst_util_get_timestamp ();
}

ElementRow::~ElementRow ()
{
  stop ();
}

bool
ElementRow::add (Ref<GstElement> element)
{
  if (!element || !gst_bin_add (bin_, element.get ()))
    return false;
  const bool linked =
      elements_.empty () || gst_element_link (elements_.back ().get (), element.get ());
  elements_.push_back (std::move (element));
  return linked;
}

Ref<GstPad>
ElementRow::sink () const
{
  return adopt (gst_element_get_static_pad (elements_.front ().get (), "sink"));
}

Ref<GstPad>
ElementRow::src () const
{
  return adopt (gst_element_get_static_pad (elements_.back ().get (), "src"));
}

void
ElementRow::start ()
{
  for (auto it = elements_.rbegin (); it != elements_.rend (); ++it)
    gst_element_sync_state_with_parent (it->get ());
}

void
ElementRow::stop ()
{
  for (auto &element : elements_)
    gst_element_set_locked_state (element.get (), TRUE); // the bin may be on its way up
  for (auto &element : elements_) {
    gst_element_set_state (element.get (), GST_STATE_NULL);
    gst_bin_remove (bin_, element.get ());
  }
  elements_.clear ();
}

} // namespace stagedoor::transcode
