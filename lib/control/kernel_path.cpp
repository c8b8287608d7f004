#include "control/kernel_path.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "kernel/sysctl.h"

namespace steelyard::control {
namespace {

constexpr std::size_t kFrameRoom = 65536 + 64;
// At most so many frames in one go, so that a flood of one kind can't keep the loop from its other work.
constexpr std::size_t kFramesPerTurn = 1024;
constexpr std::chrono::minutes kResync{1};

}  // namespace

KernelPath::KernelPath(const config::Config& config, std::span<const PortInfo> ports, Director& director,
                       Wires& wires, Logger& log)
    : ports_(ports.begin(), ports.end()),
      director_(director),
      wires_(wires),
      log_(log),
      frames_(ports.size()),
      frame_(kFrameRoom) {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const std::string& name = config.ports[i].interface;
    taps_.push_back(std::make_unique<kernel::Tap>(kernel::TapSettings{name, ports_[i].mac, ports_[i].mtu}));
    for (const std::string& problem : kernel::settle_interface(name)) log_.warning("{}", problem);
    interfaces_.push_back({taps_.back()->ifindex(), {static_cast<uint8_t>(i), 0}});
    links_.push_back(true);
  }
  set_addresses(config);
  mirror_ = std::make_unique<kernel::Mirror>(interfaces_);
  resolver_ = std::make_unique<kernel::Resolver>(mirror_->view());
  director_.set_network(mirror_->network());
  keep_resolved();
  if (const auto warning = kernel::forwarding_warning()) log_.warning("{}", *warning);
}

void KernelPath::set_address(const Interface& on, int ifindex, Ipv4 address, uint8_t length) {
  set_.push_back({ifindex, address, length});
  announced_.push_back({on.port, on.vlan, address});
  if (const auto problem = addresses_.add(set_.back())) log_.warning("{}", *problem);
}

void KernelPath::set_addresses(const config::Config& config) {
  for (uint8_t i = 0; i < config.ports.size(); ++i) {
    const config::Port& port = config.ports[i];
    for (const config::InterfaceAddress& a : port.addresses)
      set_address({i, 0}, taps_[i]->ifindex(), a.address, a.length);
    for (const config::Vlan& vlan : port.vlans) {
      auto made = addresses_.add_vlan(port.interface, taps_[i]->ifindex(), vlan.id);
      if (const auto* problem = std::get_if<std::string>(&made)) {
        log_.warning("{}", *problem);
        continue;
      }
      const auto& [ifindex, name] = std::get<kernel::VlanInterface>(made);
      for (const std::string& problem : kernel::settle_interface(name)) log_.warning("{}", problem);
      interfaces_.push_back({ifindex, {i, vlan.id}});
      for (const config::InterfaceAddress& a : vlan.addresses)
        set_address({i, vlan.id}, ifindex, a.address, a.length);
    }
  }
  // A virtual address stands on the port whose subnet holds it, so that the kernel answers ARP for it there.
  std::set<Ipv4> done;
  for (const kernel::InterfaceAddress& a : set_) done.insert(a.address);
  const std::vector<kernel::InterfaceAddress> subnets = set_;
  for (const config::Service& s : config.services) {
    if (!done.insert(s.address.address).second) continue;
    const int ifindex = kernel::interface_for(s.address.address, subnets, taps_.front()->ifindex());
    const auto on = std::ranges::find(interfaces_, ifindex, &kernel::KernelInterface::ifindex);
    set_address(on->as, ifindex, s.address.address, 32);
  }
}

void KernelPath::announce() {
  for (std::size_t port = 0; port < taps_.size(); ++port) announce(port);
}

void KernelPath::announce(std::size_t port) {
  for (const Announced& a : announced_)
    if (a.port == port) wires_.send(a.port, kernel::gratuitous_arp(ports_[port].mac, a.address, a.vlan));
}

// The kernel interface shows the port's link as its carrier. One that comes back may hang on another switch,
// which then has to learn the way to our addresses.
void KernelPath::follow_links() {
  for (std::size_t port = 0; port < taps_.size(); ++port) {
    const bool up = wires_.link_up(static_cast<uint8_t>(port));
    if (up == links_[port]) continue;
    links_[port] = up;
    taps_[port]->set_carrier(up);
    log_.write(up ? LogLevel::info : LogLevel::warning,
               fmt::format("port {}: link {}", taps_[port]->name(), up ? "up" : "down"));
    if (up) announce(port);
  }
}

// Real servers and the gateways of routes: whoever packets of connections are sent to directly.
void KernelPath::keep_resolved() {
  const Network network = mirror_->network();
  const Snapshot& snap = director_.snapshot();
  std::vector<kernel::OnLink> wanted;
  std::set<std::pair<uint32_t, Ipv4>> seen;
  const auto want = [&](Interface on, Ipv4 address) {
    if (on.port < ports_.size() && seen.insert({uint32_t{on.port} << 16 | on.vlan, address}).second)
      wanted.push_back({on, address});
  };
  for (const Route& r : network.routes)
    if (r.gateway.be != 0) want(r.via, r.gateway);
  for (const RealServer& s : snap.servers) {
    if (s.service == kNoService) continue;
    const Route* r = snap.routes.route(s.address.address);
    if (r != nullptr) want(r->via, r->gateway.be == 0 ? s.address.address : r->gateway);
  }
  resolver_->keep_only(wanted);
}

void KernelPath::network_changed() {
  const kernel::Changed changed = mirror_->process();
  if (!changed) return;
  director_.set_network(mirror_->network());
  if (changed.routes || changed.local) keep_resolved();
}

void KernelPath::from_kernel(std::size_t port) {
  // A neighbour the kernel is about to answer must be known to the workers before it hears the answer.
  network_changed();
  for (std::size_t i = 0; i < kFramesPerTurn; ++i) {
    const std::size_t size = taps_[port]->read(frame_);
    if (size == 0) return;
    const bool sent = wires_.send(static_cast<uint8_t>(port), std::span(frame_).first(size));
    ++(sent ? frames_[port].down : frames_[port].lost);
  }
}

void KernelPath::from_workers(std::chrono::milliseconds now) {
  std::size_t lost = held_.size() == 0 ? 0 : held_.retry(director_.snapshot(), wires_, now);
  wires_.drain(
      kFramesPerTurn,
      [this](uint8_t port, std::span<const uint8_t> frame) {
        ++(taps_[port]->write(frame) ? frames_[port].up : frames_[port].lost);
      },
      [&](Ipv4 destination, std::span<const uint8_t> frame) {
        probe(destination);
        const bool has_route = director_.snapshot().routes.route(destination) != nullptr;
        if (!has_route || !held_.hold(destination, frame, now)) ++lost;
      });
  if (lost > 0) director_.count_unsent(lost);
}

void KernelPath::probe(Ipv4 address) {
  const Route* r = director_.snapshot().routes.route(address);
  if (r != nullptr && r->via.port < ports_.size())
    resolver_->probe(r->via, r->gateway.be == 0 ? address : r->gateway);
}

void KernelPath::tend(std::chrono::milliseconds now) {
  follow_links();
  resolver_->tend(now);
  if (resolver_->no_room() != 0 && !no_room_) log_.warning("{}", kernel::no_room_warning());
  no_room_ = resolver_->no_room() != 0;
  if (now - resynced_ < kResync) return;
  resynced_ = now;
  mirror_->resync();
}

}  // namespace steelyard::control
