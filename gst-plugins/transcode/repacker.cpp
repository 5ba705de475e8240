// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/repacker.hpp"

#include <array>
#include <utility>

#include "gst-plugins/transcode/peer_caps.hpp"
#include "libs/codecs/nal.hpp"

namespace stagedoor::transcode {

namespace {

using media::NalCodec;

constexpr std::array<std::uint8_t, 4> start_code{0, 0, 0, 1};
/** More than a handful of sets comes to; what exceeds it is a stranger's joke. */
constexpr std::size_t max_sets = 64 * 1024;

class Mapped
{
public:
  explicit Mapped (GstBuffer *buffer)
      : buffer_ (buffer), good_ (gst_buffer_map (buffer, &map_, GST_MAP_READ))
  {
  }
  ~Mapped ()
  {
    if (good_)
      gst_buffer_unmap (buffer_, &map_);
  }
  Mapped (const Mapped &) = delete;
  Mapped &operator= (const Mapped &) = delete;
  ByteView bytes () const { return good_ ? ByteView (map_.data, map_.size) : ByteView (); }

private:
  GstBuffer *const buffer_;
  GstMapInfo map_{};
  const bool good_;
};

void
append (ByteView nal, Bytes &out)
{
  out.insert (out.end (), start_code.begin (), start_code.end ());
  out.insert (out.end (), nal.begin (), nal.end ());
}

unsigned
type_of (NalCodec codec, ByteView nal)
{
  return codec == NalCodec::h264 ? nal[0] & 31u : nal[0] >> 1 & 63u;
}

enum class Role { set, sps, picture, useless, other };

/** ITU-T H.264 table 7-1, H.265 table 7-1. */
Role
role_of (NalCodec codec, ByteView nal)
{
  const auto type = type_of (codec, nal);
  if (codec == NalCodec::h264)
    return type == 7                 ? Role::sps
           : type == 8               ? Role::set
           : type >= 1 && type <= 5  ? Role::picture
           : type == 9 || type == 12 ? Role::useless
                                     : Role::other;
  return type == 33                 ? Role::sps
         : type == 32 || type == 34 ? Role::set
         : type < 32                ? Role::picture
         : type == 35 || type == 38 ? Role::useless
                                    : Role::other;
}

template <class Take>
void
each_unit (ByteView bytes, unsigned length_size, Take take)
{
  while (bytes.size () > length_size) {
    std::size_t size = 0;
    for (const auto byte : bytes.first (length_size))
      size = size << 8 | byte;
    bytes = bytes.subspan (length_size);
    if (size > bytes.size ())
      return;
    if (size > 0)
      take (bytes.first (size));
    bytes = bytes.subspan (size);
  }
}

bool
is_key (GstBuffer *buffer)
{
  return !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

} // namespace

void
Repacker::set_caps (GstCaps *caps)
{
  reset ();
  const auto *fields = gst_caps_get_structure (caps, 0);
  const bool h264 = gst_structure_has_name (fields, "video/x-h264");
  const char *form = gst_structure_get_string (fields, "stream-format");
  const char *alignment = gst_structure_get_string (fields, "alignment");
  if ((!h264 && !gst_structure_has_name (fields, "video/x-h265")) || form == nullptr
      || g_strcmp0 (alignment, "au") != 0)
    return;
  codec_ = h264 ? NalCodec::h264 : NalCodec::h265;
  if (g_str_equal (form, "byte-stream")) {
    caps_ = share (caps);
    input_ = Form::byte_stream;
    return;
  }
  const GValue *value = gst_structure_get_value (fields, "codec_data");
  if (value == nullptr || !GST_VALUE_HOLDS_BUFFER (value))
    return;
  const Mapped record (gst_value_get_buffer (value));
  const auto setup =
      h264 ? codecs::read_avcc (record.bytes ()) : codecs::read_hvcc (record.bytes ());
  if (!setup)
    return;
  caps_ = share (caps);
  input_ = Form::lengths;
  length_size_ = setup->length_size;
  for (const auto nal : setup->parameter_sets)
    append (nal, sets_);
}

/** From before the picture of a key frame: that is short. */
void
Repacker::learn (ByteView byte_stream)
{
  Bytes sets, sps;
  codecs::ByteStreamReader stream (byte_stream);
  for (auto nal = stream.next (); !nal.empty (); nal = stream.next ()) {
    const auto role = role_of (codec_, nal);
    if (role == Role::picture)
      break;
    if (role != Role::set && role != Role::sps)
      continue;
    append (nal, sets);
    if (role == Role::sps && sps.empty ())
      sps.assign (nal.begin (), nal.end ());
  }
  has_sets_ = !sps.empty ();
  if (has_sets_ && sets.size () <= max_sets) {
    sets_ = std::move (sets);
    sps_ = std::move (sps);
  }
}

bool
Repacker::observe (GstBuffer *buffer)
{
  current_ = share (buffer);
  as_byte_stream_ = as_lengths_ = nullptr;
  if (!caps_ || input_ != Form::byte_stream || !is_key (buffer))
    return false;
  learn (Mapped (buffer).bytes ());
  const bool lacks = !has_sets_ && !sets_.empty ();
  return lacks && !std::exchange (lacks_sets_, true);
}

const char *
Repacker::name_of (Form form) const
{
  return form == Form::byte_stream ? "byte-stream" : codec_ == NalCodec::h264 ? "avc" : "hvc1";
}

/** But for codec_data. */
Ref<GstCaps>
Repacker::caps_as (Form form) const
{
  auto caps = adopt (gst_caps_copy (caps_.get ()));
  auto *fields = gst_caps_get_structure (caps.get (), 0);
  gst_structure_remove_field (fields, "codec_data");
  gst_structure_set (fields, "stream-format", G_TYPE_STRING, name_of (form), nullptr);
  return caps;
}

std::optional<Form>
Repacker::form_for (const GstCaps *taken, std::string &why) const
{
  if (!caps_)
    return std::nullopt;
  const auto fits = [&] (Form form) {
    return gst_caps_can_intersect (caps_as (form).get (), taken);
  };
  if (gst_caps_can_intersect (caps_.get (), taken)) {
    if (!lacks_sets_)
      return Form::as_it_comes;
    why = "the source's key frames lack their parameter sets";
    return Form::byte_stream;
  }
  for (const auto form : {Form::byte_stream, Form::lengths})
    if (fits (form)) {
      why = refusal (caps_.get (), taken);
      return form;
    }
  return std::nullopt;
}

Bytes
Repacker::to_byte_stream (ByteView unit) const
{
  Bytes out;
  bool own_sets = false;
  const auto take = [&] (ByteView nal) {
    const auto role = role_of (codec_, nal);
    own_sets = own_sets || role == Role::sps;
    if (role != Role::useless)
      append (nal, out);
  };
  if (input_ == Form::lengths) {
    each_unit (unit, length_size_, take);
  } else {
    codecs::ByteStreamReader stream (unit);
    for (auto nal = stream.next (); !nal.empty (); nal = stream.next ())
      take (nal);
  }
  if (is_key (current_.get ()) && !own_sets && !out.empty ())
    out.insert (out.begin (), sets_.begin (), sets_.end ());
  return out;
}

Ref<GstBuffer>
Repacker::wrap (Bytes bytes) const
{
  if (bytes.empty ())
    return nullptr;
  auto out = adopt (gst_buffer_new_memdup (bytes.data (), bytes.size ()));
  gst_buffer_copy_into (out.get (), current_.get (),
      static_cast<GstBufferCopyFlags> (GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS), 0, -1);
  return out;
}

Ref<GstBuffer>
Repacker::packed (Form form)
{
  if (!caps_ || !current_ || form == Form::as_it_comes)
    return current_;
  if (!as_byte_stream_)
    as_byte_stream_ = wrap (to_byte_stream (Mapped (current_.get ()).bytes ()));
  if (form == Form::byte_stream || !as_byte_stream_)
    return as_byte_stream_;
  if (!as_lengths_) {
    if (!converter_)
      converter_ = std::make_unique<media::ByteStreamConverter> (codec_);
    as_lengths_ = wrap (converter_->convert (Mapped (as_byte_stream_.get ()).bytes ()).data);
  }
  return as_lengths_;
}

Ref<GstCaps>
Repacker::caps (Form form)
{
  if (!caps_ || form == Form::as_it_comes)
    return caps_;
  auto out = caps_as (form);
  if (form == Form::byte_stream)
    return out;
  packed (form); // which may bring the setup
  if (!converter_ || converter_->setup ().empty ())
    return nullptr;
  const auto &setup = converter_->setup ();
  const auto data = adopt (gst_buffer_new_memdup (setup.data (), setup.size ()));
  gst_caps_set_simple (out.get (), "codec_data", GST_TYPE_BUFFER, data.get (), nullptr);
  return out;
}

} // namespace stagedoor::transcode
