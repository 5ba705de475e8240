#!/bin/sh
# slim-plugins.sh SYSTEM_PLUGIN_DIR TARGET: fills TARGET with links to the system plugins that the tests use.
set -eu
rm -rf "$2"
mkdir -p "$2"
for name in coreelements app audioconvert audioresample audiotestsrc videotestsrc videoconvert videoscale videorate jpeg webp \
  x264 opus voaacenc faad libav flac lame mpg123 audioparsers videoparsersbad playback typefindfunctions \
  rtp rtpmanager rtmp2 flv isomp4 vpx videoconvertscale openh264 x265 aom adaptivedemux2; do
  [ -e "$1/libgst$name.so" ] && ln -s "$1/libgst$name.so" "$2/"
done
exit 0
