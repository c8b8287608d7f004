#include "hostile.h"

#include <algorithm>
#include <random>

namespace steelyard::test {
namespace {

using Frames = std::vector<HostileFrame>;

// The engine's sequence is fixed by the standard; the library's distributions are not.
class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  unsigned operator()() { return static_cast<unsigned>(engine_()); }

 private:
  std::mt19937 engine_;
};

constexpr std::size_t kHeaders = 118;  // Ethernet, two tags, IPv4, ICMP, IPv4 and TCP

// --- Well-formed traffic

// Collects frames with the MAC addresses of their side.
struct Sides {
  const Targets& targets;
  Frames out;

  void client(const Frame& f) { out.push_back({f.macs(targets.outside, {{2, 0, 0, 0, 1, 1}}), false}); }
  void server(const Frame& f) { out.push_back({f.macs(targets.inside, {{2, 0, 0, 0, 2, 1}}), true}); }
  // Keeps the frame's own addresses.
  void both(const Frame& f) { out.push_back({f, false}), out.push_back({f, true}); }
};

Endpoint at_port(Endpoint e, unsigned more) {
  return {e.address, Port::from_host(static_cast<uint16_t>(e.port.host() + more))};
}

void tcp_flow(Sides& s, Endpoint client, Endpoint server) {
  const Endpoint vip = s.targets.service;
  s.client(tcp(client, vip, kSyn).tcp_options({2, 4, 5, 180, 1, 1, 4, 2}).df());
  s.server(tcp(server, client, kSyn | kAck).tcp_options({2, 4, 5, 180}).df());
  s.client(tcp(client, vip, kAck).pad(6));
  s.client(tcp(client, vip, "GET / HTTP/1.1\r\n\r\n").options({1, 1, 1, 0}).id(77));
  s.server(tcp(server, client, kPsh | kAck, "HTTP/1.1 200 OK\r\n\r\n").tos(0xb8));
  s.client(tcp(client, vip, kPsh | kAck | kUrg, "!").ttl(2));
  s.server(tcp(server, client, kFin | kAck).ttl(1));
  s.client(tcp(client, vip, kFin | kAck));
  s.server(tcp(server, client, kRst));
}

void udp_flow(Sides& s, Endpoint client, Endpoint server) {
  const Endpoint vip = s.targets.service;
  s.client(udp(client, vip, "question"));
  s.server(udp(server, client, "answer"));
  s.client(udp(client, vip, "odd").nosum());
  s.server(udp(server, client, "").nosum());
  s.client(udp(client, vip, "").pad(18));
}

void icmp_of(Sides& s, Endpoint client, Endpoint server) {
  const Endpoint vip = s.targets.service;
  const Ipv4 router = ip("198.51.100.99");
  const Frame reply = tcp(vip, client, kAck, "a reply that is quoted whole"),
              request = udp(client, server, "x");
  s.client(icmp_error(router, vip.address, 3, 4, reply.ip_bytes(), 28, 1400));
  s.client(icmp_error(client.address, vip.address, 3, 3, reply.ip_bytes(), 1000));
  s.client(icmp_error(router, vip.address, 11, 0, reply.options({1, 1, 1, 0}).ip_bytes(), 32));
  s.client(icmp_error(router, vip.address, 12, 0, udp(vip, client, "x").ip_bytes()));
  s.client(icmp_error(router, vip.address, 5, 1, reply.ip_bytes()));
  s.server(icmp_error(server.address, client.address, 3, 3, request.ip_bytes()));
  s.server(icmp_error(router, client.address, 3, 4, tcp(client, server, "GET").ip_bytes(), 1000, 1280));
  s.server(icmp_error(server.address, client.address, 11, 1, tcp(client, server, "G").mf().ip_bytes()));
  s.client(echo(client.address, vip.address));
  s.server(echo(server.address, client.address, 1, 1, kIcmpEchoReply));
}

void tagged(Sides& s, Endpoint client, Endpoint server) {
  const Endpoint vip = s.targets.service;
  s.client(tcp(client, vip, kSyn).vlan(20));
  s.server(tcp(server, client, kSyn | kAck).vlan(20).vlan(30, 0x88a8));
  s.client(udp(client, vip, "old").vlan(20).vlan(30, 0x9100));
  s.client(udp(client, vip, "three").vlan(20).vlan(30).vlan(40));
  s.server(icmp_error(server.address, client.address, 3, 3, udp(client, server).ip_bytes()).vlan(0xe014));
}

void fragments(Sides& s, Endpoint client, Endpoint server) {
  const Endpoint vip = s.targets.service;
  const Bytes half(64, 'f');
  s.client(udp(client, vip, "first").payload(half).mf());
  s.client(ip_frame(client.address, vip.address, 17, half).offset(72));
  s.server(tcp(server, client, kAck).payload(half).mf());
  s.server(ip_frame(server.address, client.address, 6, Bytes(1)).offset(65528));
}

void not_ours(Sides& s, Endpoint client, Endpoint server) {
  const Endpoint vip = s.targets.service;
  const Mac everybody{{255, 255, 255, 255, 255, 255}}, group{{1, 0, 0x5e, 0, 0, 18}}, one{{2, 0, 0, 0, 3, 1}};
  s.both(arp_request(client.address, vip.address));
  s.both(tcp(client, vip, kSyn).macs(everybody, one));
  s.both(ip_frame(server.address, ip("224.0.0.18"), 112, Bytes(20, 0x21)).macs(group, one).ttl(255));
  s.client(ip_frame(client.address, vip.address, 47, from_hex("0000080045000014")));
  s.client(ip_frame(client.address, vip.address, 4, udp(client, vip).ip_bytes()));
  s.client(tcp(client, {vip.address, Port::from_host(1)}, kSyn));
  s.server(udp(server, {ip("192.0.2.250"), Port::from_host(9)}, "transit"));
  s.client(raw_frame(0x86dd, from_hex("6000000000083a01" + std::string(64, '1') + "8700000000000000")));
  s.client(raw_frame(0x86dd, from_hex("6000000000140640" + std::string(64, '2') + std::string(40, '3'))));
  s.client(raw_frame(0x0026, Bytes(38, 0x42)));
}

// --- Manglers: each puts its versions of a frame behind `out`

void emit(Frames& out, const HostileFrame& like, const Bytes& bytes) {
  out.push_back({bytes, like.from_server});
}
// As it is, and so that the wrong value gets past the checksums.
void emit_both(Frames& out, const HostileFrame& like, Bytes bytes) {
  emit(out, like, bytes);
  fix_checksums(bytes);
  if (bytes != out.back().bytes) emit(out, like, bytes);
}

void every_byte(const HostileFrame& f, Random& random, Frames& out) {
  for (std::size_t i = 0; i < std::min(f.bytes.size(), kHeaders); ++i) {
    const uint8_t was = f.bytes[i];
    const unsigned values[] = {0, 0xff, was + 1u, was ^ 1u << random() % 8};
    for (const unsigned v : values) {
      Bytes bytes = f.bytes;
      bytes[i] = static_cast<uint8_t>(v);
      if (bytes[i] != was) emit_both(out, f, bytes);
    }
  }
}

void every_word(const HostileFrame& f, Random& random, Frames& out) {
  for (std::size_t i = 12; i + 1 < std::min(f.bytes.size(), kHeaders); i += 2) {
    const unsigned values[] = {0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff, random()};
    Bytes bytes = f.bytes;
    const unsigned v = values[random() % 7];
    bytes[i] = static_cast<uint8_t>(v >> 8);
    bytes[i + 1] = static_cast<uint8_t>(v);
    emit_both(out, f, bytes);
  }
}

void every_cut(const HostileFrame& f, Random&, Frames& out) {
  for (std::size_t n = 0; n < f.bytes.size(); ++n) {
    Bytes bytes(f.bytes.begin(), f.bytes.begin() + static_cast<std::ptrdiff_t>(n));
    emit(out, f, bytes);
    // The same with a total length that fits what is left.
    const auto at = ip_offset(bytes);
    if (!at || n < *at + 20) continue;
    bytes[*at + 2] = static_cast<uint8_t>((n - *at) >> 8);
    bytes[*at + 3] = static_cast<uint8_t>(n - *at);
    fix_checksums(bytes);
    emit(out, f, bytes);
  }
}

void every_padding(const HostileFrame& f, Random& random, Frames& out) {
  for (const std::size_t n : {1u, 2u, 17u, 46u, 64u, 999u}) {
    Bytes bytes = f.bytes;
    bytes.resize(std::min<std::size_t>(bytes.size() + n, 1514), static_cast<uint8_t>(random()));
    emit(out, f, bytes);
  }
}

// Lengths that headers claim: IPv4's total length and header length, UDP's length, TCP's data offset.
void every_claim(const HostileFrame& f, Random& random, Frames& out) {
  const auto at = ip_offset(f.bytes);
  if (!at || f.bytes.size() < *at + 40) return;
  const auto real = static_cast<unsigned>(f.bytes.size() - *at);
  const unsigned lengths[] = {0, 19, 20, 21, 27, 28, 39, real - 1, real + 1, 0xffff, random() % real};
  for (const unsigned v : lengths)
    for (const std::size_t place : {std::size_t{2}, std::size_t{24}}) {
      Bytes bytes = f.bytes;
      bytes[*at + place] = static_cast<uint8_t>(v >> 8);
      bytes[*at + place + 1] = static_cast<uint8_t>(v);
      emit_both(out, f, bytes);
    }
  for (unsigned words = 0; words < 16; ++words) {
    Bytes ihl = f.bytes, offset = f.bytes;
    ihl[*at] = static_cast<uint8_t>(0x40 | words);
    offset[*at + 32] = static_cast<uint8_t>(words << 4);
    emit_both(out, f, ihl);
    emit_both(out, f, offset);
  }
}

void random_mixes(const HostileFrame& f, Random& random, Frames& out) {
  for (int i = 0; i < 60; ++i) {
    Bytes bytes = f.bytes;
    for (unsigned n = 1 + random() % 5; n > 0; --n)
      bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 8));
    emit_both(out, f, bytes);
  }
}

