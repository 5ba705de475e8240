// SPDX-License-Identifier: LGPL-2.1-or-later
// The same stream as files in a folder, for nginx or an upload to a CDN: plain HLS.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "gst-plugins/hls/presentation.hpp"

namespace stagedoor::hlssink {

/** Writes on a thread of its own, "hls-files", what the presentation has: media first, then the
 * playlists that name it, each under another name first, so that nobody ever reads half a file. A
 * disk that is slow or full makes it leave out what is too old by then; the stream goes on. */
class Files
{
public:
  Files (GstElement *element, std::string folder, std::shared_ptr<Presentation> presentation);
  /** Writes what is there still, and waits for that. */
  ~Files ();
  Files (const Files &) = delete;
  Files &operator= (const Files &) = delete;

  /** There is something new. Any thread. */
  void update ();

private:
  void run ();
  void write_tree ();
  bool prepare ();
  bool write (const std::string &name, const std::vector<Piece> &pieces);
  bool write_text (const std::string &name, const std::string &text);
  void remove_old (const Tree &tree);
  void complain (const char *what, const std::string &name);

  GstElement *const element_; ///< borrowed; owns the owner of this
  const std::string folder_;
  const std::shared_ptr<Presentation> presentation_;
  // The thread's:
  bool prepared_ = false, complained_ = false;
  std::set<std::string, std::less<>> written_; ///< media files

  std::mutex mutex_; // innermost
  std::condition_variable changed_;
  bool dirty_ = false, ending_ = false; // protected by mutex_
  std::thread thread_;                  // last: uses all above
};

} // namespace stagedoor::hlssink
