// SPDX-License-Identifier: LGPL-2.1-or-later
// stagethumbnailsink on a port of its own, what a test feeds to it, and a look at its pictures.
#pragma once

#include <functional>
#include <string>

#include <gst/gst.h>

#include "gst-plugins/common/http_server.hpp"
#include "gst-plugins/common/ref.hpp"
#include "libs/base/bytes.hpp"
#include "tests/check/common/http_client.hpp"
#include "tests/check/transcode/fixture.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

class Thumbnails
{
public:
  Thumbnails ();
  ~Thumbnails ();
  Thumbnails (const Thumbnails &) = delete;

  GstElement *element () const { return element_.get (); }
  std::uint16_t port () const { return http_->port (); }
  void set_state (GstState state);
  void show (const Track &track);
  /** @p bytes as a key frame of a stream with these @p caps. */
  void show (const Ref<GstCaps> &caps, const Bytes &bytes);
  bool push (GstEvent *event) { return gst_pad_push_event (pad_.get (), event); }
  std::uint64_t stat (const char *name) const;
  Response ask (std::string_view file = ".jpg", std::string_view headers = "") const
  {
    return Client (port ()).ask (get ("/t" + std::string (file), headers));
  }

private:
  void start (GstCaps *caps);

  const std::shared_ptr<http::Server> http_;
  const Ref<GstElement> element_;
  const Ref<GstPad> pad_;
};

struct Image
{
  int width = 0, height = 0;
  Bytes pixels; ///< RGBx

  /** Of the place at these fractions of width and height. */
  ByteView at (double x, double y) const;
};

/** By GStreamer's own decoders, of image/jpeg or image/webp. */
Image read_image (const std::string &file);

/** Waits for what happens on other threads; fails the test after 20 s. */
void wait_for (const std::function<bool ()> &condition);

} // namespace stagedoor::test
