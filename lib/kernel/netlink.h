// rtnetlink, as far as the other files here need it: a socket and a message with their owners (libnl).
// Control core only.
#pragma once

#include <memory>
#include <string>

struct nl_sock;
struct nl_msg;

namespace steelyard::kernel {

struct FreeSocket {
  void operator()(nl_sock* s) const noexcept;
};
struct FreeMessage {
  void operator()(nl_msg* m) const noexcept;
};
using NetlinkSocket = std::unique_ptr<nl_sock, FreeSocket>;
using NetlinkMessage = std::unique_ptr<nl_msg, FreeMessage>;

// A connected NETLINK_ROUTE socket. Throws StartError.
NetlinkSocket open_netlink();

// An empty message with room for `header`; throws std::bad_alloc.
NetlinkMessage make_message(int type, int flags, const void* header, int size);

// Sends a request and reads its acknowledgement, which the kernel gives at once. 0, or libnl's negative code.
int request(nl_sock& socket, NetlinkMessage message) noexcept;

std::string netlink_error(int code);  // "Object exists"

}  // namespace steelyard::kernel
