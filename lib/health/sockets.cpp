#include "health/sockets.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/resource.h>

namespace steelyard::health {

std::optional<std::string> allow_sockets(std::size_t checks) {
  constexpr rlim_t kOthers = 1024;  // devices, queues, the admin socket's clients
  const rlim_t wanted = checks + kOthers;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return std::nullopt;
  // Root may raise the upper limit too.
  const rlimit raised{wanted, std::max(limit.rlim_max, wanted)};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return std::nullopt;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return fmt::format(
      "{} health checks may need {} open files at once, and only {} are allowed: raise the limit (ulimit -n, "
      "LimitNOFILE= in the unit)",
      checks, wanted, limit.rlim_max);
}

}  // namespace steelyard::health
