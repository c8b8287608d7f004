// Makes an admin socket's path one director's alone, before anything else of it starts.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

namespace steelyard::admin {

class SocketClaim {
 public:
  // Makes the path's directory, locks `<path>.lock`, and removes a socket there that nobody listens on any
  // more. `group`: whose members may use it beside its owner; "": those of the process's own group. Throws
  // StartError: a director or another program has it, it is no socket, it can't be made, or there is no such
  // group.
  explicit SocketClaim(std::string path, const std::string& group = "");
  ~SocketClaim();  // removes the lock's file
  SocketClaim(const SocketClaim&) = delete;
  SocketClaim& operator=(const SocketClaim&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::optional<gid_t> group() const noexcept { return group_; }

 private:
  std::string path_;
  std::optional<gid_t> group_;
  int lock_ = -1;
};

}  // namespace steelyard::admin
