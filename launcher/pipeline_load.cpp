// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/pipeline_load.hpp"

#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <gst/gst.h>

#include "launcher/pipeline.hpp"
#include "launcher/state_folder.hpp"

namespace stagedoor {
namespace {
constexpr std::size_t largest_file = 256 * 1024;
constexpr const char *plugin_path = "GST_PLUGIN_PATH_1_0";
} // namespace

void
init_gstreamer ()
{
  // GStreamer looks in its own folder; ours is another when we are installed under another prefix.
  // Earlier entries win, so a developer's path stays ahead.
  if (std::strlen (OWN_PLUGIN_FOLDER) > 0) {
    const char *path = g_getenv (plugin_path);
    if (path == nullptr)
      path = g_getenv ("GST_PLUGIN_PATH");
    const auto ours = path == nullptr || *path == 0
                          ? std::string (OWN_PLUGIN_FOLDER)
                          : std::string (path) + G_SEARCHPATH_SEPARATOR_S OWN_PLUGIN_FOLDER;
    g_setenv (plugin_path, ours.c_str (), TRUE);
  }
  gst_init (nullptr, nullptr);
}

tl::expected<PipelineFile, LoadError>
load_pipeline_file (const std::string &path, const std::vector<std::string> &settings)
{
  const auto text = read_file (AT_FDCWD, path, largest_file);
  if (!text)
    return tl::unexpected (LoadError{true, {{"", "can't be read: " + text.error ()}}});
  auto file = PipelineFile::parse (*text);
  if (!file)
    return tl::unexpected (LoadError{false, file.error ()});
  for (const auto &setting : settings)
    if (const auto set = file->set (setting); !set)
      return tl::unexpected (LoadError{false, {{"/parameters", set.error ()}}});
  auto findings = check_pipeline (*file);
  if (!findings.empty ())
    return tl::unexpected (LoadError{false, std::move (findings)});
  return std::move (*file);
}

std::string
describe (const std::string &path, const Finding &finding)
{
  return path + "#" + finding.pointer + ": " + finding.text;
}

std::string
default_pipeline_path ()
{
  const char *folder = std::getenv ("STAGEDOOR_PIPELINES");
  return std::string (folder != nullptr && *folder != 0 ? folder : DATA_FOLDER "/pipelines")
         + "/webrtc-hls.json";
}

} // namespace stagedoor
