// flood ADDRESS PACKETS PER_SECOND: sends UDP packets and TCP SYNs in turn to closed ports of an IPv4
// address, from random ports, at an even pace; prints how many it sent. Needs CAP_NET_RAW.
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

namespace {

constexpr unsigned kBurst = 64;
constexpr uint16_t kClosedPort = 9;

uint32_t add(uint32_t sum, const void* bytes, std::size_t length) {
  std::array<uint16_t, 32> words{};
  std::memcpy(words.data(), bytes, length);
  for (std::size_t i = 0; i < (length + 1) / 2; ++i) sum += words[i];
  return sum;
}

uint16_t fold(uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

struct Packet {
  iphdr ip{};
  std::array<uint8_t, sizeof(tcphdr)> rest{};
  std::size_t length = 0;
};

template <typename Header>
void finish(Packet& packet, Header header, uint16_t Header::*check, uint8_t protocol) {
  const uint32_t pseudo = htons(protocol) + htons(static_cast<uint16_t>(sizeof header));
  uint32_t sum = add(pseudo, &packet.ip.saddr, 8);
  header.*check = fold(add(sum, &header, sizeof header));
  std::memcpy(packet.rest.data(), &header, sizeof header);
  packet.ip.protocol = protocol;
  packet.length = sizeof packet.ip + sizeof header;
}

Packet make(in_addr_t from, in_addr_t to, uint16_t port, bool tcp) {
  Packet packet;
  packet.ip.version = 4;
  packet.ip.ihl = 5;
  packet.ip.ttl = 64;
  packet.ip.saddr = from;
  packet.ip.daddr = to;
  if (tcp) {
    tcphdr header{};
    header.source = htons(port);
    header.dest = htons(kClosedPort);
    header.doff = 5;
    header.syn = 1;
    finish(packet, header, &tcphdr::check, IPPROTO_TCP);
  } else {
    udphdr header{};
    header.source = htons(port);
    header.dest = htons(kClosedPort);
    header.len = htons(sizeof header);
    finish(packet, header, &udphdr::check, IPPROTO_UDP);
  }
  return packet;
}

// The address that the kernel would send from.
in_addr_t source_towards(sockaddr_in to) {
  const int probe = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in from{};
  socklen_t length = sizeof from;
  to.sin_port = htons(kClosedPort);
  if (connect(probe, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 ||
      getsockname(probe, reinterpret_cast<sockaddr*>(&from), &length) != 0) {
    std::perror("flood: no route");
    std::exit(1);
  }
  close(probe);
  return from.sin_addr.s_addr;
}

// Sends `wanted` packets in bursts; returns how many went out before the first error that does not pass by
// itself.
unsigned long flood(int raw, const sockaddr_in& to, unsigned long wanted, unsigned long rate) {
  const in_addr_t from = source_towards(to);
  std::minstd_rand random(1);
  const auto began = std::chrono::steady_clock::now();
  unsigned long sent = 0;
  while (sent < wanted) {
    if (sent % kBurst == 0)
      std::this_thread::sleep_until(began + std::chrono::nanoseconds(sent * 1'000'000'000 / rate));
    const auto port = static_cast<uint16_t>(1024 + random() % 60000);
    const Packet packet = make(from, to.sin_addr.s_addr, port, sent % 2 == 1);
    if (sendto(raw, &packet, packet.length, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) >= 0)
      ++sent;
    else if (errno != ENOBUFS)
      return sent;
  }
  return sent;
}

}  // namespace

int main(int argc, char** argv) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  if (argc != 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
    std::fputs("usage: flood ADDRESS PACKETS PER_SECOND\n", stderr);
    return 2;
  }
  const unsigned long wanted = std::strtoul(argv[2], nullptr, 10), rate = std::strtoul(argv[3], nullptr, 10);
  const int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (raw < 0 || rate == 0) {
    std::perror("flood: raw socket");
    return 1;
  }
  const unsigned long sent = flood(raw, to, wanted, rate);
  if (sent < wanted) std::perror("flood");
  std::printf("%lu\n", sent);
  return sent == wanted ? 0 : 1;
}
