#include "kernel/netlink.h"

#include <new>

#include <fmt/format.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/start_error.h"

namespace steelyard::kernel {

void FreeSocket::operator()(nl_sock* s) const noexcept { nl_socket_free(s); }
void FreeMessage::operator()(nl_msg* m) const noexcept { nlmsg_free(m); }

NetlinkSocket open_netlink() {
  NetlinkSocket socket(nl_socket_alloc());
  if (!socket) throw std::bad_alloc{};
  if (const int error = nl_connect(socket.get(), NETLINK_ROUTE); error < 0)
    throw StartError(fmt::format("cannot open a netlink socket: {}", netlink_error(error)));
  return socket;
}

NetlinkMessage make_message(int type, int flags, const void* header, int size) {
  NetlinkMessage message(nlmsg_alloc_simple(type, flags));
  if (!message || nlmsg_append(message.get(), const_cast<void*>(header), static_cast<std::size_t>(size),
                               NLMSG_ALIGNTO) < 0)
    throw std::bad_alloc{};
  return message;
}

int request(nl_sock& socket, NetlinkMessage message) noexcept {
  return nl_send_sync(&socket, message.release());
}

std::string netlink_error(int code) { return nl_geterror(code); }

}  // namespace steelyard::kernel
