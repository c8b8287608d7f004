#include "forward/nat.h"

#include <random>

#include <catch2/catch.hpp>

#include "net/checksum.h"
#include "net/parse.h"
#include "packets.h"
#include "test_eal.h"

namespace steelyard::test {
namespace {

constexpr std::size_t kEthernet = 14;
const Ipv4 kVirtual = ip("10.10.0.100");

// As recorded: a TCP service on 10.10.0.100:80 and a UDP one on :53.
struct Connections {
  Connection tcp, udp;
  Connections() {
    set(tcp, Protocol::tcp, ep("10.11.0.1", 20000), {kVirtual, Port::from_host(80)}, ep("10.20.0.11", 8080));
    set(udp, Protocol::udp, ep("10.11.0.1", 20001), {kVirtual, Port::from_host(53)}, ep("10.20.0.12", 53));
  }
  static void set(Connection& c, Protocol protocol, Endpoint client, Endpoint service, Endpoint server) {
    c.protocol = protocol;
    c.client_address = client.address, c.client_port = client.port;
    c.half[0].address = service.address, c.half[0].port = service.port;
    c.half[1].address = server.address, c.half[1].port = server.port;
    Nat::prepare(c);
  }
};

// An IP packet through the translation of its connection.
Bytes translate(const Bytes& packet, const Connection& c) {
  HeapMbuf mbuf(ip_frame(packet));
  Packet p;
  p.mbuf = mbuf.get();
  parse_packet(p);
  REQUIRE(p.verdict == Verdict::pending);
  orient(p, p.destination == c.half[0].address);
  REQUIRE(p.key.client == c.client());
  if (p.kind == PacketKind::flow)
    Nat::rewrite(p, c);
  else
    Nat::rewrite_icmp_error(p, c);
  const Bytes frame = to_bytes(*mbuf.get());
  return {frame.begin() + kEthernet, frame.end()};
}
Bytes translate(const Frame& f, const Connection& c) { return translate(f.ip_bytes(), c); }

struct Recorded {
  const char *name, *in, *out;
};

}  // namespace

TEST_CASE("TCP is translated byte for byte as Linux IPVS does", "[nat][golden]") {
  const auto r = GENERATE(values<Recorded>({
      {"SYN with ToS and options",
       "45100030123440004006140b0a0b00010a0a00644e200050000003e8000000007002ffff1d470000020405b401030307",
       "45100030123440003f06155a0a0b00010a14000b4e201f90000003e8000000007002fffffe550000020405b401030307"},
      {"SYN-ACK of the server",
       "45000028007740004006262f0a14000b0a0b00011f904e2000001388000003e95012ffff16870000",
       "45000028007740003f0626e00a0a00640a0b000100504e2000001388000003e95012ffff35780000"},
      {"data of odd length",
       "4500002d00014000400626510a0b00010a0a00644e200050000003e9000013895010fffff1a1000068656c6c6f",
       "4500002d000140003f0627a00a0b00010a14000b4e201f90000003e9000013895010ffffd2b0000068656c6c6f"},
      {"wrong checksum from the client",
       "4500002b00014000400626530a0b00010a0a00644e200050000003ee000013895010ffff7d3b0000626164",
       "4500002b000140003f0627a20a0b00010a14000b4e201f90000003ee000013895010ffff5e4a0000626164"},
      {"wrong checksum from the server",
       "4500002b00014000400626a20a14000b0a0b00011f904e2000001389000013895010ffff52b70000626164",
       "4500002b000140003f0627530a0a00640a0b000100504e2000001389000013895010ffff71a80000626164"},
      {"IP options",
       "4600002d00014000400623500a0b00010a0a0064010101004e200050000003f1000013895010ffffc66f00006f",
       "4600002d000140003f06249f0a0b00010a14000b010101004e201f90000003f1000013895010ffffa77e00006f"},
      {"TTL 2", "4500002800014000020664560a0b00010a0a00644e200050000003f2000013895010ffff35700000",
       "4500002800014000010665a50a0b00010a14000b4e201f90000003f2000013895010ffff167f0000"},
  }));
  CAPTURE(r.name);
  CHECK(hex(translate(from_hex(r.in), Connections().tcp)) == r.out);
}

TEST_CASE("UDP is translated byte for byte as Linux IPVS does", "[nat][golden]") {
  const auto r = GENERATE(values<Recorded>({
      {"request", "4500001d00014000401126560a0b00010a0a00644e2100350009250c78",
       "4500001d000140003f1127a40a0b00010a14000c4e2100350009255a78"},
      {"reply", "4500002100014000401126a00a14000c0a0b000100354e21000d41807265706c79",
       "45000021000140003f1127520a0a00640a0b000100354e21000d41327265706c79"},
  }));
  CAPTURE(r.name);
  CHECK(hex(translate(from_hex(r.in), Connections().udp)) == r.out);
}

TEST_CASE("UDP without a checksum stays without one", "[nat]") {
  const Endpoint client = ep("10.11.0.1", 20001), real = ep("10.20.0.12", 53);
  const Endpoint service{kVirtual, Port::from_host(53)};
  const Connections c;
  CHECK(hex(translate(udp(client, service, "x").nosum(), c.udp)) ==
        hex(udp(client, real, "x").nosum().ttl(63).ip_bytes()));
  CHECK(hex(translate(udp(real, client, "x").nosum(), c.udp)) ==
        hex(udp(service, client, "x").nosum().ttl(63).ip_bytes()));
}

TEST_CASE("ICMP errors are translated byte for byte as Linux IPVS does", "[nat][icmp][golden]") {
  const auto r = GENERATE(values<Recorded>({
      {"fragmentation needed from a router before the director",
       "45000038000140004001c34a0a0b63010a0a00640304958a000005784500008c00014000400625f20a0a00640a0b00010050"
       "4e2000001389",
       "45000038000140003f01c4990a0b63010a14000b0304764a000005784500008c00014000400626410a14000b0a0b00011f90"
       "4e2000001389"},
      {"port unreachable from the client",
       "45000038000140004001264b0a0b00010a0a006403039b03000000004500008c00014000400625f20a0a00640a0b00010050"
       "4e2000001389",
       "45000038000140003f01279a0a0b00010a14000b03037bc3000000004500008c00014000400626410a14000b0a0b00011f90"
       "4e2000001389"},
      {"time exceeded",
       "45000038000140004001c34a0a0b63010a0a00640b009306000000004500008c00014000400625f20a0a00640a0b00010050"
       "4e2000001389",
       "45000038000140003f01c4990a0b63010a14000b0b0073c6000000004500008c00014000400626410a14000b0a0b00011f90"
       "4e2000001389"},
      {"port unreachable from the server",
       "45000038000140004001269a0a14000b0a0b000103038b63000000004500008c00014000400626410a0b00010a14000b4e20"
       "1f90000003e9",
       "45000038000140003f01274b0a0a00640a0b00010303aaa3000000004500008c00014000400625f20a0b00010a0a00644e20"
       "0050000003e9"},
      {"fragmentation needed from a router behind the director",
       "4500003800014000400126420a1400630a0b00010304864e000005144500008c00014000400626410a0b00010a14000b4e20"
       "1f90000003e9",
       "45000038000140003f01274b0a0a00640a0b00010304a58e000005144500008c00014000400625f20a0b00010a0a00644e20"
       "0050000003e9"},
  }));
  CAPTURE(r.name);
  CHECK(hex(translate(from_hex(r.in), Connections().tcp)) == r.out);
}

// Linux IPVS leaves a quoted transport checksum as it is; RFC 5508 REQ-4 wants the quoted packet as its
// sender sent it.
TEST_CASE("A quoted packet comes back to its sender as it was sent, checksums included", "[nat][icmp]") {
  const Connections c;
  const bool is_tcp = GENERATE(false, true);
  const Connection& connection = is_tcp ? c.tcp : c.udp;
  const Endpoint real = connection.server_endpoint();
  const auto packet = [is_tcp](Endpoint from, Endpoint to) {
    return (is_tcp ? tcp(from, to, "data") : udp(from, to, "data")).ip_bytes();
  };
  const Ipv4 router = ip("10.11.99.1");
  const Endpoint client = connection.client(), service = connection.virtual_endpoint();
  const std::size_t quote = GENERATE(values<std::size_t>({28, 29, 36, 38, 39, 40, 44}));
  CAPTURE(is_tcp, quote);
  CHECK(
      hex(translate(icmp_error(router, kVirtual, 3, 4, packet(service, client), quote, 1400), connection)) ==
      hex(icmp_error(router, real.address, 3, 4, packet(real, client), quote, 1400).ttl(63).ip_bytes()));
  CHECK(hex(translate(icmp_error(real.address, client.address, 3, 3, packet(client, real), quote),
                      connection)) ==
        hex(icmp_error(kVirtual, client.address, 3, 3, packet(client, service), quote).ttl(63).ip_bytes()));
}

TEST_CASE("Random packets keep right checksums right, both ways", "[nat]") {
  std::mt19937 random(42);
  const auto any = [&random](uint32_t limit) {
    return std::uniform_int_distribution<uint32_t>(0, limit)(random);
  };
  const auto endpoint = [&] {
    return Endpoint{Ipv4{any(0xffffffff)}, Port{static_cast<uint16_t>(any(0xffff))}};
  };
  for (int i = 0; i < 20000; ++i) {
    Connection c;
    const bool is_tcp = any(1) != 0, inbound = any(1) != 0;
    const Endpoint client = endpoint(), service = endpoint(), server = endpoint();
    if (service.address == client.address) continue;
    Connections::set(c, is_tcp ? Protocol::tcp : Protocol::udp, client, service, server);
    const std::string data(any(8), static_cast<char>(any(255)));
    const Endpoint from = inbound ? client : server, to = inbound ? service : client;
    const Endpoint new_from = inbound ? client : service, new_to = inbound ? server : client;
    const auto packet = [&](Endpoint a, Endpoint b) { return is_tcp ? tcp(a, b, data) : udp(a, b, data); };
    const auto ttl = static_cast<uint8_t>(1 + any(254));
    CAPTURE(i, is_tcp, inbound);
    if (server.address == service.address || client.address == server.address) continue;
    const Bytes out = translate(packet(from, to).ttl(ttl), c);
    const Bytes want = packet(new_from, new_to).ttl(static_cast<uint8_t>(ttl - 1)).ip_bytes();
    REQUIRE(hex(out) == hex(want));
  }
}

}  // namespace steelyard::test
