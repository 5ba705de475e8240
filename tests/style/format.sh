#!/bin/sh
# format.sh SOURCE_ROOT: every C++ file is as clang-format 14 would write it.
set -eu
formatter=$(command -v clang-format-14) || {
  echo "clang-format-14 is not installed"
  exit 77
}
cd "$1"
find libs gst-plugins launcher tests '(' -name '*.cpp' -o -name '*.hpp' -o -name '*.h' ')' \
  -not -path '*/node_modules/*' -print0 | xargs -0 "$formatter" --dry-run -Werror
