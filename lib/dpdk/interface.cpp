#include "dpdk/interface.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/start_error.h"

namespace steelyard::dpdk {
namespace {

ifreq request(const std::string& name) {
  ifreq r{};
  name.copy(r.ifr_name, IFNAMSIZ - 1);
  return r;
}

template <class Command>
bool ethtool(int socket, const std::string& name, Command& command) {
  ifreq r = request(name);
  r.ifr_data = reinterpret_cast<char*>(&command);
  return ioctl(socket, SIOCETHTOOL, &r) == 0;
}

// A socket whose name stands for an interface: like interfaces, abstract names belong to a network namespace,
// and they end with the process, however it ends. -1: someone has it.
int claim(const std::string& name) {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{AF_UNIX, {}};
  const std::string text = "steelyard/interface/" + name;
  text.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  if (fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

}  // namespace

Interface::Interface(std::string name, std::string port)
    : name_(std::move(name)),
      port_(std::move(port)),
      socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  ifreq r = request(name_);
  if (socket_ >= 0 && name_.size() < IFNAMSIZ && ioctl(socket_, SIOCGIFINDEX, &r) == 0) {
    claim_ = claim(name_);
    if (claim_ >= 0) return;
    close(socket_);
    throw StartError(
        fmt::format("port {}: interface {} is already a director's port: end that director, or name "
                    "another interface",
                    port_, name_));
  }
  if (socket_ >= 0) close(socket_);
  throw StartError(fmt::format("port {}: there is no interface {}; `ip link` lists them", port_, name_));
}

Interface::~Interface() {
  close(claim_);
  close(socket_);
}

unsigned Interface::mtu() const {
  ifreq r = request(name_);
  if (ioctl(socket_, SIOCGIFMTU, &r) != 0)
    throw StartError(fmt::format("port {}: MTU of {}: {}", port_, name_, std::strerror(errno)));
  return static_cast<unsigned>(r.ifr_mtu);
}

void Interface::set_mtu(unsigned mtu) const {
  ifreq r = request(name_);
  r.ifr_mtu = static_cast<int>(mtu);
  if (ioctl(socket_, SIOCSIFMTU, &r) != 0)
    throw StartError(fmt::format("port {}: interface {} does not take an MTU of {}: {}", port_, name_, mtu,
                                 std::strerror(errno)));
}

unsigned Interface::receive_queues() const {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (!ethtool(socket_, name_, channels)) return 1;  // the driver knows of no queues
  const unsigned n = channels.rx_count + channels.combined_count;
  return n == 0 ? 1 : n;
}

bool Interface::link_up() const noexcept {
  ethtool_value link{ETHTOOL_GLINK, 0};
  if (ethtool(socket_, name_, link)) return link.data != 0;
  ifreq r = request(name_);  // its driver can't tell; this one lags behind
  return ioctl(socket_, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags & IFF_RUNNING) != 0;
}

uint32_t Interface::speed() const noexcept {
  ethtool_cmd settings{};
  settings.cmd = ETHTOOL_GSET;
  if (!ethtool(socket_, name_, settings)) return 0;
  const uint32_t speed = ethtool_cmd_speed(&settings);
  return speed == static_cast<uint32_t>(SPEED_UNKNOWN) ? 0 : speed;
}

void Interface::prepare() const {
  ethtool_value off{ETHTOOL_SGRO, 0};
  ethtool(socket_, name_, off);  // refused: it has none
  ethtool_value flags{ETHTOOL_GFLAGS, 0};
  if (ethtool(socket_, name_, flags) && (flags.data & ETH_FLAG_LRO) != 0) {
    flags = {ETHTOOL_SFLAGS, flags.data & ~static_cast<uint32_t>(ETH_FLAG_LRO)};
    ethtool(socket_, name_, flags);
  }
  ifreq r = request(name_);
  if (ioctl(socket_, SIOCGIFFLAGS, &r) != 0)
    throw StartError(fmt::format("port {}: flags of {}: {}", port_, name_, std::strerror(errno)));
  r.ifr_flags = static_cast<short>(r.ifr_flags | IFF_UP);
  if (ioctl(socket_, SIOCSIFFLAGS, &r) != 0)
    throw StartError(
        fmt::format("port {}: cannot bring interface {} up: {}", port_, name_, std::strerror(errno)));
}

}  // namespace steelyard::dpdk
