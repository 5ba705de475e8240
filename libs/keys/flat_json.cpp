// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/keys/flat_json.hpp"

#include <charconv>
#include <cmath>

namespace stagedoor::keys {

namespace {

constexpr int max_depth = 16;

void
append_utf8 (std::string &out, unsigned code)
{
  const auto more = [&] (int shift) {
    out += static_cast<char> (0x80 | (code >> shift & 63));
  };
  if (code < 0x80) {
    out += static_cast<char> (code);
  } else if (code < 0x800) {
    out += static_cast<char> (0xc0 | code >> 6);
    more (0);
  } else if (code < 0x10000) {
    out += static_cast<char> (0xe0 | code >> 12);
    more (6);
    more (0);
  } else {
    out += static_cast<char> (0xf0 | code >> 18);
    more (12);
    more (6);
    more (0);
  }
}

/** Reads forward only; every method returns false at the first thing that is not JSON. */
class JsonReader
{
public:
  explicit JsonReader (std::string_view text) : rest_ (text) {}

  bool object (std::map<std::string, JsonValue, std::less<>> &out);
  bool at_end ()
  {
    space ();
    return rest_.empty ();
  }

private:
  void space ()
  {
    const auto next = rest_.find_first_not_of (" \t\r\n");
    rest_.remove_prefix (next == std::string_view::npos ? rest_.size () : next);
  }
  bool take (char c)
  {
    space ();
    if (rest_.empty () || rest_.front () != c)
      return false;
    rest_.remove_prefix (1);
    return true;
  }
  bool word (std::string_view expected)
  {
    if (!rest_.starts_with (expected))
      return false;
    rest_.remove_prefix (expected.size ());
    return true;
  }
  bool digits ();
  bool number (std::string &out);
  bool code_unit (unsigned &out);
  bool escape (std::string &out);
  bool constant (JsonValue &out);
  bool string (std::string &out);
  bool member (std::string &name, JsonValue &value, int depth);
  bool array (int depth);
  bool value (JsonValue &out, int depth);

  std::string_view rest_;
};

bool
JsonReader::digits ()
{
  const auto end = std::min (rest_.find_first_not_of ("0123456789"), rest_.size ());
  rest_.remove_prefix (end);
  return end > 0;
}

bool
JsonReader::number (std::string &out)
{
  const auto start = rest_;
  word ("-");
  const bool zero = rest_.starts_with ('0');
  const auto integer = rest_;
  if (!digits () || (zero && integer.size () - rest_.size () > 1))
    return false;
  if (word (".") && !digits ())
    return false;
  if (word ("e") || word ("E")) {
    if (!word ("+"))
      word ("-");
    if (!digits ())
      return false;
  }
  out = start.substr (0, start.size () - rest_.size ());
  return true;
}

/** The four digits behind "u". */
bool
JsonReader::code_unit (unsigned &out)
{
  if (rest_.size () < 5 || rest_.front () != 'u'
      || std::from_chars (rest_.data () + 1, rest_.data () + 5, out, 16).ptr != rest_.data () + 5)
    return false;
  rest_.remove_prefix (5);
  return true;
}

/** After the backslash. Half a pair stays what it is, which is no valid UTF-8. */
bool
JsonReader::escape (std::string &out)
{
  if (rest_.empty ())
    return false;
  static constexpr std::string_view names = "\"\\/bfnrt";
  static constexpr std::string_view values = "\"\\/\b\f\n\r\t";
  const auto at = names.find (rest_.front ());
  if (at != std::string_view::npos) {
    out += values[at];
    rest_.remove_prefix (1);
    return true;
  }
  unsigned unit = 0, low = 0;
  if (!code_unit (unit))
    return false;
  const auto behind = rest_;
  if (unit >= 0xd800 && unit < 0xdc00 && word ("\\")) {
    if (code_unit (low) && low >= 0xdc00 && low < 0xe000)
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    else
      rest_ = behind;
  }
  append_utf8 (out, unit);
  return true;
}

bool
JsonReader::string (std::string &out)
{
  if (!take ('"'))
    return false;
  while (!rest_.empty ()) {
    const char c = rest_.front ();
    rest_.remove_prefix (1);
    if (c == '"')
      return true;
    if (static_cast<unsigned char> (c) < 0x20 || (c == '\\' && !escape (out)))
      return false;
    if (c != '\\')
      out += c;
  }
  return false;
}

bool
JsonReader::member (std::string &name, JsonValue &out, int depth)
{
  return string (name) && take (':') && value (out, depth);
}

bool
JsonReader::array (int depth)
{
  if (take (']'))
    return true;
  do {
    JsonValue ignored;
    if (!value (ignored, depth))
      return false;
  } while (take (','));
  return take (']');
}

bool
JsonReader::value (JsonValue &out, int depth)
{
  space ();
  if (rest_.empty () || depth > max_depth)
    return false;
  const char c = rest_.front ();
  if (c == '"') {
    out.kind = JsonValue::Kind::string;
    return string (out.text);
  }
  if (c == '-' || (c >= '0' && c <= '9')) {
    out.kind = JsonValue::Kind::number;
    return number (out.text);
  }
  if (take ('['))
    return array (depth + 1);
  if (take ('{')) {
    if (take ('}'))
      return true;
    do {
      std::string name;
      JsonValue ignored;
      if (!member (name, ignored, depth + 1))
        return false;
    } while (take (','));
    return take ('}');
  }
  return constant (out);
}

bool
JsonReader::constant (JsonValue &out)
{
  for (const auto &[spelling, kind] : {std::pair ("true", JsonValue::Kind::boolean),
           {"false", JsonValue::Kind::boolean}, {"null", JsonValue::Kind::null}})
    if (word (spelling)) {
      out = {kind, kind == JsonValue::Kind::boolean ? spelling : ""};
      return true;
    }
  return false;
}

bool
JsonReader::object (std::map<std::string, JsonValue, std::less<>> &out)
{
  if (!take ('{'))
    return false;
  if (take ('}'))
    return true;
  do {
    std::string name;
    JsonValue value;
    if (!member (name, value, 1) || !out.emplace (std::move (name), std::move (value)).second)
      return false;
  } while (take (','));
  return take ('}');
}

} // namespace

std::optional<std::uint64_t>
JsonValue::as_unsigned () const
{
  if (kind != Kind::number)
    return std::nullopt;
  const char *const end = text.data () + text.size ();
  std::uint64_t integer = 0;
  if (const auto result = std::from_chars (text.data (), end, integer);
      result.ec == std::errc{} && result.ptr == end)
    return integer;
  double real = 0;
  if (const auto result = std::from_chars (text.data (), end, real);
      result.ec != std::errc{} || result.ptr != end)
    return std::nullopt;
  constexpr double exact = 9007199254740992.0; // 2^53
  if (real < 0 || real > exact || std::trunc (real) != real)
    return std::nullopt;
  return static_cast<std::uint64_t> (real);
}

std::optional<std::map<std::string, JsonValue, std::less<>>>
parse_flat_object (std::string_view text)
{
  std::map<std::string, JsonValue, std::less<>> out;
  JsonReader reader (text);
  if (!reader.object (out) || !reader.at_end ())
    return std::nullopt;
  return out;
}

} // namespace stagedoor::keys
