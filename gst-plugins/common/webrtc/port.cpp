// SPDX-License-Identifier: LGPL-2.1-or-later
// Opens ports.
#include "gst-plugins/common/webrtc/port.hpp"

#include <sys/eventfd.h>

#include "gst-plugins/common/listen_address.hpp"
#include "gst-plugins/common/shared_service.hpp"
#include "gst-plugins/common/webrtc/feed.hpp"
#include "gst-plugins/common/webrtc/receive.hpp"

namespace stagedoor::webrtc {

namespace {

class UdpPort final : public Port
{
public:
  UdpPort (std::shared_ptr<PortCore> core, std::string address)
      : core_ (std::move (core)), address_ (std::move (address))
  {
  }
  std::string address () const override { return address_; }
  std::uint16_t port () const override { return core_->port (); }
  std::shared_ptr<Feed> new_feed (
      std::size_t tracks, KeyframeWanted keyframe_wanted, Watched watched) override
  {
    return std::make_shared<FeedOnPort> (
        core_, tracks, std::move (keyframe_wanted), std::move (watched));
  }
  tl::expected<Received, Rejection> receive (std::string_view offer, const std::string &peer,
      const std::vector<Codec> &codecs, IngestCalls calls) override
  {
    return webrtc::receive (core_, offer, peer, codecs, std::move (calls));
  }

private:
  const std::shared_ptr<PortCore> core_;
  const std::string address_;
};

tl::expected<OpenedService, std::string>
open_port (const std::string &address, const std::string &public_address)
{
  auto at = parse_listen_address (address);
  if (!at)
    return tl::unexpected (at.error ());
  const auto reachable = IpAddress::parse (public_address);
  if (!public_address.empty () && !reachable)
    return tl::unexpected ("'" + public_address + "' is not an IP address");
  auto socket = open_udp_socket (*at);
  if (!socket)
    return tl::unexpected ("can't listen on udp " + address + ": " + socket.error ());
  auto identity = DtlsIdentity::generate ();
  Fd wake (eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (identity == nullptr || wake.get () < 0)
    return tl::unexpected (std::string ("can't make a certificate or an eventfd"));
  at->port = bound_port (*socket);
  const auto real = address.substr (0, address.rfind (':') + 1) + std::to_string (at->port);
  auto core = std::make_shared<PortCore> (
      std::move (*socket), std::move (wake), *at, reachable, std::move (identity));
  std::shared_ptr<Port> port = std::make_shared<UdpPort> (std::move (core), real);
  return OpenedService{port, real};
}

} // namespace

tl::expected<std::shared_ptr<Port>, std::string>
Port::open (const std::string &address, const std::string &public_address)
{
  return find_or_open (webrtc_port_context, address, [&] {
    return open_port (address, public_address);
  }).map ([] (const AnyService &service) { return std::static_pointer_cast<Port> (service); });
}

} // namespace stagedoor::webrtc
