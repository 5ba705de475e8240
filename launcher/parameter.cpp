// SPDX-License-Identifier: LGPL-2.1-or-later
// Values of parameters: their text forms and their bounds.
#include "launcher/pipeline_file.hpp"

#include <charconv>
#include <cmath>

namespace stagedoor {
namespace {

std::string
number_text (double number)
{
  char text[40];
  const auto end = std::to_chars (text, text + sizeof text, number).ptr;
  return {text, end};
}

template <class Number>
std::optional<Number>
read_number (std::string_view text)
{
  Number out{};
  const auto end = text.data () + text.size ();
  const auto parsed = std::from_chars (text.data (), end, out);
  if (parsed.ec != std::errc () || parsed.ptr != end)
    return std::nullopt;
  return out;
}

} // namespace

std::string
to_text (const Scalar &scalar)
{
  if (const auto *truth = std::get_if<bool> (&scalar))
    return *truth ? "true" : "false";
  if (const auto *integer = std::get_if<std::int64_t> (&scalar))
    return std::to_string (*integer);
  if (const auto *number = std::get_if<double> (&scalar))
    return number_text (*number);
  return std::get<std::string> (scalar);
}

std::optional<std::string>
Parameter::complaint (const Scalar &candidate) const
{
  if (type == Type::boolean)
    return std::holds_alternative<bool> (candidate) ? std::nullopt
                                                    : std::optional ("must be true or false");
  if (type == Type::string)
    return std::holds_alternative<std::string> (candidate) ? std::nullopt
                                                           : std::optional ("must be a string");
  const auto *integer = std::get_if<std::int64_t> (&candidate);
  const auto *number = std::get_if<double> (&candidate);
  const double value = integer != nullptr  ? static_cast<double> (*integer)
                       : number != nullptr ? *number
                                           : NAN;
  if ((integer != nullptr || (number != nullptr && type == Type::number)) && std::isfinite (value)
      && value >= minimum.value_or (value) && value <= maximum.value_or (value))
    return std::nullopt;
  std::string text = type == Type::integer ? "must be an integer" : "must be a number";
  if (minimum)
    text += ", at least " + number_text (*minimum);
  if (maximum)
    text += ", at most " + number_text (*maximum);
  return text;
}

tl::expected<Scalar, std::string>
Parameter::read (std::string_view text) const
{
  Scalar out{std::string (text)};
  if (type == Type::boolean && (text == "true" || text == "false"))
    out = text == "true";
  else if (const auto integer = read_number<std::int64_t> (text);
           integer && (type == Type::integer || type == Type::number))
    out = *integer;
  else if (const auto number = read_number<double> (text); number && type == Type::number)
    out = *number;
  if (const auto wrong = complaint (out))
    return tl::unexpected (*wrong);
  return out;
}

tl::expected<void, std::string>
PipelineFile::set (std::string_view setting)
{
  const auto equals = setting.find ('=');
  const auto name = setting.substr (0, equals);
  const auto found = parameters.find (name);
  if (equals == std::string_view::npos)
    return tl::unexpected ("'" + std::string (setting) + "' is not NAME=VALUE");
  if (found == parameters.end ()) {
    std::string known;
    for (const auto &[each, parameter] : parameters)
      known += (known.empty () ? "; known are " : ", ") + each;
    return tl::unexpected (
        "the pipeline file has no parameter '" + std::string (name) + "'" + known);
  }
  auto value = found->second.read (setting.substr (equals + 1));
  if (!value)
    return tl::unexpected ("parameter '" + std::string (name) + "' " + value.error ());
  found->second.value = std::move (*value);
  return {};
}

} // namespace stagedoor
