// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/rtmp/amf0.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace stagedoor::rtmp {

namespace {

/** AMF 0 section 2.1. */
enum Marker : std::uint8_t {
  number = 0x00,
  boolean = 0x01,
  string = 0x02,
  object = 0x03,
  null = 0x05,
  undefined = 0x06,
  reference = 0x07,
  ecma_array = 0x08,
  object_end = 0x09,
  strict_array = 0x0a,
  date = 0x0b,
  long_string = 0x0c,
  unsupported = 0x0d,
  xml_document = 0x0f,
  typed_object = 0x10,
  avmplus_object = 0x11,
};

class Parser
{
public:
  Parser (ByteView body, int depth) : reader_ (body), most_depth_ (depth) {}

  tl::expected<std::vector<Amf>, AmfError> run ();

private:
  using Result = tl::expected<void, AmfError>;

  Result value (Amf &out, int depth);
  Result scalar (Amf &out, std::uint8_t marker);
  Result members (Amf &out, int depth);
  Result elements (Amf &out, int depth);
  Result text (Amf &out, std::size_t length);
  Result check () const;

  Reader reader_;
  int most_depth_;
  std::size_t values_ = 0;
};

tl::unexpected<AmfError>
malformed (std::string text)
{
  return tl::unexpected (AmfError{AmfError::Kind::malformed, std::move (text)});
}

tl::unexpected<AmfError>
over_bound (const char *what, std::size_t bound)
{
  return tl::unexpected (AmfError{AmfError::Kind::over_bound,
      std::string ("AMF has ") + what + " than the bound of " + std::to_string (bound)});
}

tl::expected<std::vector<Amf>, AmfError>
Parser::run ()
{
  std::vector<Amf> out;
  while (reader_.remaining () > 0)
    if (auto read = value (out.emplace_back (), 0); !read)
      return tl::unexpected (std::move (read.error ()));
  return out;
}

Parser::Result
Parser::check () const
{
  if (!reader_.ok ())
    return malformed ("AMF ends in the middle of a value");
  return {};
}

Parser::Result
Parser::value (Amf &out, int depth)
{
  if (++values_ > amf_most_values)
    return over_bound ("more values", amf_most_values);
  const auto marker = reader_.u8 ();
  if (auto ok = check (); !ok)
    return ok;
  const bool nests =
      marker == object || marker == ecma_array || marker == strict_array || marker == typed_object;
  if (!nests)
    return scalar (out, marker);
  if (depth >= most_depth_)
    return over_bound ("deeper nesting", static_cast<std::size_t> (most_depth_));
  out.type = marker == strict_array ? Amf::Type::strict_array : Amf::Type::object;
  if (marker == strict_array)
    return elements (out, depth + 1);
  if (marker == ecma_array)
    reader_.skip (4); // the count is a hint that many writers get wrong
  if (marker == typed_object)
    reader_.skip (reader_.u16 ()); // the class name means nothing here
  return members (out, depth + 1);
}

Parser::Result
Parser::scalar (Amf &out, std::uint8_t marker)
{
  switch (marker) {
    case number:
    case date:
      out.type = Amf::Type::number;
      out.number = std::bit_cast<double> (reader_.u64 ());
      if (marker == date)
        reader_.skip (2); // time zone, reserved
      return check ();
    case boolean:
      out.type = Amf::Type::boolean;
      out.boolean = reader_.u8 () != 0;
      return check ();
    case string:
      return text (out, reader_.u16 ());
    case long_string:
    case xml_document:
      return text (out, reader_.u32 ());
    case null:
      out.type = Amf::Type::null;
      return {};
    case undefined:
    case unsupported:
      return {};
    case reference:
      return malformed ("AMF references aren't supported");
    case avmplus_object:
      return malformed ("AMF 3 values aren't supported; use AMF 0");
    default:
      return malformed ("AMF marker " + std::to_string (marker) + " isn't supported");
  }
}

Parser::Result
Parser::text (Amf &out, std::size_t length)
{
  out.type = Amf::Type::string;
  out.string = stagedoor::text (reader_.take (length));
  return check ();
}

Parser::Result
Parser::members (Amf &out, int depth)
{
  for (;;) {
    const auto length = reader_.u16 ();
    if (length == 0 && !reader_.rest ().empty () && reader_.rest ().front () == object_end) {
      reader_.skip (1);
      return {};
    }
    auto &[name, member] = out.members.emplace_back ();
    name = stagedoor::text (reader_.take (length));
    if (auto ok = check (); !ok)
      return ok;
    if (auto read = value (member, depth); !read)
      return read;
  }
}

Parser::Result
Parser::elements (Amf &out, int depth)
{
  for (auto left = reader_.u32 (); left > 0; --left)
    if (auto read = value (out.members.emplace_back ().value, depth); !read)
      return read;
  return check ();
}

} // namespace

const Amf &
Amf::member (std::string_view name) const
{
  static const Amf nothing;
  if (type != Type::object)
    return nothing;
  const auto found = std::ranges::find (members, name, &AmfMember::name);
  return found == members.end () ? nothing : found->value;
}

tl::expected<std::vector<Amf>, AmfError>
parse_amf0 (ByteView body, int depth)
{
  return Parser (body, depth).run ();
}

AmfWriter &
AmfWriter::number (double value)
{
  Writer writer (out_);
  writer.u8 (Marker::number);
  writer.u64 (std::bit_cast<std::uint64_t> (value));
  return *this;
}

AmfWriter &
AmfWriter::boolean (bool value)
{
  Writer writer (out_);
  writer.u8 (Marker::boolean);
  writer.u8 (value);
  return *this;
}

AmfWriter &
AmfWriter::string (std::string_view value)
{
  Writer writer (out_);
  writer.u8 (Marker::string);
  return name (value);
}

AmfWriter &
AmfWriter::null ()
{
  out_.push_back (Marker::null);
  return *this;
}

AmfWriter &
AmfWriter::undefined ()
{
  out_.push_back (Marker::undefined);
  return *this;
}

AmfWriter &
AmfWriter::begin_object ()
{
  out_.push_back (Marker::object);
  return *this;
}

AmfWriter &
AmfWriter::name (std::string_view name)
{
  const auto kept = name.substr (0, 0xffff);
  Writer writer (out_);
  writer.u16 (static_cast<std::uint16_t> (kept.size ()));
  writer.bytes (kept);
  return *this;
}

AmfWriter &
AmfWriter::end_object ()
{
  Writer (out_).u24 (object_end);
  return *this;
}

AmfWriter &
AmfWriter::begin_strict_array (std::uint32_t elements)
{
  Writer writer (out_);
  writer.u8 (Marker::strict_array);
  writer.u32 (elements);
  return *this;
}

} // namespace stagedoor::rtmp
