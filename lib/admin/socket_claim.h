// Makes an admin socket's path one director's alone, before anything else of it starts.
#pragma once

#include <string>

namespace steelyard::admin {

class SocketClaim {
 public:
  // Makes the path's directory, locks `<path>.lock`, and removes a socket there that nobody listens on any
  // more. Throws StartError: a director or another program has it, it is no socket, or it can't be made.
  explicit SocketClaim(std::string path);
  ~SocketClaim();  // removes the lock's file
  SocketClaim(const SocketClaim&) = delete;
  SocketClaim& operator=(const SocketClaim&) = delete;

 private:
  std::string path_;
  int lock_ = -1;
};

}  // namespace steelyard::admin
