// SPDX-License-Identifier: LGPL-2.1-or-later
// `stagedoor check`: what is wrong with pipeline files, exactly.
#include <cstdio>

#include <fcntl.h>

#include "launcher/commands.hpp"
#include "launcher/json.hpp"
#include "launcher/pipeline_load.hpp"

namespace stagedoor {

Result<Exit>
run_check (const CheckOptions &options)
{
  init_gstreamer ();
  Exit exit = exit_ok;
  JsonWriter json;
  json.object ().array ("findings");
  for (const auto &path : options.files) {
    const auto file = load_pipeline_file (path, {});
    if (file && !options.json)
      std::printf ("%s: ok\n", path.c_str ());
    if (file)
      continue;
    exit = exit == exit_no_input || file.error ().unreadable ? exit_no_input : exit_data;
    for (const auto &finding : file.error ().findings)
      if (options.json)
        json.object ()
            .add ("file", path)
            .add ("pointer", finding.pointer)
            .add ("text", finding.text)
            .end_object ();
      else
        std::printf ("%s\n", describe (path, finding).c_str ());
  }
  json.end_array ().add ("ok", exit == exit_ok).end_object ();
  if (options.json)
    std::fputs (json.text ().c_str (), stdout);
  return exit;
}

} // namespace stagedoor
