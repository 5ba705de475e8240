// SPDX-License-Identifier: LGPL-2.1-or-later
// AMF 0, the encoding of RTMP's commands and metadata, within bounds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "libs/base/bytes.hpp"

namespace stagedoor::rtmp {

struct AmfMember;

/** One value. Only the member that belongs to the type means anything. */
struct Amf
{
  enum class Type { undefined, null, number, boolean, string, object, strict_array };

  Type type = Type::undefined;
  double number = 0; ///< a date is its number of milliseconds
  bool boolean = false;
  std::string string;
  std::vector<AmfMember> members; ///< in order; elements of a strict array have empty names

  /** Undefined when this isn't an object, or has no such member. */
  const Amf &member (std::string_view name) const;
  bool is_string () const { return type == Type::string; }
};

struct AmfMember
{
  std::string name;
  Amf value;
};

struct AmfError
{
  enum class Kind { malformed, over_bound };
  Kind kind;
  std::string text; ///< a sentence for people
};

/** Values of one message together; names of members count as part of them. */
constexpr std::size_t amf_most_values = 4096;

/** Reads the values that follow each other to the end of @p body. Objects and arrays nest at most
 * @p depth deep. */
tl::expected<std::vector<Amf>, AmfError> parse_amf0 (ByteView body, int depth);

/** Appends AMF 0 values. */
class AmfWriter
{
public:
  explicit AmfWriter (Bytes &out) : out_ (out) {}

  AmfWriter &number (double value);
  AmfWriter &boolean (bool value);
  AmfWriter &string (std::string_view value);
  AmfWriter &null ();
  AmfWriter &undefined ();
  AmfWriter &begin_object ();
  /** The next value is the member @p name. */
  AmfWriter &name (std::string_view name);
  AmfWriter &end_object ();
  AmfWriter &begin_strict_array (std::uint32_t elements);

private:
  Bytes &out_;
};

} // namespace stagedoor::rtmp
