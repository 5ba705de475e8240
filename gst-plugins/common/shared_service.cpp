// SPDX-License-Identifier: LGPL-2.1-or-later
// Registry of the process's services and their GstContext form.
#include "gst-plugins/common/shared_service.hpp"

#include <map>
#include <mutex>

namespace stagedoor {
namespace {

// Outermost: nothing is held when it is taken, but by a service that opens those it needs.
std::recursive_mutex registry_mutex;
std::map<std::pair<std::string, std::string>, std::weak_ptr<void>> registry; // by type, address

// Weak: a context stays in elements and bins that no longer use the service.
using Box = std::weak_ptr<void>;

Box *
copy_box (Box *box)
{
  return new Box (*box);
}

void
free_box (Box *box)
{
  delete box;
}

GType
box_type ()
{
  static const GType type = g_boxed_type_register_static ("StageSharedService",
      reinterpret_cast<GBoxedCopyFunc> (copy_box), reinterpret_cast<GBoxedFreeFunc> (free_box));
  return type;
}

AnyService
service_in (GstElement *element, const char *type, const std::string &address)
{
  const auto context = adopt (gst_element_get_context (element, type));
  if (!context)
    return nullptr;
  const auto *fields = gst_context_get_structure (context.get ());
  const char *at = gst_structure_get_string (fields, "address");
  const GValue *box = gst_structure_get_value (fields, "service");
  if (at == nullptr || address != at || box == nullptr || !G_VALUE_HOLDS (box, box_type ()))
    return nullptr;
  return static_cast<Box *> (g_value_get_boxed (box))->lock ();
}

} // namespace

tl::expected<AnyService, std::string>
find_or_open (const std::string &type, const std::string &address,
    const std::function<tl::expected<OpenedService, std::string> ()> &open)
{
  std::lock_guard lock (registry_mutex);
  if (const auto found = registry.find ({type, address}); found != registry.end ()) {
    if (auto service = found->second.lock ())
      return service;
    registry.erase (found);
  }
  auto opened = open ();
  if (!opened)
    return tl::unexpected (opened.error ());
  registry[{type, opened->address}] = opened->service;
  return opened->service;
}

Ref<GstContext>
new_service_context (const char *type, const std::string &address, const AnyService &service)
{
  const Box box = service;
  auto context = adopt (gst_context_new (type, TRUE));
  gst_structure_set (gst_context_writable_structure (context.get ()), "address", G_TYPE_STRING,
      address.c_str (), "service", box_type (), &box, nullptr);
  return context;
}

tl::expected<AnyService, std::string>
service_for (GstElement *element, const char *type, const std::string &address,
    const std::function<tl::expected<AnyService, std::string> ()> &open)
{
  if (auto service = service_in (element, type, address))
    return service;
  gst_element_post_message (element, gst_message_new_need_context (GST_OBJECT (element), type));
  if (auto service = service_in (element, type, address))
    return service;
  auto opened = open ();
  if (opened) {
    auto context = new_service_context (type, address, *opened);
    gst_element_set_context (element, context.get ());
    gst_element_post_message (
        element, gst_message_new_have_context (GST_OBJECT (element), context.release ()));
  }
  return opened;
}

} // namespace stagedoor