// Whole flows out of order, with doubles and holes.
void disorder(Frames frames, Random& random, Frames& out) {
  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = frames.size(); i > 1; --i) std::swap(frames[i - 1], frames[random() % i]);
    for (const HostileFrame& f : frames)
      for (unsigned copies = random() % 3; copies > 0; --copies) out.push_back(f);
  }
}

}  // namespace

std::vector<HostileFrame> well_formed(const Targets& targets) {
  Sides sides{targets, {}};
  unsigned n = 0;
  for (const Endpoint server : targets.servers) {
    tcp_flow(sides, at_port(targets.client, n), server);
    udp_flow(sides, at_port(targets.client, n), server);
    icmp_of(sides, at_port(targets.client, n++), server);
    tagged(sides, at_port(targets.client, n++), server);
    fragments(sides, at_port(targets.client, n++), server);
    not_ours(sides, at_port(targets.client, n++), server);
  }
  return sides.out;
}

std::vector<HostileFrame> hostile(const Targets& targets, uint32_t seed) {
  Random random(seed);
  const Frames frames = well_formed(targets);
  Frames out = frames;
  for (const HostileFrame& f : frames) {
    for (const auto mangle : {every_byte, every_word, every_cut, every_padding, every_claim, random_mixes}) {
      mangle(f, random, out);
      out.push_back(f);  // the flow goes on
    }
  }
  disorder(frames, random, out);
  return out;
}

}  // namespace steelyard::test
