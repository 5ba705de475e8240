#!/bin/sh
# fuzz-60s.sh TARGET CORPUS…: fuzzes for a minute. New inputs go to a folder of their own, not into the corpus.
set -eu
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
target=$1
shift
"$target" "$found" "$@" -runs=-1 -max_total_time=60 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1
