// SPDX-License-Identifier: LGPL-2.1-or-later
// Ownership of GStreamer and GLib things, spelled out at every call.
#pragma once

#include <gst/gst.h>
#include <memory>
#include <type_traits>
#include <utility>

#include "gst-plugins/common/handover.hpp"

namespace stagedoor {

/** How to count references on T. Undefined on purpose: an unlisted type is a compile error.
 *  (Detecting "has .mini_object" would miss the opaque GstSample, GstBufferList and GstContext.) */
template <class T>
struct RefTraits;

#define STAGE_REF_OBJECT(T)                                                                        \
  template <>                                                                                      \
  struct RefTraits<T>                                                                              \
  {                                                                                                \
    static void ref (T *p) { gst_object_ref (p); }                                                 \
    static void unref (T *p) { gst_object_unref (p); }                                             \
    static constexpr bool floating = true;                                                         \
  }
#define STAGE_REF_MINI(T)                                                                          \
  template <>                                                                                      \
  struct RefTraits<T>                                                                              \
  {                                                                                                \
    static void ref (T *p) { gst_mini_object_ref (GST_MINI_OBJECT_CAST (p)); }                     \
    static void unref (T *p) { gst_mini_object_unref (GST_MINI_OBJECT_CAST (p)); }                 \
    static constexpr bool floating = false;                                                        \
  }
STAGE_REF_OBJECT (GstElement);
STAGE_REF_OBJECT (GstElementFactory);
STAGE_REF_OBJECT (GstPad);
STAGE_REF_OBJECT (GstBus);
STAGE_REF_OBJECT (GstBufferPool);
STAGE_REF_OBJECT (GstClock);
STAGE_REF_MINI (GstBuffer);
STAGE_REF_MINI (GstCaps);
STAGE_REF_MINI (GstEvent);
STAGE_REF_MINI (GstMessage);
STAGE_REF_MINI (GstQuery);
STAGE_REF_MINI (GstSample);
STAGE_REF_MINI (GstBufferList);
STAGE_REF_MINI (GstContext);

template <>
struct RefTraits<GBytes>
{
  static void ref (GBytes *p) { g_bytes_ref (p); }
  static void unref (GBytes *p) { g_bytes_unref (p); }
  static constexpr bool floating = false;
};

/** Intrusive pointer; sizeof (Ref<T>) == sizeof (T *). Ownership is always spelled out:
 * adopt() for "transfer full", share() for "transfer none", sink() for floating. */
template <class T>
class Ref
{
  using Traits = RefTraits<T>;

public:
  Ref () noexcept = default;
  Ref (std::nullptr_t) noexcept {}
  Ref (const Ref &o) noexcept : p_ (o.p_)
  {
    if (p_)
      Traits::ref (p_);
  }
  Ref (Ref &&o) noexcept : p_ (std::exchange (o.p_, nullptr)) {}
  Ref &operator= (Ref o) noexcept
  {
    std::swap (p_, o.p_);
    return *this;
  }
  ~Ref ()
  {
    if (p_)
      Traits::unref (p_);
  }

  static Ref adopt (T *p) noexcept
  {
    Ref r;
    r.p_ = p;
    return r;
  }
  static Ref share (T *p) noexcept
  {
    if (p)
      Traits::ref (p);
    return adopt (p);
  }
  static Ref sink (T *p) noexcept requires Traits::floating
  {
    if (p)
      gst_object_ref_sink (p);
    return adopt (p);
  }

  T *get () const noexcept { return p_; }
  T *operator->() const noexcept { return p_; }
  explicit operator bool () const noexcept { return p_ != nullptr; }
  [[nodiscard]] T *release () noexcept { return std::exchange (p_, nullptr); }
  [[nodiscard]] T **out () noexcept
  {
    *this = nullptr;
    return &p_;
  }

private:
  T *p_ = nullptr;
};

template <class T>
Ref<T>
adopt (T *p) noexcept
{
  return Ref<T>::adopt (p);
}
template <class T>
Ref<T>
share (T *p) noexcept
{
  return Ref<T>::share (p);
}

template <auto Free>
struct Deleter
{
  template <class T>
  void operator() (T *p) const noexcept
  {
    Free (p);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Deleter<Free>>;
using String = Owned<gchar, g_free>;
using Error = Owned<GError, g_error_free>;
using Structure = Owned<GstStructure, gst_structure_free>;

/** Scoped GST_OBJECT_LOCK. */
class ObjectLock
{
public:
  explicit ObjectLock (gpointer o) : o_ (GST_OBJECT_CAST (o))
  {
    GST_OBJECT_LOCK (o_);
    taken_over (o_);
  }
  ~ObjectLock ()
  {
    handed_over (o_);
    GST_OBJECT_UNLOCK (o_);
  }
  ObjectLock (const ObjectLock &) = delete;
  ObjectLock &operator= (const ObjectLock &) = delete;

private:
  GstObject *o_;
};

} // namespace stagedoor
