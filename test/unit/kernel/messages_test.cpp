#include "kernel/messages.h"

#include <cstring>
#include <random>
#include <vector>

#include <catch2/catch.hpp>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

using namespace steelyard;
using namespace steelyard::kernel;

namespace {

// Builds a netlink message byte by byte, independently of libnl.
class Builder {
 public:
  template <class Header>
  Builder(uint16_t type, uint16_t flags, const Header& header) {
    append(nlmsghdr{0, type, flags, 0, 0});
    append(header);
  }
  Builder& raw(uint16_t type, const void* data, std::size_t size) {
    append(rtattr{static_cast<unsigned short>(sizeof(rtattr) + size), type});
    const auto* p = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), p, p + size);
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
    return *this;
  }
  template <class T>
  Builder& attribute(uint16_t type, const T& value) {
    return raw(type, &value, sizeof value);
  }
  Message decoded() {
    auto length = static_cast<uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    std::vector<uint32_t> aligned((bytes_.size() + 3) / 4);
    std::memcpy(aligned.data(), bytes_.data(), bytes_.size());
    return decode(*static_cast<const nlmsghdr*>(static_cast<const void*>(aligned.data())));
  }
  std::vector<uint8_t>& bytes() { return bytes_; }

 private:
  template <class T>
  void append(const T& value) {
    const auto* p = static_cast<const uint8_t*>(static_cast<const void*>(&value));
    bytes_.insert(bytes_.end(), p, p + sizeof value);
  }
  std::vector<uint8_t> bytes_;
};

Ipv4 ip(const char* text) { return *parse_ipv4(text); }

rtmsg route_header(uint8_t length, uint8_t type = RTN_UNICAST) {
  rtmsg h{};
  h.rtm_family = AF_INET;
  h.rtm_dst_len = length;
  h.rtm_table = RT_TABLE_MAIN;
  h.rtm_type = type;
  return h;
}

Builder route_message(uint16_t flags = 0, uint8_t type = RTN_UNICAST) {
  Builder b(RTM_NEWROUTE, flags, route_header(16, type));
  b.attribute(RTA_TABLE, uint32_t{RT_TABLE_MAIN}).attribute(RTA_DST, ip("10.1.0.0").be);
  return b;
}

std::vector<uint8_t> leg(int ifindex, const char* gateway, uint8_t flags) {
  rtnexthop hop{};
  rtattr attribute{8, RTA_GATEWAY};
  const Ipv4 address = ip(gateway);
  hop.rtnh_len = sizeof hop + 8;
  hop.rtnh_ifindex = ifindex;
  hop.rtnh_flags = flags;
  std::vector<uint8_t> bytes(sizeof hop + 8);
  std::memcpy(bytes.data(), &hop, sizeof hop);
  std::memcpy(bytes.data() + sizeof hop, &attribute, 4);
  std::memcpy(bytes.data() + sizeof hop + 4, &address.be, 4);
  return bytes;
}

}  // namespace

TEST_CASE("a route is read with metric, interface and gateway", "[kernel]") {
  const Message m = route_message()
                        .attribute(RTA_OIF, 7)
                        .attribute(RTA_GATEWAY, ip("10.0.0.254").be)
                        .attribute(RTA_PRIORITY, uint32_t{20})
                        .decoded();
  const auto& r = std::get<RouteMessage>(m);
  CHECK_FALSE(r.removed);
  CHECK(r.to == Prefix{ip("10.1.0.0"), 16});
  CHECK(r.metric == 20);
  CHECK(r.path == Path{7, ip("10.0.0.254")});
}

TEST_CASE("the flags of a route's notification tell its place among equals", "[kernel]") {
  const auto placing = [](uint16_t flags) {
    return std::get<RouteMessage>(route_message(flags).attribute(RTA_OIF, 7).decoded()).placing;
  };
  CHECK(placing(NLM_F_MULTI) == Placing::last);
  CHECK(placing(NLM_F_CREATE | NLM_F_EXCL) == Placing::last);
  CHECK(placing(NLM_F_CREATE | NLM_F_APPEND) == Placing::last);
  CHECK(placing(NLM_F_CREATE) == Placing::first);
  CHECK(placing(NLM_F_CREATE | NLM_F_REPLACE) == Placing::replace);
}

