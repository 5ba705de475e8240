// SPDX-License-Identifier: LGPL-2.1-or-later
// Gate on its core: every call crosses to the gate thread.
#include <algorithm>
#include <array>

#include "gst-plugins/common/gate/rtmp_door.hpp"
#include "gst-plugins/common/gate/srt_door.hpp"
#include "gst-plugins/common/gate/whip/whip_door.hpp"
#include "gst-plugins/common/listen_address.hpp"
#include "gst-plugins/common/shared_service.hpp"

GST_DEBUG_CATEGORY (stage_gate_debug);

namespace stagedoor::gate {
namespace {

using SharedCore = std::shared_ptr<Core>;

struct DoorKind
{
  std::string_view scheme;
  OpenedDoor (*open) (const SharedCore &core, const Endpoint &at, const DoorSettings &settings);
};

/** The last one's scheme may be left out. */
constexpr std::array door_kinds{
    DoorKind{"srt://",
        [] (const SharedCore &core, const Endpoint &at, const DoorSettings &settings) {
          return SrtDoor::open (core, at, settings.srt);
        }},
    DoorKind{"whip://",
        [] (const SharedCore &core, const Endpoint &at, const DoorSettings &settings) {
          return WhipDoor::open (core, at, settings.whip);
        }},
    DoorKind{"rtmps://",
        [] (const SharedCore &core, const Endpoint &at, const DoorSettings &settings) {
          return RtmpDoor::open (*core, at, RtmpDoor::Takes::tls_only, settings.certificate);
        }},
    DoorKind{"rtmp://",
        [] (const SharedCore &core, const Endpoint &at, const DoorSettings &settings) {
          return RtmpDoor::open (*core, at, RtmpDoor::Takes::all, settings.certificate);
        }},
};

struct DoorAddress
{
  const DoorKind *kind = &door_kinds.back ();
  Endpoint at;

  /** As Gate::address() has it. */
  std::string text () const
  {
    return std::string (kind == &door_kinds.back () ? "" : kind->scheme) + listen_address_text (at);
  }
};

tl::expected<DoorAddress, std::string>
parse_door_address (const std::string &text)
{
  const auto kind = std::ranges::find_if (
      door_kinds, [&] (const DoorKind &k) { return text.starts_with (k.scheme); });
  if (kind == door_kinds.end ())
    return parse_listen_address (text).map (
        [] (const Endpoint &at) { return DoorAddress{.at = at}; });
  return parse_listen_address (text.substr (kind->scheme.size ())).map ([&] (const Endpoint &at) {
    return DoorAddress{kind, at};
  });
}

class OutletOnCore final : public Outlet
{
public:
  OutletOnCore (SharedCore core, std::string name, std::shared_ptr<const keys::Verifier> verifier)
      : core_ (std::move (core)), name_ (std::move (name)),
        id_ (core_->audience ().serve (name_, std::move (verifier), broadcast_))
  {
  }
  ~OutletOnCore () override
  {
    core_->audience ().stop_serving (name_, id_);
    broadcast_->end ();
  }
  void push (ByteView packets, bool starts) override
  {
    broadcast_->push (packets, starts, Clock::now ());
  }
  OutletStats stats () const override { return broadcast_->counters ().read (); }

private:
  const SharedCore core_;
  const std::shared_ptr<Broadcast> broadcast_ = std::make_shared<Broadcast> ();
  const std::string name_;
  const std::uint64_t id_;
};

class GateOnCore final : public Gate, public std::enable_shared_from_this<GateOnCore>
{
public:
  explicit GateOnCore (const Limits &limits) : core_ (std::make_shared<Core> (limits)) {}
  ~GateOnCore () override
  {
    if (!thread_.joinable ())
      return;
    core_->quit (std::move (doors_));
    if (core_->loop ().on_thread ())
      thread_.detach ();
    else
      thread_.join ();
  }

  /** Once. */
  tl::expected<void, std::string> open_first_door (
      const DoorAddress &address, const DoorSettings &settings);

