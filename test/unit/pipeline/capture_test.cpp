// What captures see of a worker's turns: packets as they come, as they leave, and as they came if they are
// dropped. That the traffic is the same with a capture on, every other test of the rig says of it off.
#include <optional>
#include <ostream>

#include <catch2/catch.hpp>

#include "capture/recorder.h"
#include "rig.h"

using namespace steelyard;
using namespace steelyard::test;
using capture::Filter;
using capture::Way;

namespace {

struct Seen {
  Way way;
  uint8_t port;
  std::string frame;  // hexdump
  DropReason reason = DropReason::count;
  friend bool operator==(const Seen&, const Seen&) = default;
};
std::ostream& operator<<(std::ostream& to, const Seen& s) {
  to << (s.way == Way::in ? "in" : "out") << " by port " << int{s.port};
  if (s.reason != DropReason::count) to << " dropped: " << to_string(s.reason);
  return to << "\n" << s.frame;
}
using Seens = std::vector<Seen>;

Seen in(uint8_t port, const Frame& frame, DropReason reason = DropReason::count) {
  return {Way::in, port, hexdump(frame), reason};
}
Seen left(const Out& out) { return {Way::out, out.port, out.frame}; }

Filter drops(capture::Reasons reasons = capture::kEveryReason) {
  Filter f;
  f.drops = reasons;
  return f;
}
Filter of_web() {
  Filter f;
  f.service = {kWeb, kWebVip, Protocol::tcp};
  return f;
}
Filter of_client(Ipv4 address) {
  Filter f;
  f.client = Prefix{address, 32};
  return f;
}

// Captures that run on a rig.
class Captured {
 public:
  Captured(Rig& rig, const std::vector<Filter>& filters, std::size_t ring_bytes = 1 << 16) : rig_(rig) {
    for (const Filter& f : filters) {
      captures_.push_back(std::make_unique<capture::Capture>(f, 1, ring_bytes));
      active_.captures[active_.size++] = captures_.back().get();
    }
    rig_.captures = &active_;
  }
  ~Captured() { rig_.captures = nullptr; }
  capture::Capture& operator[](std::size_t i) { return *captures_[i]; }

  Seens seen(std::size_t i = 0) {
    Seens all;
    std::size_t ring = 0;
    while (const capture::Record* r = captures_[i]->front(ring)) {
      CHECK(r->us == rig_.now.us);
      all.push_back({r->way, r->port, hexdump(Bytes(r->bytes(), r->bytes() + r->captured)), r->reason});
      captures_[i]->pop(ring);
    }
    return all;
  }

 private:
  Rig& rig_;
  std::vector<std::unique_ptr<capture::Capture>> captures_;
  capture::Active active_;
};

const Frame kSynIn = tcp(kClient, kWebVip, kSyn), kSynOut = tcp(kClient, kReal1, kSyn),
            kReplyIn = tcp(kReal1, kClient, kSyn | kAck), kReplyOut = tcp(kWebVip, kClient, kSyn | kAck),
            kStray = tcp(kClient, kWebVip, kAck), kPing = echo(kClient.address, kVip);

Bytes text(std::size_t n) { return Bytes(n, 'x'); }
Frame data(std::size_t n) { return tcp(kClient, kWebVip, kAck).payload(text(n)); }

}  // namespace

TEST_CASE("A packet is seen as it comes and as it leaves", "[pipeline][capture]") {
  Rig rig;
  Captured captured(rig, {{}});
  CHECK(rig.run(kClients, kSynIn) == std::vector<Out>{to_server1(kSynOut)});
  CHECK(captured.seen() == Seens{in(kClients, kSynIn), left(to_server1(kSynOut))});
  CHECK(rig.run(kServers, kReplyIn) == std::vector<Out>{to_client(kReplyOut)});
  CHECK(captured.seen() == Seens{in(kServers, kReplyIn), left(to_client(kReplyOut))});
  const Frame tagged = kSynIn.vlan(7);
  rig.run(kClients, tagged);
  CHECK(captured.seen() == Seens{in(kClients, tagged), left(to_server1(kSynOut))});
}

