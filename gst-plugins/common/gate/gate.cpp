// SPDX-License-Identifier: LGPL-2.1-or-later
// Gate on its core: every call crosses to the gate thread.
#include "gst-plugins/common/gate/core.hpp"
#include "gst-plugins/common/shared_service.hpp"

GST_DEBUG_CATEGORY (stage_gate_debug);

namespace stagedoor::gate {
namespace {

class RtmpGate final : public Gate
{
public:
  RtmpGate (Socket listening, const Endpoint &at, const Limits &limits)
      : core_ (std::make_shared<Core> (std::move (listening), at, limits)),
        thread_ ([core = core_] { core->run (); })
  {
  }
  ~RtmpGate () override
  {
    core_->quit ();
    if (core_->loop ().on_thread ())
      thread_.detach ();
    else
      thread_.join ();
  }

  std::uint16_t port () const override { return core_->port (); }
  std::string address () const override { return core_->address (); }

  Token admit (const std::string &name, std::shared_ptr<const keys::Verifier> verifier) override
  {
    std::uint64_t id = 0;
    core_->loop ().call ([&] { id = core_->admit (name, std::move (verifier)); });
    return token ([name, id] (Core &core) { core.stop_admitting (name, id); });
  }
  bool admits (const std::string &name) const override
  {
    bool out = false;
    core_->loop ().call ([&] { out = core_->verifier_of (name) != nullptr; });
    return out;
  }
  Token on_published (Core::Published call) override
  {
    std::uint64_t id = 0;
    core_->loop ().call ([&] { id = core_->on_published (std::move (call)); });
    return token ([id] (Core &core) { core.forget_callback (id); });
  }
  Token on_refused (Core::Denied call) override
  {
    std::uint64_t id = 0;
    core_->loop ().call ([&] { id = core_->on_refused (std::move (call)); });
    return token ([id] (Core &core) { core.forget_callback (id); });
  }
  std::shared_ptr<Publication> wait_for (const std::string &name, Interrupt &interrupt) override
  {
    return core_->roster ()->wait_for (name, interrupt);
  }
  void close_where (
      const std::function<bool (const Publication &)> &match, const std::string &why) override
  {
    core_->loop ().call ([&] { core_->close_where (match, why); });
  }
  Counters counters () const override
  {
    Counters out;
    core_->loop ().call ([&] { out = core_->counters (); });
    return out;
  }

private:
  template <class Undo>
  Token token (Undo undo)
  {
    return {core_.get (), [core = core_, undo] (void *) {
              core->loop ().call ([&] { undo (*core); });
            }};
  }

  const std::shared_ptr<Core> core_;
  std::thread thread_;
};

tl::expected<OpenedService, std::string>
open_gate (Endpoint at, const Limits &limits)
{
  static const bool once = [] {
    GST_DEBUG_CATEGORY_INIT (stage_gate_debug, "stagegate", 0, "admits publishers");
    return true;
  }();
  (void)once;
  auto socket = listen_tcp (at);
  if (!socket)
    return tl::unexpected (socket.error ());
  at.port = bound_port (socket->get ());
  std::shared_ptr<Gate> gate = std::make_shared<RtmpGate> (std::move (*socket), at, limits);
  return OpenedService{gate, gate->address ()};
}

} // namespace

tl::expected<std::shared_ptr<Gate>, std::string>
Gate::open (const std::string &address, const Limits &limits)
{
  const auto at = parse_listen_address (address);
  if (!at)
    return tl::unexpected (at.error ());
  return find_or_open (gate_context, listen_address_text (*at), [&] {
    return open_gate (*at, limits);
  }).map ([] (const AnyService &service) { return std::static_pointer_cast<Gate> (service); });
}

} // namespace stagedoor::gate