TEST_CASE("of a multipath route the first living next hop counts", "[kernel]") {
  std::vector<uint8_t> legs = leg(7, "10.0.0.1", RTNH_F_DEAD);
  for (const auto& next : {leg(8, "10.0.0.2", 0), leg(9, "10.0.0.3", 0)})
    legs.insert(legs.end(), next.begin(), next.end());
  const Message m = route_message().raw(RTA_MULTIPATH, legs.data(), legs.size()).decoded();
  CHECK(std::get<RouteMessage>(m).path == Path{8, ip("10.0.0.2")});
  const auto dead = leg(7, "10.0.0.1", RTNH_F_DEAD);
  CHECK(std::get<RouteMessage>(route_message().raw(RTA_MULTIPATH, dead.data(), dead.size()).decoded()).path ==
        Path{});
}

TEST_CASE("blackholes and next hops we can't use lead nowhere", "[kernel]") {
  for (const uint8_t type : {RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT})
    CHECK(std::get<RouteMessage>(route_message(0, type).attribute(RTA_OIF, 7).decoded()).path == Path{});
  const auto via = route_message().attribute(RTA_OIF, 7).attribute(RTA_VIA, uint64_t{}).decoded();
  CHECK(std::get<RouteMessage>(via).path == Path{});
}

TEST_CASE("routes of other tables, families and types of service are left out", "[kernel]") {
  const auto ignored = [](rtmsg h, uint32_t table) {
    return std::holds_alternative<std::monostate>(
        Builder(RTM_NEWROUTE, 0, h).attribute(RTA_TABLE, table).attribute(RTA_OIF, 7).decoded());
  };
  rtmsg h = route_header(0);
  CHECK_FALSE(ignored(h, RT_TABLE_MAIN));
  CHECK(ignored(h, RT_TABLE_LOCAL));
  CHECK(ignored(h, 1000));
  h.rtm_tos = 8;
  CHECK(ignored(h, RT_TABLE_MAIN));
  h = route_header(0);
  h.rtm_family = AF_INET6;
  CHECK(ignored(h, RT_TABLE_MAIN));
  h = route_header(33);
  CHECK(ignored(h, RT_TABLE_MAIN));
}

TEST_CASE("a neighbour is read with MAC, state and management", "[kernel]") {
  ndmsg h{};
  h.ndm_family = AF_INET;
  h.ndm_ifindex = 7;
  h.ndm_state = NUD_REACHABLE;
  const std::array<uint8_t, 6> mac{2, 0, 0, 0, 0, 9};
  const Message m = Builder(RTM_NEWNEIGH, 0, h)
                        .attribute(NDA_DST, ip("10.0.0.7").be)
                        .attribute(NDA_LLADDR, mac)
                        .attribute(NDA_FLAGS_EXT, uint32_t{NTF_EXT_MANAGED})
                        .decoded();
  const auto& n = std::get<NeighbourMessage>(m);
  CHECK(n.address == ip("10.0.0.7"));
  CHECK(n.mac.bytes == mac);
  CHECK(n.state == NUD_REACHABLE);
  CHECK(n.managed);
  CHECK(n.ifindex == 7);
  h.ndm_family = AF_BRIDGE;
  const Message other = Builder(RTM_NEWNEIGH, 0, h).attribute(NDA_LLADDR, mac).decoded();
  CHECK(std::holds_alternative<std::monostate>(other));
}

TEST_CASE("messages cut short or filled with noise are read without harm", "[kernel]") {
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    const uint16_t types[] = {RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEIGH, RTM_NEWADDR, RTM_NEWLINK};
    rtmsg h = route_header(static_cast<uint8_t>(random() % 40));
    Builder b(types[random() % 5], static_cast<uint16_t>(random()), h);
    for (auto i = random() % 6; i > 0; --i) {
      std::vector<uint8_t> noise(random() % 40);
      for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random() % 20);
      b.raw(static_cast<uint16_t>(random() % 40), noise.data(), noise.size());
    }
    const std::size_t size = b.bytes().size() - sizeof(nlmsghdr);
    b.bytes().resize(sizeof(nlmsghdr) + random() % (size + 1));
    b.decoded();
  }
  SUCCEED();
}
