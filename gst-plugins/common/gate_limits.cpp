// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/gate_limits.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace stagedoor::gate {
namespace {

using std::chrono::milliseconds;
using Value = std::uint64_t;

struct Row
{
  const char *name;
  Value least, most;
  std::size_t Limits::*number;
  milliseconds Limits::*time = nullptr; ///< instead of number

  void set (Limits &limits, Value value) const
  {
    if (time != nullptr)
      limits.*time = milliseconds (value);
    else
      limits.*number = static_cast<std::size_t> (value);
  }
  guint get (const Limits &limits) const
  {
    return static_cast<guint> (
        time != nullptr ? static_cast<Value> ((limits.*time).count ()) : Value{limits.*number});
  }
};

constexpr Value million = 1'000'000, hour = 3'600'000, day = 24 * hour;

constexpr std::array rows{
    Row{"connections", 1, million, &Limits::connections},
    Row{"connections-per-address", 1, million, &Limits::connections_per_address},
    Row{"unauthenticated", 1, million, &Limits::unauthenticated},
    Row{"unauthenticated-per-address", 1, million, &Limits::unauthenticated_per_address},
    Row{"authentication-ms", 100, hour, nullptr, &Limits::authentication_time},
    Row{"silence-ms", 100, hour, nullptr, &Limits::silence},
    Row{"wrong-keys", 0, million, &Limits::wrong_keys},
    Row{"wrong-keys-ms", 100, day, nullptr, &Limits::wrong_keys_time},
    Row{"back-off-first-ms", 1, day, nullptr, &Limits::back_off_first},
    Row{"back-off-most-ms", 1, day, nullptr, &Limits::back_off_most},
    Row{"back-off-sites", 1, million, &Limits::back_off_sites},
};

std::string
all_names ()
{
  std::string out;
  for (const auto &row : rows)
    out += (out.empty () ? "" : ", ") + std::string (row.name);
  return out;
}

tl::expected<const Row *, std::string>
find_row (std::string_view name)
{
  const auto found =
      std::ranges::find (rows, name, [] (const Row &row) { return std::string_view (row.name); });
  if (found == rows.end ())
    return tl::unexpected (
        "there is no limit '" + std::string (name.substr (0, 64)) + "'; there are " + all_names ());
  return &*found;
}

tl::unexpected<std::string>
out_of_range (const Row &row)
{
  return tl::unexpected (std::string (row.name) + " wants a whole number from "
                         + std::to_string (row.least) + " to " + std::to_string (row.most));
}

std::optional<Value>
whole_number (const GValue *value)
{
  GValue wide = G_VALUE_INIT;
  if (G_VALUE_HOLDS_UINT64 (value))
    return g_value_get_uint64 (value);
  if (!G_VALUE_HOLDS_INT (value) && !G_VALUE_HOLDS_UINT (value) && !G_VALUE_HOLDS_INT64 (value))
    return std::nullopt;
  g_value_init (&wide, G_TYPE_INT64);
  g_value_transform (value, &wide);
  const auto number = g_value_get_int64 (&wide);
  return number < 0 ? std::nullopt : std::optional (static_cast<Value> (number));
}

} // namespace

tl::expected<void, std::string>
set_limit (Limits &limits, std::string_view text)
{
  const auto equals = text.find ('=');
  const auto row = find_row (text.substr (0, equals));
  if (!row)
    return tl::unexpected (row.error ());
  const auto digits =
      equals == std::string_view::npos ? std::string_view () : text.substr (equals + 1);
  Value value = 0;
  const auto end = digits.data () + digits.size ();
  const auto [stop, error] = std::from_chars (digits.data (), end, value);
  if (digits.empty () || error != std::errc () || stop != end || value < (*row)->least
      || value > (*row)->most)
    return out_of_range (**row);
  (*row)->set (limits, value);
  return {};
}

GstStructure *
limits_structure (const Limits &limits)
{
  auto *out = gst_structure_new_empty ("limits");
  for (const auto &row : rows)
    gst_structure_set (out, row.name, G_TYPE_UINT, row.get (limits), nullptr);
  return out;
}

tl::expected<Limits, std::string>
limits_from (const GstStructure *fields)
{
  Limits out;
  for (int i = 0; i < gst_structure_n_fields (fields); ++i) {
    const char *name = gst_structure_nth_field_name (fields, static_cast<guint> (i));
    const auto row = find_row (name);
    if (!row)
      return tl::unexpected (row.error ());
    const auto value = whole_number (gst_structure_get_value (fields, name));
    if (!value || *value < (*row)->least || *value > (*row)->most)
      return out_of_range (**row);
    (*row)->set (out, *value);
  }
  return out;
}

} // namespace stagedoor::gate