TEST_CASE("What the kernel gets and what nobody knows is seen as it comes", "[pipeline][capture]") {
  Rig rig;
  Captured captured(rig, {{}, of_client(kClient.address), of_web()});
  const Frame arp = arp_request(kClient.address, kPortC);
  rig.run(kClients, {arp, kPing});
  CHECK(captured.seen(0) == Seens{in(kClients, arp), in(kClients, kPing)});
  CHECK(captured.seen(1) == Seens{in(kClients, kPing)});
  CHECK(captured.seen(2).empty());
}

TEST_CASE("A filter leaves out what is no concern of its service or client", "[pipeline][capture]") {
  Rig rig;
  const Endpoint other = ep("10.11.0.2", 1);
  const Frame query = udp(kClient, kDnsVip, "q"), foreign = tcp(other, kWebVip, kSyn);
  Captured captured(rig, {of_web(), of_client(kClient.address), {}});
  rig.run(kClients, {kSynIn, query, foreign});
  rig.run(kServers, {kReplyIn, udp(kRealDns, kClient, "a")});
  const auto count = [](const Seens& all, uint8_t port, Way way) {
    return std::ranges::count_if(all, [=](const Seen& s) { return s.port == port && s.way == way; });
  };
  const Seens web = captured.seen(0), client = captured.seen(1), all = captured.seen(2);
  CHECK(count(web, kClients, Way::in) == 2);
  CHECK(count(web, kServers, Way::out) == 2);
  CHECK(count(web, kServers, Way::in) == 1);
  CHECK(count(web, kClients, Way::out) == 1);
  CHECK(count(client, kClients, Way::in) == 2);
  CHECK(count(client, kServers, Way::in) == 2);
  CHECK(count(all, kClients, Way::in) == 3);
  CHECK(std::ranges::find(web, left(to_client(kReplyOut))) != web.end());
}

TEST_CASE("A drop is seen as it came, with its reason, and its answer as it leaves", "[pipeline][capture]") {
  Rig rig;
  Captured captured(rig, {{}, drops(), drops(capture::bit(DropReason::no_server))});
  const auto sent = rig.run(kClients, {kStray, kSynIn});
  REQUIRE(sent.size() == 2);  // a RST first
  const Seen dropped = in(kClients, kStray, DropReason::no_connection);
  CHECK(captured.seen(0).front() == dropped);
  CHECK(captured.seen(1) == Seens{dropped});
  CHECK(captured.seen(2).empty());
  rig.schedule(kWeb, {});
  rig.run(kClients, tcp(ep("10.11.0.9", 9), kWebVip, kSyn));
  CHECK(captured.seen(2).size() == 1);
}

TEST_CASE("A packet that a port refuses is a drop and has not left", "[pipeline][capture]") {
  Rig rig;
  rig.establish();
  Captured captured(rig, {{}, drops()});
  const Frame one = data(1), two = data(2), three = data(3);
  rig.io().refuse_sends(2);
  REQUIRE(rig.run(kClients, {one, two, three}).size() == 1);
  const Out out = to_server1(tcp(kClient, kReal1, kAck).payload(text(1)));
  CHECK(captured.seen(0) == Seens{in(kClients, one), in(kClients, two, DropReason::transmit_full),
                                  in(kClients, three, DropReason::transmit_full), left(out)});
  CHECK(captured.seen(1) ==
        Seens{in(kClients, two, DropReason::transmit_full), in(kClients, three, DropReason::transmit_full)});
}

TEST_CASE("An answer that a port refuses is its cause's drop", "[pipeline][capture]") {
  Rig rig;
  Captured captured(rig, {{}, drops()});
  rig.io().refuse_sends(1);
  CHECK(rig.run(kClients, kStray).empty());
  CHECK(captured.seen(0) == Seens{in(kClients, kStray, DropReason::no_connection)});
  CHECK(captured.seen(1) == Seens{in(kClients, kStray, DropReason::no_connection)});
}

