// SPDX-License-Identifier: LGPL-2.1-or-later
// A pipeline file (schemas/pipeline.schema.json) as values; knows nothing of GStreamer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

namespace stagedoor {

/** Something wrong in a file: where (JSON pointer, "" = the whole), and what would be right. */
struct Finding
{
  std::string pointer, text;
  bool operator== (const Finding &) const = default;
};
using Findings = std::vector<Finding>;

using Scalar = std::variant<bool, std::int64_t, double, std::string>;
using Variables = std::map<std::string, Scalar, std::less<>>;

std::string to_text (const Scalar &scalar);

struct Parameter
{
  enum class Type { boolean, integer, number, string };
  Type type = Type::string;
  std::optional<double> minimum, maximum; ///< of integer and number
  Scalar value;                           ///< the default, or what overrides it

  /** Nothing, or what would be right. */
  std::optional<std::string> complaint (const Scalar &candidate) const;
  /** Reads "200", "true", … as a command line has it. */
  tl::expected<Scalar, std::string> read (std::string_view text) const;
};

/** element::property = value, once the pipeline is built. */
struct Binding
{
  std::string element, property;
  Scalar value; ///< a string may hold ${variables}
  std::string pointer;
};

struct PipelineFile
{
  std::vector<std::string> graph; ///< gst-launch text, in lines
  std::map<std::string, Parameter, std::less<>> parameters;
  std::vector<Binding> bindings;

  static tl::expected<PipelineFile, Findings> parse (std::string_view json);

  /** Sets a parameter: @p setting is "name=value". */
  tl::expected<void, std::string> set (std::string_view setting);

  /** Adds the parameters' values to @p variables. */
  Variables with_parameters (Variables variables) const;
};

/** What the launcher sets for each stream. */
inline constexpr const char *stream_variables[] = {"app", "stream", "http-address",
    "webrtc-address", "public-address", "gate-address", "srt-address", "reconnect-grace"};

/** Replaces ${…} in @p value. A value that is one ${…} and nothing else keeps its type. The error
 * says what is wrong. */
tl::expected<Scalar, std::string> expand (const Scalar &value, const Variables &variables);

} // namespace stagedoor
