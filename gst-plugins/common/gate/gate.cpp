// SPDX-License-Identifier: LGPL-2.1-or-later
// Gate on its core: every call crosses to the gate thread.
#include "gst-plugins/common/gate/srt_door.hpp"
#include "gst-plugins/common/listen_address.hpp"
#include "gst-plugins/common/shared_service.hpp"

GST_DEBUG_CATEGORY (stage_gate_debug);

namespace stagedoor::gate {
namespace {

constexpr std::string_view srt_scheme = "srt://";

struct DoorAddress
{
  bool by_srt = false;
  Endpoint at;

  std::string text () const
  {
    return std::string (by_srt ? srt_scheme : "") + listen_address_text (at);
  }
};

tl::expected<DoorAddress, std::string>
parse_door_address (const std::string &text)
{
  const bool by_srt = text.starts_with (srt_scheme);
  return parse_listen_address (by_srt ? text.substr (srt_scheme.size ()) : text)
      .map ([by_srt] (const Endpoint &at) {
        return DoorAddress{by_srt, at};
      });
}

class GateOnCore final : public Gate, public std::enable_shared_from_this<GateOnCore>
{
public:
  explicit GateOnCore (const Limits &limits) : core_ (std::make_shared<Core> (limits)) {}
  ~GateOnCore () override
  {
    if (!thread_.joinable ())
      return;
    core_->quit ();
    if (core_->loop ().on_thread ())
      thread_.detach ();
    else
      thread_.join ();
  }

  /** Once. */
  tl::expected<void, std::string> open_first_door (
      const DoorAddress &door, const SrtSettings &settings);

  std::uint16_t port () const override { return address_.at.port; }
  std::string address () const override { return address_.text (); }
  tl::expected<std::string, std::string> add_srt_door (
      const std::string &address, const SrtSettings &settings) override;

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
  std::shared_ptr<Publication> wait_for (
      const std::string &name, Interrupt &interrupt, Deadline deadline) override
  {
    return core_->roster ()->wait_for (name, interrupt, deadline);
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

  tl::expected<std::shared_ptr<SrtDoor>, std::string> open_srt (
      const Endpoint &at, const SrtSettings &settings);

  const std::shared_ptr<Core> core_;
  DoorAddress address_;                             // of the first door
  std::mutex doors_mutex_;                          // nothing is called under it
  std::vector<std::shared_ptr<SrtDoor>> srt_doors_; // protected by doors_mutex_
  std::thread thread_;
};

tl::expected<std::shared_ptr<SrtDoor>, std::string>
GateOnCore::open_srt (const Endpoint &at, const SrtSettings &settings)
{
  auto door = SrtDoor::open (core_, at, settings);
  if (door) {
    const std::lock_guard lock (doors_mutex_);
    srt_doors_.push_back (*door);
  }
  return door;
}

tl::expected<void, std::string>
GateOnCore::open_first_door (const DoorAddress &door, const SrtSettings &settings)
{
  auto at = door.at;
  if (door.by_srt) {
    const auto srt = open_srt (at, settings);
    if (!srt)
      return tl::unexpected (srt.error ());
    at.port = (*srt)->port ();
  } else {
    auto socket = listen_tcp (at);
    if (!socket)
      return tl::unexpected (socket.error ());
    at.port = bound_port (socket->get ());
    core_->open_rtmp (std::move (*socket), at.port);
  }
  address_ = {door.by_srt, at};
  thread_ = std::thread ([core = core_] { core->run (); });
  return {};
}

tl::expected<std::string, std::string>
GateOnCore::add_srt_door (const std::string &address, const SrtSettings &settings)
{
  const auto wanted = parse_door_address (address);
  if (!wanted)
    return tl::unexpected (wanted.error ());
  if (!wanted->by_srt)
    return tl::unexpected ("'" + address + "' is not srt://HOST:PORT");
  std::string bound;
  const auto gate = find_or_open (
      gate_context, wanted->text (), [&] () -> tl::expected<OpenedService, std::string> {
        const auto door = open_srt (wanted->at, settings);
        if (!door)
          return tl::unexpected (door.error ());
        bound = DoorAddress{true, {wanted->at.ip, (*door)->port ()}}.text ();
        return OpenedService{std::static_pointer_cast<Gate> (shared_from_this ()), bound};
      });
  if (!gate)
    return tl::unexpected (gate.error ());
  if (bound.empty ())
    return tl::unexpected ("a gate listens on " + address + " already");
  return bound;
}

tl::expected<OpenedService, std::string>
open_gate (const DoorAddress &door, const Limits &limits, const SrtSettings &srt)
{
  static const bool once = [] {
    GST_DEBUG_CATEGORY_INIT (stage_gate_debug, "stagegate", 0, "admits publishers");
    return true;
  }();
  (void)once;
  const auto gate = std::make_shared<GateOnCore> (limits);
  if (auto opened = gate->open_first_door (door, srt); !opened)
    return tl::unexpected (opened.error ());
  return OpenedService{std::shared_ptr<Gate> (gate), gate->address ()};
}

} // namespace

tl::expected<std::shared_ptr<Gate>, std::string>
Gate::open (const std::string &address, const Limits &limits, const SrtSettings &srt)
{
  const auto door = parse_door_address (address);
  if (!door)
    return tl::unexpected (door.error ());
  return find_or_open (gate_context, door->text (), [&] {
    return open_gate (*door, limits, srt);
  }).map ([] (const AnyService &service) { return std::static_pointer_cast<Gate> (service); });
}

} // namespace stagedoor::gate
