// SPDX-License-Identifier: LGPL-2.1-or-later
// Chooses and makes the elements that conversions are built of.
#pragma once

#include <vector>

#include <gst/gst.h>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor::transcode {

/** Null when @p factory isn't installed. */
Ref<GstElement> make (const char *factory);

/** All elements of @p type that take @p caps, the highest ranked first, but for one that is not as
 * safe as others. */
std::vector<Ref<GstElementFactory>> factories_for (
    GstElementFactoryListType type, const GstCaps *caps);

/** The highest ranked element of @p type that takes @p caps and can be made. */
Ref<GstElement> make_for (GstElementFactoryListType type, const GstCaps *caps);

Ref<GstElement> make_filter (GstCaps *caps);

/** Within what the property allows; nothing when there is no such property. */
void set_number (GstElement *element, const char *property, gint64 value);

/** Damage is the publisher's business: it is no reason for a decoder to give up. */
void tolerate_errors (GstElement *decoder);

/** By the pipeline's clock, if there is one. */
GstClockTime time_of (GstBin *bin);

/** Elements linked in a row as children of a bin, which outlives them. */
class ElementRow
{
public:
  explicit ElementRow (GstBin *bin) : bin_ (bin) {}
  ~ElementRow ();
  ElementRow (const ElementRow &) = delete;
  ElementRow &operator= (const ElementRow &) = delete;

  /** Links it to the one before. False when it is null or doesn't fit. */
  bool add (Ref<GstElement> element);
  bool empty () const { return elements_.empty (); }
  Ref<GstPad> sink () const; ///< of the first
  Ref<GstPad> src () const;  ///< of the last
  void start ();             ///< the last one first
  /** To NULL, and out of the bin. */
  void stop ();

private:
  GstBin *const bin_; // borrowed
  std::vector<Ref<GstElement>> elements_;
};

} // namespace stagedoor::transcode
