#!/bin/sh
# install-packages.sh GROUP…: installs by apt what is missing of these groups of packages.txt.
set -eu
list=$(dirname "$0")/packages.txt

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "No apt here: please install the counterparts of $list ($*) yourself." >&2
  exit 0
fi

missing=
for group in "$@"; do
  if [ "$group" = node ] && command -v node >/dev/null && command -v npm >/dev/null; then
    continue
  fi
  for package in $(awk -v group="$group" '$1 == group { print $2 }' "$list"); do
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      missing="$missing $package"
  done
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "These packages are missing and only root can install them:$missing" >&2
    exit 1
  fi
  as_root=sudo
fi
echo "Installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq >&2
# shellcheck disable=SC2086  # one word per package
$as_root apt-get install -qq -y --no-install-recommends $missing >&2
