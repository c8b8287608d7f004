#include "kernel/tap.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>

#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/start_error.h"

namespace steelyard::kernel {
namespace {

[[noreturn]] void fail(const std::string& name, std::string_view what) {
  throw StartError(fmt::format("kernel interface {}: {}", name, what));
}

ifreq request_for(const std::string& name) {
  ifreq request{};
  std::copy_n(name.data(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1), request.ifr_name);
  return request;
}

Descriptor open_device(const std::string& name) {
  Descriptor device(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (device) return device;
  if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
    fail(name,
         "there is no /dev/net/tun: load the module (modprobe tun), or let the container have the device");
  if (errno == EACCES || errno == EPERM)
    fail(name,
         "no permission to open /dev/net/tun: run as root or with CAP_NET_ADMIN and access to the device");
  fail(name, fmt::format("cannot open /dev/net/tun: {}", std::strerror(errno)));
}

[[noreturn]] void fail_in_use(const std::string& name) {
  fail(name, fmt::format("the name is in use: end the program that uses it, remove it (ip link delete {}), "
                         "or name the port otherwise",
                         name));
}

void attach(const Descriptor& device, const std::string& name) {
  ifreq request = request_for(name);
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL);  // exclusive: never take over
  if (::ioctl(device.get(), TUNSETIFF, &request) == 0) return;
  switch (errno) {
    case EPERM:
    case EACCES:
      fail(name, "no permission to create it: run as root or with CAP_NET_ADMIN");
    case EBUSY:
    case EEXIST:
      fail_in_use(name);
    case EINVAL:
      fail(name,
           "cannot create it: the name is no valid interface name or is in use; name the port otherwise");
    default:
      fail(name, fmt::format("cannot create it: {}", std::strerror(errno)));
  }
}

void configure(const Descriptor& control, ifreq request, unsigned long what, const std::string& setting) {
  if (::ioctl(control.get(), what, &request) == 0) return;
  fail(std::string(request.ifr_name), fmt::format("cannot set {}: {}", setting, std::strerror(errno)));
}

}  // namespace

void check_tap(const std::string& name) {
  open_device(name);
  if (::if_nametoindex(name.c_str()) != 0) fail_in_use(name);
}

Tap::Tap(const TapSettings& settings) : name_(settings.name) {
  if (name_.empty() || name_.size() >= IFNAMSIZ) fail(name_, "an interface name has 1 to 15 characters");
  device_ = open_device(name_);
  attach(device_, name_);
  if (::ioctl(device_.get(), TUNSETOFFLOAD, 0UL) != 0)
    fail(name_, fmt::format("cannot turn its offloads off: {}", std::strerror(errno)));

  const Descriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(name_);
  if (!control || ::ioctl(control.get(), SIOCGIFINDEX, &request) != 0)
    fail(name_, fmt::format("cannot find its index: {}", std::strerror(errno)));
  ifindex_ = request.ifr_ifindex;

  request = request_for(name_);
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::memcpy(request.ifr_hwaddr.sa_data, settings.mac.bytes.data(), settings.mac.bytes.size());
  configure(control, request, SIOCSIFHWADDR, fmt::format("its MAC address to {}", settings.mac));

  request = request_for(name_);
  request.ifr_mtu = settings.mtu;
  configure(control, request, SIOCSIFMTU, fmt::format("its MTU to {}", settings.mtu));

  request = request_for(name_);
  request.ifr_flags = static_cast<short>(IFF_UP | IFF_BROADCAST | IFF_MULTICAST);
  configure(control, request, SIOCSIFFLAGS, "it up");
}

std::size_t Tap::read(std::span<uint8_t> frame) noexcept {
  const ssize_t n = ::read(device_.get(), frame.data(), frame.size());
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

bool Tap::write(std::span<const uint8_t> frame) noexcept {
  return ::write(device_.get(), frame.data(), frame.size()) == static_cast<ssize_t>(frame.size());
}

void Tap::set_carrier(bool up) noexcept {
  int carrier = up ? 1 : 0;
  // Kernels before 5.0 cannot: the interface then keeps its carrier, which harms nobody.
  static_cast<void>(::ioctl(device_.get(), TUNSETCARRIER, &carrier));
}

}  // namespace steelyard::kernel
