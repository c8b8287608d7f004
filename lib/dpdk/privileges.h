// What the kernel must allow this process to do. Control core, at start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace steelyard::dpdk {

// What the ports are, as far as privileges go.
struct PrivilegeNeeds {
  bool sockets = false;  // packet or XDP sockets
  bool xdp = false;      // loads a BPF program
  bool locked = false;   // memory that stays where it is: packet and XDP rings, DMA
};

struct Privileges {
  uint64_t capabilities = 0;     // effective, a bit each as in <linux/capability.h>
  bool may_lock_memory = false;  // RLIMIT_MEMLOCK has no limit
};

Privileges own_privileges();

// What is missing and how to get it; nothing if nothing is missing. CAP_NET_ADMIN is always needed.
std::optional<std::string> missing_privileges(const Privileges& have, const PrivilegeNeeds& need);

}  // namespace steelyard::dpdk
