#include "dpdk/privileges.h"

#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace steelyard::dpdk {

Privileges own_privileges() {
  Privileges own;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3]{};
  if (syscall(SYS_capget, &header, data) == 0)
    own.capabilities = uint64_t{data[1].effective} << 32 | data[0].effective;
  rlimit limit{};
  own.may_lock_memory = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
  return own;
}

std::optional<std::string> missing_privileges(const Privileges& have, const PrivilegeNeeds& need) {
  const auto may = [&have](unsigned capability) { return (have.capabilities >> capability & 1) != 0; };
  std::vector<std::string_view> missing;
  if (!may(CAP_NET_ADMIN)) missing.push_back("CAP_NET_ADMIN");
  if (need.sockets && !may(CAP_NET_RAW)) missing.push_back("CAP_NET_RAW");
  // libxdp asks the kernel for the program that it has just attached, which CAP_BPF alone does not allow.
  if (need.xdp && !may(CAP_SYS_ADMIN)) missing.push_back("CAP_SYS_ADMIN");
  if (need.locked && !have.may_lock_memory && !may(CAP_IPC_LOCK))
    missing.push_back("CAP_IPC_LOCK (or an unlimited RLIMIT_MEMLOCK)");
  if (missing.empty()) return std::nullopt;
  return fmt::format("no permission, {} {} missing: run the director as root (sudo) or by steelyard.service",
                     fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are");
}

}  // namespace steelyard::dpdk