  std::uint16_t port () const override { return address_.at.port; }
  std::string address () const override { return address_.text (); }
  tl::expected<std::string, std::string> add_door (
      const std::string &address, const DoorSettings &settings) override;

  Token admit (const std::string &name, Terms terms) override
  {
    std::uint64_t id = 0;
    core_->loop ().call ([&] { id = core_->admit (name, std::move (terms)); });
    return token ([name, id] (Core &core) { core.stop_admitting (name, id); });
  }
  bool admits (const std::string &name) const override
  {
    bool out = false;
    core_->loop ().call ([&] { out = core_->terms_of (name).has_value (); });
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
  std::shared_ptr<Outlet> serve (
      const std::string &name, std::shared_ptr<const keys::Verifier> verifier) override
  {
    return std::make_shared<OutletOnCore> (core_, name, std::move (verifier));
  }
  void close_viewers_where (
      const std::function<bool (const Viewer &)> &match, const std::string &why) override
  {
    core_->loop ().call ([&] { core_->audience ().close_where (match, why); });
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

  /** Returns the address with the port really bound. */
  tl::expected<DoorAddress, std::string> open_door (
      const DoorAddress &address, const DoorSettings &settings);

  const std::shared_ptr<Core> core_;
  DoorAddress address_;                      // of the first door
  std::mutex doors_mutex_;                   // nothing is called under it
  std::vector<std::shared_ptr<Door>> doors_; // protected by doors_mutex_
  std::thread thread_;
};

tl::expected<DoorAddress, std::string>
GateOnCore::open_door (const DoorAddress &address, const DoorSettings &settings)
{
  const auto door = address.kind->open (core_, address.at, settings);
  if (!door)
    return tl::unexpected (door.error ());
  const std::lock_guard lock (doors_mutex_);
  doors_.push_back (*door);
  return DoorAddress{address.kind, {address.at.ip, (*door)->port ()}};
}

tl::expected<void, std::string>
GateOnCore::open_first_door (const DoorAddress &address, const DoorSettings &settings)
{
  const auto opened = open_door (address, settings);
  if (!opened)
    return tl::unexpected (opened.error ());
  address_ = *opened;
  thread_ = std::thread ([core = core_] { core->run (); });
  return {};
}

tl::expected<std::string, std::string>
GateOnCore::add_door (const std::string &address, const DoorSettings &settings)
{
  const auto wanted = parse_door_address (address);
  if (!wanted)
    return tl::unexpected (wanted.error ());
  std::string bound;
  const auto gate = find_or_open (
      gate_context, wanted->text (), [&] () -> tl::expected<OpenedService, std::string> {
        const auto opened = open_door (*wanted, settings);
        if (!opened)
          return tl::unexpected (opened.error ());
        bound = opened->text ();
        return OpenedService{std::static_pointer_cast<Gate> (shared_from_this ()), bound};
      });
  if (!gate)
    return tl::unexpected (gate.error ());
  if (bound.empty ())
    return tl::unexpected ("a gate listens on " + address + " already");
  return bound;
}

tl::expected<OpenedService, std::string>
open_gate (const DoorAddress &address, const Limits &limits, const DoorSettings &settings)
{
  static const bool once = [] {
    GST_DEBUG_CATEGORY_INIT (stage_gate_debug, "stagegate", 0, "admits publishers");
    return true;
  }();
  (void)once;
  const auto gate = std::make_shared<GateOnCore> (limits);
  if (auto opened = gate->open_first_door (address, settings); !opened)
    return tl::unexpected (opened.error ());
  return OpenedService{std::shared_ptr<Gate> (gate), gate->address ()};
}

} // namespace

tl::expected<std::shared_ptr<Gate>, std::string>
Gate::open (const std::string &address, const Limits &limits, const DoorSettings &settings)
{
  const auto wanted = parse_door_address (address);
  if (!wanted)
    return tl::unexpected (wanted.error ());
  return find_or_open (gate_context, wanted->text (), [&] {
    return open_gate (*wanted, limits, settings);
  }).map ([] (const AnyService &service) { return std::static_pointer_cast<Gate> (service); });
}

} // namespace stagedoor::gate
