// Sends packets to an IPv4 address at an even pace and prints how many. Needs CAP_NET_RAW.
// flood ADDRESS PACKETS PER_SECOND: UDP packets and TCP SYNs in turn to a closed port, from random ports.
// flood ADDRESS PACKETS PER_SECOND PORT FIRST: UDP packets to a port, each from another client: the ports
// 1024 to 61023 of the address FIRST, then those of the next one.
#include <algorithm>
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

constexpr unsigned long kMostPerBurst = 64;
constexpr uint16_t kClosedPort = 9;
constexpr unsigned kClientPorts = 60000;

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

struct Plan {
  sockaddr_in to{};  // with its port
  in_addr_t from = 0;
  bool clients = false;  // one each
  std::minstd_rand random{1};
};

Packet make(Plan& plan, unsigned long number) {
  const bool tcp = !plan.clients && number % 2 == 1;
  const unsigned long port = 1024 + (plan.clients ? number : plan.random()) % kClientPorts;
  Packet packet;
  packet.ip.version = 4;
  packet.ip.ihl = 5;
  packet.ip.ttl = 64;
  packet.ip.saddr =
      plan.clients ? htonl(static_cast<uint32_t>(ntohl(plan.from) + number / kClientPorts)) : plan.from;
  packet.ip.daddr = plan.to.sin_addr.s_addr;
  if (tcp) {
    tcphdr header{};
    header.source = htons(static_cast<uint16_t>(port));
    header.dest = plan.to.sin_port;
    header.doff = 5;
    header.syn = 1;
    finish(packet, header, &tcphdr::check, IPPROTO_TCP);
  } else {
    udphdr header{};
    header.source = htons(static_cast<uint16_t>(port));
    header.dest = plan.to.sin_port;
    header.len = htons(sizeof header);
    finish(packet, header, &udphdr::check, IPPROTO_UDP);
  }
  return packet;
}

// The address that the kernel would send from.
in_addr_t source_towards(const sockaddr_in& to) {
  const int probe = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in from{};
  socklen_t length = sizeof from;
  if (connect(probe, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
      getsockname(probe, reinterpret_cast<sockaddr*>(&from), &length) != 0) {
    std::perror("flood: no route");
    std::exit(1);
  }
  close(probe);
  return from.sin_addr.s_addr;
}

// Sends `wanted` packets in bursts; returns how many went out before the first error that does not pass by
// itself.
unsigned long flood(int raw, Plan plan, unsigned long wanted, unsigned long rate) {
  const auto began = std::chrono::steady_clock::now();
  const unsigned long burst = std::clamp(rate / 1000, 1ul, kMostPerBurst);
  unsigned long sent = 0;
  while (sent < wanted) {
    if (sent % burst == 0)
      std::this_thread::sleep_until(began + std::chrono::nanoseconds(sent * 1'000'000'000 / rate));
    const Packet packet = make(plan, sent);
    if (sendto(raw, &packet, packet.length, 0, reinterpret_cast<const sockaddr*>(&plan.to), sizeof plan.to) >=
        0)
      ++sent;
    else if (errno != ENOBUFS)
      return sent;
  }
  return sent;
}

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  plan.to.sin_family = AF_INET;
  plan.clients = argc == 6;
  if ((argc != 4 && !plan.clients) || inet_pton(AF_INET, argv[1], &plan.to.sin_addr) != 1 ||
      (plan.clients && inet_pton(AF_INET, argv[5], &plan.from) != 1)) {
    std::fputs("usage: flood ADDRESS PACKETS PER_SECOND [PORT FIRST]\n", stderr);
    return 2;
  }
  plan.to.sin_port =
      htons(plan.clients ? static_cast<uint16_t>(std::strtoul(argv[4], nullptr, 10)) : kClosedPort);
  if (!plan.clients) plan.from = source_towards(plan.to);
  const unsigned long wanted = std::strtoul(argv[2], nullptr, 10), rate = std::strtoul(argv[3], nullptr, 10);
  const int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (raw < 0 || rate == 0) {
    std::perror("flood: raw socket");
    return 1;
  }
  const unsigned long sent = flood(raw, plan, wanted, rate);
  if (sent < wanted) std::perror("flood");
  std::printf("%lu\n", sent);
  return sent == wanted ? 0 : 1;
}
