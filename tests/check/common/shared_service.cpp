// SPDX-License-Identifier: LGPL-2.1-or-later
// The process's services: one per address, handed from element to element, held weakly.
#include "gst-plugins/common/shared_service.hpp"

#include "tests/check/common/http_client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *type = "stagedoor.test-service";
using Opened = tl::expected<AnyService, std::string>;

AnyService
new_service ()
{
  return std::make_shared<int> (7);
}

Opened
must_not_open ()
{
  ck_abort_msg ("there is a service already");
  return nullptr;
}

Ref<GstElement>
new_element ()
{
  auto element = Ref<GstElement>::sink (gst_element_factory_make ("fakesink", nullptr));
  ck_assert (element);
  return element;
}

Ref<GstElement>
new_pipeline (std::initializer_list<GstElement *> elements)
{
  auto pipeline = Ref<GstElement>::sink (gst_pipeline_new (nullptr));
  for (auto *element : elements)
    gst_bin_add (GST_BIN (pipeline.get ()), element);
  return pipeline;
}

START_TEST (registry_shares_while_it_lives)
{
  int opens = 0;
  const auto get = [&opens] (const std::string &kind, const std::string &address) {
    return *find_or_open (kind, address, [&opens, &address] {
      ++opens;
      return OpenedService{new_service (), address == ":0" ? ":1234" : address};
    });
  };
  auto first = get (type, ":0");
  ck_assert_ptr_eq (get (type, ":1234").get (), first.get ());
  ck_assert_int_eq (opens, 1);
  ck_assert_ptr_ne (get ("another-type", ":1234").get (), first.get ());
  ck_assert_ptr_ne (get (type, ":0").get (), first.get ());
  ck_assert_int_eq (opens, 3);
  first = get (type, ":1234"); // the ":0" before took the entry over, and has gone
  ck_assert_int_eq (opens, 4);
}
END_TEST

START_TEST (registry_passes_errors_on)
{
  const auto refuse = [] () -> tl::expected<OpenedService, std::string> {
    return tl::unexpected (std::string ("no"));
  };
  assert_text (find_or_open (type, ":1", refuse).error (), "no");
  const auto open = [] {
    return OpenedService{new_service (), ":1"};
  };
  ck_assert (find_or_open (type, ":1", open).has_value ());
  assert_text (find_or_open (type, ":1", refuse).error (), "no"); // nobody held it
}
END_TEST

START_TEST (elements_of_one_pipeline)
{
  const auto a = new_element (), b = new_element ();
  const auto pipeline = new_pipeline ({a.get (), b.get ()});
  const auto service =
      *service_for (a.get (), type, ":1", [] () -> Opened { return new_service (); });
  ck_assert_ptr_eq (service_for (b.get (), type, ":1", must_not_open)->get (), service.get ());
  const auto late = new_element ();
  gst_bin_add (GST_BIN (pipeline.get ()), late.get ());
  ck_assert_ptr_eq (service_for (late.get (), type, ":1", must_not_open)->get (), service.get ());
  const auto other =
      service_for (late.get (), type, ":2", [] () -> Opened { return new_service (); });
  ck_assert_ptr_ne (other->get (), service.get ());
}
END_TEST

START_TEST (nested_bins)
{
  const auto a = new_element (), b = new_element ();
  auto *bin = gst_bin_new (nullptr);
  gst_bin_add (GST_BIN (bin), a.get ());
  const auto pipeline = new_pipeline ({bin, b.get ()});
  const auto service =
      *service_for (a.get (), type, ":1", [] () -> Opened { return new_service (); });
  ck_assert_ptr_eq (service_for (b.get (), type, ":1", must_not_open)->get (), service.get ());
}
END_TEST

/** What an application does that has several pipelines. */
GstBusSyncReply
give_context (GstBus *, GstMessage *message, gpointer context)
{
  const gchar *wanted = nullptr;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_NEED_CONTEXT
      && gst_message_parse_context_type (message, &wanted) && g_str_equal (wanted, type))
    gst_element_set_context (
        GST_ELEMENT (GST_MESSAGE_SRC (message)), static_cast<GstContext *> (context));
  return GST_BUS_PASS;
}

START_TEST (application_hands_over)
{
  const auto service = new_service ();
  const auto context = new_service_context (type, ":1", service);
  const auto element = new_element ();
  const auto pipeline = new_pipeline ({element.get ()});
  const auto bus = adopt (gst_element_get_bus (pipeline.get ()));
  gst_bus_set_sync_handler (bus.get (), give_context, context.get (), nullptr);
  ck_assert_ptr_eq (
      service_for (element.get (), type, ":1", must_not_open)->get (), service.get ());

  const auto second = new_element ();
  const auto prepared = new_pipeline ({second.get ()});
  gst_element_set_context (prepared.get (), context.get ());
  ck_assert_ptr_eq (service_for (second.get (), type, ":1", must_not_open)->get (), service.get ());
  ck_assert_int_eq (service.use_count (), 1);
}
END_TEST

START_TEST (contexts_hold_weakly)
{
  const auto a = new_element (), b = new_element ();
  const auto pipeline = new_pipeline ({a.get (), b.get ()});
  const auto open = [] () -> Opened {
    return new_service ();
  };
  std::weak_ptr<void> first;
  {
    const auto service = *service_for (a.get (), type, ":1", open);
    first = service;
    ck_assert_int_eq (service.use_count (), 1);
  }
  ck_assert (first.expired ());
  const auto fresh =
      *service_for (b.get (), type, ":1", open); // though a and the bin have a context
  ck_assert_ptr_eq (service_for (a.get (), type, ":1", must_not_open)->get (), fresh.get ());
}
END_TEST

START_TEST (failure_leaves_nothing_behind)
{
  const auto element = new_element ();
  const auto pipeline = new_pipeline ({element.get ()});
  const auto refuse = [] () -> Opened {
    return tl::unexpected (std::string ("taken"));
  };
  assert_text (service_for (element.get (), type, ":1", refuse).error (), "taken");
  ck_assert (!adopt (gst_element_get_context (element.get (), type)));
}
END_TEST

START_TEST (strange_contexts_are_ignored)
{
  for (const char *fields :
      {"x, address=(string)\":1\"", "x, address=(string)\":1\", service=(int)1",
          "x, address=(int)1, service=(string)x", "x"}) {
    const auto element = new_element ();
    const auto context = adopt (gst_context_new (type, TRUE));
    auto *structure = gst_context_writable_structure (context.get ());
    const Structure from (gst_structure_from_string (fields, nullptr));
    gst_structure_foreach (
        from.get (),
        [] (GQuark field, const GValue *value, gpointer to) -> gboolean {
          gst_structure_id_set_value (static_cast<GstStructure *> (to), field, value);
          return TRUE;
        },
        structure);
    gst_element_set_context (element.get (), context.get ());
    bool opened = false;
    const auto service = service_for (element.get (), type, ":1", [&opened] () -> Opened {
      opened = true;
      return new_service ();
    });
    ck_assert (service && opened);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("shared-service",
      {registry_shares_while_it_lives, registry_passes_errors_on, elements_of_one_pipeline,
          nested_bins, application_hands_over, contexts_hold_weakly, failure_leaves_nothing_behind,
          strange_contexts_are_ignored});
}
