#include "dpdk/pci.h"

#include <cstdlib>
#include <fstream>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace steelyard::dpdk {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
namespace fs = std::filesystem;

// A machine whose /sys and /dev are directories of ours.
class Machine {
 public:
  Machine() {
    std::string name = fs::temp_directory_path() / "steelyard-pci-XXXXXX";
    root_ = mkdtemp(name.data());
    fs::create_directories(root_ / "dev/vfio");
    fs::create_directories(roots().sys / "bus/pci/devices");
  }
  ~Machine() { fs::remove_all(root_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  PciRoots roots() const { return {root_ / "sys", root_ / "dev"}; }
  fs::path add(const std::string& address, const std::string& driver) {
    const fs::path device = roots().sys / "bus/pci/devices" / address;
    fs::create_directories(device);
    if (driver.empty()) return device;
    fs::create_directories(roots().sys / "bus/pci/drivers" / driver);
    fs::create_symlink("../../drivers/" + driver, device / "driver");
    return device;
  }
  // Puts devices into an IOMMU group, whose file vfio shows.
  void group(const std::string& number, const std::vector<fs::path>& devices) {
    const fs::path group = roots().sys / "kernel/iommu_groups" / number;
    fs::create_directories(group / "devices");
    for (const fs::path& device : devices) {
      fs::create_symlink(group, device / "iommu_group");
      fs::create_symlink(device, group / "devices" / device.filename());
    }
    std::ofstream(file(number)) << "";
  }
  fs::path file(const std::string& group) const { return roots().dev / "vfio" / group; }
  std::string obstacle() const { return pci_obstacle("0000:3b:00.0", roots()).value_or("none"); }

 private:
  fs::path root_;
};

}  // namespace

TEST_CASE("A PCI device that is not there is told with where to look", "[dpdk][pci]") {
  CHECK_THAT(Machine().obstacle(), Equals("there is no such PCI device; `lspci -D` lists them"));
}

TEST_CASE("A PCI device that the kernel's driver has is told with the command that binds it", "[dpdk][pci]") {
  Machine machine;
  const fs::path device = machine.add("0000:3b:00.0", "ixgbe");
  const std::string command = "`modprobe vfio-pci && dpdk-devbind.py -b vfio-pci 0000:3b:00.0`";
  CHECK_THAT(machine.obstacle(), Equals("it is bound to the kernel's driver ixgbe: " + command));
  fs::create_directories(device / "net/enp59s0f0");
  CHECK_THAT(machine.obstacle(),
             Equals("it is bound to the kernel's driver ixgbe, which has it as enp59s0f0: " + command));
}

TEST_CASE("Drivers that share a PCI device with DPDK, or leave it to programs, are none in the way",
          "[dpdk][pci]") {
  for (const char* driver : {"mlx5_core", "mlx4_core", "uio_pci_generic", "igb_uio", ""}) {
    CAPTURE(driver);
    Machine machine;
    machine.add("0000:3b:00.0", driver);
    CHECK_THAT(machine.obstacle(), Equals("none"));
  }
}

TEST_CASE("vfio needs an IOMMU, the whole group, the permission, and nobody else", "[dpdk][pci]") {
  Machine machine;
  const fs::path device = machine.add("0000:3b:00.0", "vfio-pci");
  CHECK_THAT(machine.obstacle(), Contains("intel_iommu=on") && Contains("enable_unsafe_noiommu_mode"));

  const fs::path other = machine.add("0000:3b:00.1", "ixgbe");
  machine.group("15", {device, other});
  CHECK_THAT(machine.obstacle(),
             Equals("its IOMMU group 15 also holds 0000:3b:00.1, which is bound to ixgbe: "
                    "`modprobe vfio-pci && dpdk-devbind.py -b vfio-pci 0000:3b:00.1`"));
  fs::remove(other / "driver");
  CHECK_THAT(machine.obstacle(), Equals("none"));

  fs::remove(machine.file("15"));
  CHECK_THAT(machine.obstacle(), Contains("cannot be opened: No such file"));
  std::ofstream(machine.file("noiommu-15")) << "";
  CHECK_THAT(machine.obstacle(), Equals("none"));
  if (geteuid() == 0) return;  // root may open anything
  fs::permissions(machine.file("noiommu-15"), fs::perms::none);
  CHECK_THAT(machine.obstacle(), Contains("no permission to open"));
}

TEST_CASE("What DPDK refused is told by what it is bound to", "[dpdk][pci]") {
  Machine machine;
  machine.add("0000:3b:00.0", "");
  machine.add("0000:3b:00.1", "vfio-pci");
  CHECK_THAT(pci_refused("0000:3b:00.0", machine.roots()), Contains("no driver: `modprobe vfio-pci"));
  CHECK_THAT(pci_refused("0000:3b:00.1", machine.roots()), Contains("DPDK has no driver for it"));
}

}  // namespace steelyard::dpdk
