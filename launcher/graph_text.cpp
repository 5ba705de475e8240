// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/graph_text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace stagedoor {
namespace {

constexpr const char *blanks = " \t\r\n";

/** Words of a line; quotes and backslashes keep blanks together, and stay. */
std::vector<std::string>
split (std::string_view line)
{
  std::vector<std::string> out;
  std::string word;
  char quote = 0;
  for (std::size_t i = 0; i < line.size (); ++i) {
    const char c = line[i];
    if (c == '\\' && i + 1 < line.size ()) {
      word += {c, line[++i]};
    } else if (quote == 0 && std::string_view (blanks).find (c) != std::string_view::npos) {
      if (!word.empty ())
        out.push_back (std::move (word));
      word.clear ();
    } else {
      word += c;
      if (c == quote)
        quote = 0;
      else if (quote == 0 && (c == '"' || c == '\''))
        quote = c;
    }
  }
  if (!word.empty ())
    out.push_back (std::move (word));
  return out;
}

std::string
unquote (std::string_view value)
{
  if (value.size () >= 2 && (value.front () == '"' || value.front () == '\'')
      && value.back () == value.front ())
    value = value.substr (1, value.size () - 2);
  std::string out;
  for (std::size_t i = 0; i < value.size (); ++i) {
    if (value[i] == '\\' && i + 1 < value.size ())
      ++i;
    out += value[i];
  }
  return out;
}

bool
is_identifier (std::string_view word)
{
  return !word.empty () && std::ranges::all_of (word, [] (char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_' || c == ':';
  });
}

class Reader
{
public:
  explicit Reader (GraphText &out) : out_ (out) {}

  void word (const std::string &word, std::size_t line);
  void finish ();

private:
  void property (const std::string &word, std::size_t equals, std::size_t line);
  void node (GraphEnd end);
  void let_go ();

  GraphText &out_;
  std::optional<GraphEnd> last_; // what a '!' would link from
  bool last_linked_ = false;
  bool link_ = false; // a '!' waits for its right side
  bool caps_ = false; // within caps, which reach to the next '!'
};

void
Reader::property (const std::string &word, std::size_t equals, std::size_t line)
{
  if (!last_ || !last_->element || !last_->pad.empty ()) {
    out_.understood = false;
    return;
  }
  auto &element = out_.elements[*last_->element];
  GraphProperty property{word.substr (0, equals), unquote (word.substr (equals + 1)), line};
  if (property.name == "name")
    element.name = property.value;
  element.properties.push_back (std::move (property));
}

void
Reader::let_go ()
{
  if (last_ && !last_linked_ && !last_->reference.empty ())
    out_.loose.push_back (*last_);
  last_.reset ();
}

void
Reader::node (GraphEnd end)
{
  if (link_ && last_)
    out_.links.push_back ({*last_, end});
  else
    let_go ();
  last_ = std::move (end);
  last_linked_ = std::exchange (link_, false);
}

void
Reader::word (const std::string &word, std::size_t line)
{
  const auto equals = word.find ('=');
  const auto before = std::string_view (word).substr (0, equals);
  if (word == "!") {
    link_ = true;
    last_linked_ = true;
    caps_ = false;
  } else if (caps_) {
    return;
  } else if (before.find ('/') != std::string_view::npos
             && before.find (':') == std::string_view::npos) {
    caps_ = true;
    node ({.line = line});
  } else if (equals != std::string::npos && is_identifier (before)) {
    property (word, equals, line);
  } else if (const auto dot = word.find ('.'); dot != std::string::npos && dot != 0
                                               && equals == std::string::npos
                                               && is_identifier (before.substr (0, dot))) {
    node ({.reference = word.substr (0, dot), .pad = word.substr (dot + 1), .line = line});
  } else if (is_identifier (word) && word.find (':') == std::string::npos) {
    out_.elements.push_back ({word, "", line, {}});
    node ({.element = out_.elements.size () - 1, .line = line});
  } else {
    out_.understood = false;
  }
}

void
Reader::finish ()
{
  let_go ();
  const auto resolve = [this] (GraphEnd &end) {
    if (end.reference.empty ())
      return;
    if (const auto *element = out_.find (end.reference))
      end.element = static_cast<std::size_t> (element - out_.elements.data ());
  };
  for (auto &link : out_.links) {
    resolve (link.from);
    resolve (link.to);
  }
}

} // namespace

GraphText
GraphText::read (const std::vector<std::string> &lines)
{
  GraphText out;
  Reader reader (out);
  for (std::size_t i = 0; i < lines.size (); ++i)
    for (const auto &word : split (lines[i]))
      reader.word (word, i);
  reader.finish ();
  return out;
}

const GraphElement *
GraphText::find (const std::string &name) const
{
  const auto found = std::ranges::find (elements, name, &GraphElement::name);
  return found == elements.end () || name.empty () ? nullptr : &*found;
}

} // namespace stagedoor
