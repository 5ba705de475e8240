// SPDX-License-Identifier: LGPL-2.1-or-later
// What the launcher itself answers over HTTP: watch page, its assets, status documents, health. A
// running stream's WHEP is answered by its element, under a longer prefix.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "gst-plugins/common/http_content.hpp"
#include "launcher/status.hpp"

namespace stagedoor {

/** What a path asks for. */
struct Target
{
  enum class Kind { nothing, watch, asset, status, whep, health };
  Kind kind = Kind::nothing;
  std::string name; ///< "live/demo", or the asset's
};

Target target_of (std::string_view path);

/** A file of the web folder. */
struct WebFile
{
  Ref<GBytes> body;
  const char *type;
  std::string etag;
};

/** Reads watch.html and assets/ of @p folder, once; keyed by "watch.html", "assets/NAME". */
std::map<std::string, WebFile, std::less<>> read_web_folder (const std::string &folder);

class Site
{
public:
  Site (const StatusBoard &board, std::map<std::string, WebFile, std::less<>> files)
      : board_ (board), files_ (std::move (files))
  {
  }

  /** On the http thread. */
  void answer (const http::Request &request) const;

private:
  void answer_file (const http::Request &request, const std::string &name) const;
  void answer_whep (const http::Request &request) const;

  const StatusBoard &board_;
  const std::map<std::string, WebFile, std::less<>> files_;
};

} // namespace stagedoor
