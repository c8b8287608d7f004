#include "datapath/frame_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "datapath/rig.h"
#include "replay/verify.h"

namespace steelyard::bench {
namespace {

using replay::IpView;

// What the director must not touch: all behind the ports but for the checksum.
bool same_payload(std::span<const uint8_t> in, const IpView& in_ip, std::span<const uint8_t> out,
                  const IpView& out_ip) {
  const std::size_t length = in_ip.end - in_ip.l4;
  if (out_ip.end - out_ip.l4 != length) return false;
  const std::size_t checksum = in_ip.protocol == static_cast<uint8_t>(Protocol::udp) ? 6 : 16;
  for (std::size_t i = 4; i < length; ++i)
    if (i != checksum && i != checksum + 1 && in[in_ip.l4 + i] != out[out_ip.l4 + i]) return false;
  return true;
}

}  // namespace

FrameChecker::FrameChecker(const config::Config& config) {
  for (const config::Service& s : config.services)
    for (const config::Server& server : s.servers) services_[{s.protocol, s.address}].insert(server.address);
  for (const config::Neighbour& n : config.neighbours) neighbours_[{n.port, n.address}] = n.mac;
  for (const config::Port& p : config.ports) ports_.push_back(p.name);
  gateway_ = config.routes.front().via;
}

std::string FrameChecker::look(const replay::Frame& in, const replay::Frame& out) {
  const auto in_ip = replay::view_ip(in.bytes);
  const auto out_ip = replay::view_any_ip(out.bytes);
  if (!in_ip) return "no IPv4 packet, but forwarded";
  if (!out_ip) return "left as no IPv4 packet";
  if (replay::checksums_right(out.bytes) != replay::checksums_right(in.bytes)) return "wrong checksum";
  if (out_ip->ttl + 1 != in_ip->ttl) return "wrong time to live";
  if (std::string wrong = look_at_ethernet(out, *out_ip); !wrong.empty()) return wrong;
  const auto in_flow = replay::view_flow(in.bytes, *in_ip);
  if (!in_flow) return replay::view_quote(out.bytes, *out_ip) ? "" : "an ICMP error left as something else";
  const auto out_flow = replay::view_flow(out.bytes, *out_ip);
  if (!out_flow) return "left without a flow's headers";
  if (!same_payload(in.bytes, *in_ip, out.bytes, *out_ip)) return "wrong payload";
  return look_at_flow(*in_flow, *out_flow);
}

std::string FrameChecker::look_at_ethernet(const replay::Frame& out, const IpView& ip) const {
  if (!std::ranges::equal(std::span(out.bytes).subspan(6, 6), kOwnMacs.at(out.port).bytes))
    return "wrong MAC address of its own";
  auto hop = neighbours_.find({ports_.at(out.port), ip.destination});
  if (hop == neighbours_.end()) hop = neighbours_.find({ports_.at(out.port), gateway_});
  if (hop == neighbours_.end()) return "wrong port";
  const bool right = std::ranges::equal(std::span(out.bytes).first(6), hop->second.bytes);
  return right ? "" : "wrong MAC address of the next hop";
}

std::string FrameChecker::look_at_flow(const replay::FlowView& in, const replay::FlowView& out) {
  if (is_virtual(in.protocol, in.destination)) {
    if (out.source != in.source) return "wrong source";
    if (!services_.at({in.protocol, in.destination}).contains(out.destination))
      return "went to no server of its service";
    const auto [there, first] = there_.try_emplace({in.protocol, in.source, in.destination}, out.destination);
    if (there->second != out.destination) return "went to another server than its flow before";
    if (first) back_[{in.protocol, in.source, out.destination}] = in.destination;
    return "";
  }
  if (out.destination != in.destination) return "wrong destination";
  const auto back = back_.find({in.protocol, in.destination, in.source});
  if (back == back_.end()) return is_virtual(in.protocol, out.source) ? "" : "wrong source of a reply";
  return out.source == back->second ? "" : "wrong source of a reply";
}

}  // namespace steelyard::bench
