#!/bin/sh
# install.sh BUILD_DIR PREFIX LIBDIR FILE…: what `DESTDIR=… meson install` lays out works from there.
set -eu
build=$1 prefix=$2 libdir=$3
shift 3
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

DESTDIR=$root meson install -C "$build" --no-rebuild >"$root/log" 2>&1 || {
  cat "$root/log"
  exit 1
}

for file in "$@"; do
  [ -e "$root$prefix/$file" ] || {
    echo "not installed: $prefix/$file"
    find "$root" -type f | sed "s|^$root||"
    exit 1
  }
done

# Only what was installed may be found, with the system's core elements.
export GST_PLUGIN_PATH_1_0=$root$prefix/$libdir/gstreamer-1.0
export GST_PLUGIN_PATH=$GST_PLUGIN_PATH_1_0
export GST_REGISTRY=$root/registry.bin
export LD_LIBRARY_PATH=$root$prefix/$libdir
for plugin in "$GST_PLUGIN_PATH"/libgststage*.so; do
  name=$(basename "$plugin" .so)
  gst-inspect-1.0 --plugin "${name#libgst}" >"$root/inspect" 2>&1 || {
    echo "$name does not load:"
    cat "$root/inspect"
    exit 1
  }
  grep -q "$GST_PLUGIN_PATH" "$root/inspect" || {
    echo "$name was found elsewhere:"
    cat "$root/inspect"
    exit 1
  }
  echo "$name loads from its installed place"
done

for name in gate hls srt thumbnail transcode whep; do
  [ -e "$GST_PLUGIN_PATH/libgststage$name.so" ] || exit 0 # left out; the pipeline file needs it
done
"$root$prefix/bin/stagedoor" check "$root$prefix/share/stagedoor/pipelines/webrtc-hls.json" || {
  echo "the installed program does not take the installed pipeline file"
  exit 1
}
