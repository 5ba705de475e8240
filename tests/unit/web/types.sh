#!/bin/sh
# types.sh SOURCE_ROOT: the TypeScript of the pages and of their tests is sound.
set -eu
cd "$1"
tsc=web/node_modules/.bin/tsc
"$tsc" -p web
"$tsc" -p tests/unit/web
