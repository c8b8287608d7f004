#include "dpdk/device.h"

#include <catch2/catch.hpp>

#include "base/start_error.h"
#include "dpdk/eal.h"

namespace steelyard::dpdk {
namespace {

using Catch::Matchers::Contains;
using Strings = std::vector<std::string>;

Strings texts(const std::vector<Ethdev>& ethdevs) {
  Strings out;
  for (const Ethdev& e : ethdevs) out.push_back(e.name + "," + e.args + " x" + std::to_string(e.queues));
  return out;
}

Strings plan(std::string_view device, Situation situation) {
  return texts(plan_ethdevs(parse_device(device, "outside"), "outside", situation));
}

bool contains(const Strings& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

config::Config with(Strings devices, Strings eal) {
  config::Config c;
  for (const std::string& d : devices) {
    config::Port port;
    port.name = "p" + std::to_string(c.ports.size());
    port.device = d;
    c.ports.push_back(port);
  }
  c.director.control_core = 3;
  c.director.worker_cores = {5, 3};
  c.director.eal = std::move(eal);
  return c;
}

}  // namespace

TEST_CASE("A device text says its kind, name, arguments and interface", "[dpdk]") {
  CHECK(parse_device("0000:3b:00.1", "p").kind == DeviceKind::pci);
  CHECK(parse_device("3b:00.1", "p").name == "0000:3b:00.1");
  const Device packet = parse_device("net_af_packet0,iface=eth1,qpairs=2", "p");
  CHECK(packet.kind == DeviceKind::af_packet);
  CHECK(packet.name == "net_af_packet0");
  CHECK(packet.args == "iface=eth1,qpairs=2");
  CHECK(packet.iface == "eth1");
  CHECK(parse_device("net_af_xdp7,iface=sy-1", "p").kind == DeviceKind::af_xdp);
  CHECK(parse_device("net_ring0", "p").kind == DeviceKind::vdev);
}

TEST_CASE("A device that can't be one is refused with the port's name", "[dpdk]") {
  CHECK_THROWS_WITH(parse_device("eth1", "outside"), Contains("port outside") && Contains("PCI address"));
  CHECK_THROWS_AS(parse_device("0000:3b:00", "outside"), StartError);
  CHECK_THROWS_AS(parse_device("0000:3b:00.g", "outside"), StartError);
  CHECK_THROWS_WITH(parse_device("net_af_packet0", "outside"), Contains("iface=NAME"));
}

TEST_CASE("An argument is found by its whole key", "[dpdk]") {
  CHECK(argument("iface=eth1,qpairs=2", "qpairs") == "2");
  CHECK(argument("iface=eth1,qpairs=2", "iface") == "eth1");
  CHECK(argument("xqpairs=1,qpairs", "qpairs").empty());
  CHECK(argument("", "iface").empty());
}

TEST_CASE("An af_packet port has a queue pair for each worker and frames for its MTU", "[dpdk]") {
  CHECK(plan("net_af_packet0,iface=eth1", {2, 1, 1500}) ==
        Strings{"net_af_packet0,iface=eth1,qpairs=2,framesz=2048,framecnt=4096,blocksz=4096 x2"});
  CHECK(plan("net_af_packet0,iface=eth1,qpairs=3", {2, 1, 9000}) ==
        Strings{"net_af_packet0,iface=eth1,qpairs=3,framesz=16384,framecnt=4096,blocksz=16384 x3"});
  CHECK_THROWS_WITH(plan("net_af_packet0,iface=eth1,qpairs=1", {2, 1, 1500}), Contains("qpairs=1"));
  CHECK_THROWS_WITH(plan("net_af_packet0,iface=eth1,qpairs=1x", {1, 1, 1500}), Contains("not a number"));
}

TEST_CASE("An af_xdp port is one ethdev for each receive queue of its interface", "[dpdk]") {
  CHECK(plan("net_af_xdp0,iface=eth1", {1, 2, 1500}) ==
        Strings{"net_af_xdp0,iface=eth1,busy_budget=0,start_queue=0,queue_count=1 x1",
                "net_af_xdp0_q1,iface=eth1,busy_budget=0,start_queue=1,queue_count=1 x1"});
  CHECK(plan("net_af_xdp0,iface=eth1,busy_budget=64,start_queue=2,queue_count=3", {1, 8, 1500}) ==
        Strings{"net_af_xdp0,iface=eth1,busy_budget=64,start_queue=2,queue_count=3 x3"});
  CHECK_THROWS_WITH(plan("net_af_xdp0,iface=eth1", {2, 1, 1500}), Contains("ethtool -L eth1 rx 2 tx 2"));
}

TEST_CASE("Lcores are ours, so a worker may share the control core", "[dpdk]") {
  const Strings args = eal_arguments(with({"net_ring0"}, {}));
  CHECK(contains(args, "--lcores=0@3,1@5,2@3"));
  CHECK(contains(args, "--main-lcore=0"));
}

TEST_CASE("What files the EAL makes are an instance's own", "[dpdk]") {
  config::Config config = with({"net_ring0"}, {});
  CHECK(contains(eal_arguments(config), "--file-prefix=steelyard"));
  config.director.instance = "blue";
  CHECK(contains(eal_arguments(config), "--file-prefix=steelyard-blue"));
  config.director.eal = {"--file-prefix=mine"};
  CHECK_FALSE(contains(eal_arguments(config), "--file-prefix=steelyard-blue"));
}

TEST_CASE("Only the configured PCI devices are probed", "[dpdk]") {
  const Strings pci = eal_arguments(with({"0000:3b:00.0", "net_ring0"}, {}));
  CHECK(contains(pci, "0000:3b:00.0"));
  CHECK_FALSE(contains(pci, "--no-pci"));
  CHECK(contains(eal_arguments(with({"net_ring0"}, {})), "--no-pci"));
  CHECK_FALSE(contains(eal_arguments(with({"3b:00.0"}, {"-a", "1:2.3"})), "0000:3b:00.0"));
}

TEST_CASE("What the operator gives the EAL goes before what we would", "[dpdk]") {
  const Strings huge = eal_arguments(with({"net_ring0"}, {"--log-level=debug"}));
  CHECK(contains(huge, "--in-memory"));
  CHECK_FALSE(contains(huge, "--log-level=warning"));
  const Strings small = eal_arguments(with({"net_ring0"}, {"--no-huge"}));
  CHECK_FALSE(contains(small, "--in-memory"));
  CHECK(contains(small, "512"));
  CHECK_FALSE(contains(eal_arguments(with({"net_ring0"}, {"--no-huge", "-m", "1024"})), "512"));
  CHECK_FALSE(contains(eal_arguments(with({"net_ring0"}, {"--file-prefix=a"})), "--in-memory"));
}

}  // namespace steelyard::dpdk
