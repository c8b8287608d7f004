// Whether DPDK can have a PCI device, and if not, what to do: from what the kernel tells below /sys and /dev.
// Control core, at start.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace steelyard::dpdk {

// Where to look; other directories in tests.
struct PciRoots {
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
};

// What keeps DPDK from the device at `address` (0000:3b:00.0), with the way out; nothing if nothing is to be
// seen:
// - there is no such device;
// - it is bound to a driver of the kernel that does not share it;
// - vfio: no IOMMU, another device of its IOMMU group is the kernel's, no permission, used by another
// program. A device that is bound to no driver is left to DPDK, which can use a few of those.
std::optional<std::string> pci_obstacle(const std::string& address, const PciRoots& roots = {});
std::string bind_command(const std::string& address);

// What to say when DPDK did not take a device that has no obstacle.
std::string pci_refused(const std::string& address, const PciRoots& roots = {});

}  // namespace steelyard::dpdk
