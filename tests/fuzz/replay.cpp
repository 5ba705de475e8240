// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a fuzz target over files and folders of inputs, for compilers without libFuzzer.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

namespace {

void
run_file (const std::filesystem::path &path)
{
  std::ifstream file (path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char> (file), {}};
  LLVMFuzzerTestOneInput (reinterpret_cast<const std::uint8_t *> (bytes.data ()), bytes.size ());
}

} // namespace

int
main (int argc, char **argv)
{
  int inputs = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto &entry : std::filesystem::recursive_directory_iterator (argv[i]))
      if (entry.is_regular_file ()) {
        run_file (entry.path ());
        ++inputs;
      }
  std::printf ("%d inputs replayed\n", inputs);
  return inputs > 0 ? 0 : 1;
}
