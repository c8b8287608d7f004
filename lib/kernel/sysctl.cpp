#include "kernel/sysctl.h"

#include <fstream>

#include <fmt/format.h>

namespace steelyard::kernel {
namespace {

std::string file_of(std::string_view path) { return fmt::format("/proc/sys/{}", path); }

}  // namespace

std::optional<long> read_sysctl(std::string_view path) {
  std::ifstream file(file_of(path));
  long value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

bool write_sysctl(std::string_view path, long value) {
  std::ofstream file(file_of(path));
  file << value << '\n' << std::flush;
  return file.good();
}

std::vector<std::string> settle_interface(std::string_view name) {
  struct Setting {
    std::string_view name;
    long value;
  };
  std::vector<std::string> warnings;
  for (const auto& [setting, value] : {Setting{"rp_filter", 2}, Setting{"send_redirects", 0}}) {
    // A dot in an interface's name (VLANs have one) is fine in a path below /proc/sys.
    const std::string path = fmt::format("net/ipv4/conf/{}/{}", name, setting);
    if (read_sysctl(path) != value && !write_sysctl(path, value))
      warnings.push_back(
          fmt::format("{}: cannot set {} to {} (is /proc/sys writable?)", name, setting, value));
  }
  if (read_sysctl("net/ipv4/conf/all/send_redirects").value_or(0) != 0)
    warnings.push_back(
        fmt::format("{}: the kernel may send ICMP redirects to real servers, which can make replies miss the "
                    "director where "
                    "clients and servers share a network: sysctl net.ipv4.conf.all.send_redirects=0",
                    name));
  return warnings;
}

std::optional<std::string> forwarding_warning() {
  if (read_sysctl("net/ipv4/ip_forward") != 0) return std::nullopt;
  return "net.ipv4.ip_forward is 0: traffic through the director that is not load-balanced will be dropped "
         "by the "
         "kernel (sysctl net.ipv4.ip_forward=1)";
}

std::string no_room_warning(std::optional<long> gc_thresh3) {
  const long limit = gc_thresh3.value_or(1024);
  return fmt::format(
      "the kernel has no room for more neighbours (net.ipv4.neigh.default.gc_thresh3 is {}): clients in a "
      "subnet of "
      "the director may get no answer; sysctl net.ipv4.neigh.default.gc_thresh3={} and gc_thresh2={}",
      gc_thresh3 ? std::to_string(limit) : "not to be seen here", limit * 4, limit * 2);
}

std::string no_room_warning() { return no_room_warning(read_sysctl("net/ipv4/neigh/default/gc_thresh3")); }

}  // namespace steelyard::kernel
