#include "dpdk/pci.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

namespace steelyard::dpdk {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kUserspace{"vfio-pci", "uio_pci_generic", "igb_uio"};
// These share the NIC with DPDK: it stays bound to them.
constexpr std::array<std::string_view, 3> kSharing{"mlx4_core", "mlx5_core", "mana"};

bool among(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

fs::path device_path(const PciRoots& roots, const std::string& address) {
  return roots.sys / "bus/pci/devices" / address;
}

// The name that a symbolic link points to; "" if there is none.
std::string target(const fs::path& link) {
  std::error_code ignored;
  return fs::read_symlink(link, ignored).filename().string();
}

// ", it is the kernel's eth2", or nothing.
std::string as_interface(const fs::path& device) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(device / "net", ignored))
    return fmt::format(", which has it as {}", entry.path().filename().string());
  return {};
}

// A device of the same IOMMU group that belongs to the kernel: vfio gives a group as a whole or not at all.
std::optional<std::string> group_obstacle(const fs::path& device, const std::string& group) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(device / "iommu_group/devices", ignored)) {
    const std::string driver = target(entry.path() / "driver");
    if (driver.empty() || driver == "vfio-pci" || driver == "pci-stub" || driver == "pcieport") continue;
    const std::string other = entry.path().filename().string();
    return fmt::format("its IOMMU group {} also holds {}, which is bound to {}: {}", group, other, driver,
                       bind_command(other));
  }
  return std::nullopt;
}

std::optional<std::string> vfio_obstacle(const fs::path& device, const PciRoots& roots) {
  const std::string group = target(device / "iommu_group");
  if (group.empty())
    return "there is no IOMMU for it: switch it on (VT-d or AMD-Vi in the firmware; intel_iommu=on or "
           "amd_iommu=on "
           "for the kernel), or do without its protection: "
           "`echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode`";
  if (auto other = group_obstacle(device, group)) return other;
  fs::path file = roots.dev / "vfio" / group;
  std::error_code ignored;
  if (!fs::exists(file, ignored)) file = roots.dev / "vfio" / ("noiommu-" + group);
  const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd >= 0) {
    ::close(fd);
    return std::nullopt;
  }
  if (errno == EBUSY)
    return fmt::format("another program uses it ({} is open): end that, or name another device",
                       file.string());
  if (errno == EACCES || errno == EPERM)
    return fmt::format("no permission to open {}: run as root, or give that file to this user",
                       file.string());
  return fmt::format("{} cannot be opened: {}", file.string(), std::strerror(errno));
}

}  // namespace

std::string bind_command(const std::string& address) {
  return fmt::format("`modprobe vfio-pci && dpdk-devbind.py -b vfio-pci {}`", address);
}

std::optional<std::string> pci_obstacle(const std::string& address, const PciRoots& roots) {
  const fs::path device = device_path(roots, address);
  std::error_code ignored;
  if (!fs::exists(device, ignored)) return "there is no such PCI device; `lspci -D` lists them";
  const std::string driver = target(device / "driver");
  if (driver.empty() || among(kSharing, driver)) return std::nullopt;
  if (!among(kUserspace, driver))
    return fmt::format("it is bound to the kernel's driver {}{}: {}", driver, as_interface(device),
                       bind_command(address));
  return driver == "vfio-pci" ? vfio_obstacle(device, roots) : std::nullopt;
}

std::string pci_refused(const std::string& address, const PciRoots& roots) {
  if (target(device_path(roots, address) / "driver").empty())
    return fmt::format("it is bound to no driver: {}", bind_command(address));
  return "DPDK has no driver for it, or the driver failed; what it said is above";
}

}  // namespace steelyard::dpdk