TEST_CASE("Drops of the kernel path and of unknown next hops are seen as they came", "[pipeline][capture]") {
  Rig::Options options;
  options.limits.kernel[static_cast<std::size_t>(KernelClass::neighbour)] = 0;
  Rig rig(options);
  rig.establish();
  rig.snap.next_hops[2].usable = false;
  Captured captured(rig, {drops()});
  rig.io().refuse_kernel(1);
  const Frame arp = arp_request(kClient.address, kPortC);
  rig.run(kClients, {arp, kPing, data(5)});
  CHECK(captured.seen() == Seens{in(kClients, arp, DropReason::kernel_rate_neighbour),
                                 in(kClients, kPing, DropReason::kernel_ring_full),
                                 in(kClients, data(5), DropReason::no_next_hop)});
  rig.io().accept_holds();
  rig.run(kClients, data(5));
  CHECK(captured.seen().empty());  // waits
  rig.io().take_held();
}

TEST_CASE("Fragments leave one by one, and belong to their packet", "[pipeline][capture]") {
  Rig rig;
  rig.establish();
  rig.snap.next_hops[2].mtu = 600;
  Captured captured(rig, {of_web(), drops()});
  const auto sent = rig.run(kClients, data(1400));
  REQUIRE(sent.size() == 3);
  CHECK(captured.seen(0) == Seens{in(kClients, data(1400)), left(sent[0]), left(sent[1]), left(sent[2])});
  rig.io().refuse_sends(1);
  REQUIRE(rig.run(kClients, data(1400)).size() == 2);
  CHECK(captured.seen(0) ==
        Seens{in(kClients, data(1400), DropReason::transmit_full), left(sent[0]), left(sent[1])});
  const Seens dropped = captured.seen(1);
  REQUIRE(dropped.size() == 1);
  CHECK(dropped[0].reason == DropReason::transmit_full);
  rig.snap.next_hops[2].mtu = 68;  // more fragments than there are buffers
  rig.run(kClients, data(3900));
  CHECK(rig.dropped(DropReason::fragmentation_failed) == 1);
  CHECK(captured.seen(0).back().reason == DropReason::fragmentation_failed);
  CHECK(captured.seen(1).back().reason == DropReason::fragmentation_failed);
}

TEST_CASE("What is dropped late is kept as far as its head", "[pipeline][capture]") {
  Rig rig;
  rig.establish();
  Captured captured(rig, {drops()});
  rig.io().refuse_sends(1);
  rig.run(kClients, data(1000));
  std::size_t ring = 0;
  const capture::Record* r = captured[0].front(ring);
  REQUIRE(r != nullptr);
  const Bytes whole = data(1000).bytes();
  CHECK(r->captured == capture::kHead);
  CHECK(r->wire_length == whole.size());
  CHECK(hexdump(Bytes(r->bytes(), r->bytes() + r->captured)) ==
        hexdump(Bytes(whole.begin(), whole.begin() + capture::kHead)));
}

TEST_CASE("Only so many bytes of a frame are kept as are asked for", "[pipeline][capture]") {
  Rig rig;
  rig.establish();
  Filter f;
  f.snaplen = 60;
  Captured captured(rig, {f});
  rig.run(kClients, data(500));
  std::size_t ring = 0;
  for (int i = 0; i < 2; ++i) {
    const capture::Record* r = captured[0].front(ring);
    REQUIRE(r != nullptr);
    CHECK(r->captured == 60);
    CHECK(r->wire_length == data(500).bytes().size());
    captured[0].pop(ring);
  }
}

TEST_CASE("A capture that is not read holds up nothing, and what it misses is counted",
          "[pipeline][capture]") {
  Rig rig;
  rig.establish();
  Captured captured(rig, {{}, drops()}, 4096);
  for (int i = 0; i < 50; ++i) CHECK(rig.run(kClients, data(100)).size() == 1);
  const std::size_t seen = captured.seen().size();
  CHECK(seen > 10);
  CHECK(captured[0].lost() == 100 - seen);
  CHECK(captured[1].lost() == 0);
  rig.run(kClients, data(100));
  CHECK(captured.seen().size() == 2);
}
