// SPDX-License-Identifier: LGPL-2.1-or-later
// Takes gst-launch text apart far enough to say on which line a mistake is. What it does not know
// (bins in parentheses, URIs) it leaves to GStreamer's own parser.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace stagedoor {

struct GraphProperty
{
  std::string name, value;
  std::size_t line;
};

struct GraphElement
{
  std::string factory, name; ///< name is "" when the graph gives none
  std::size_t line;
  std::vector<GraphProperty> properties;
};

/** One side of a '!'. */
struct GraphEnd
{
  std::optional<std::size_t> element; ///< index; nullopt: caps, or a name that isn't there
  std::string reference;              ///< as written: "gate" of "gate.video"
  std::string pad;                    ///< "" when none is named
  std::size_t line = 0;
};

struct GraphLink
{
  GraphEnd from, to;
};

struct GraphText
{
  std::vector<GraphElement> elements;
  std::vector<GraphLink> links; ///< those through caps count as links of both neighbours
  std::vector<GraphEnd> loose;  ///< references that take part in no link, "gate.video" alone
  bool understood = true;       ///< false: something here is beyond this reader

  static GraphText read (const std::vector<std::string> &lines);

  const GraphElement *find (const std::string &name) const;
};

} // namespace stagedoor
