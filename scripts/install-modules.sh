#!/bin/sh
# install-modules.sh FOLDER…: `npm ci` in each folder whose node_modules is missing or older than its lock file.
set -eu
cd "$(dirname "$0")/.."
for folder in "$@"; do
  [ -e "$folder/package-lock.json" ] || continue
  stamp=$folder/node_modules/.package-lock.json
  [ -e "$stamp" ] && [ ! "$folder/package-lock.json" -nt "$stamp" ] && continue
  echo "npm ci in $folder" >&2
  # A browser build of their own is not wanted: the tests drive Debian's chromium.
  (cd "$folder" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund >&2)
done
