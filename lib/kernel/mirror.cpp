#include "kernel/mirror.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <poll.h>

#include <fmt/format.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include "base/start_error.h"

namespace steelyard::kernel {
namespace {

constexpr int kReads = 8;                      // per process(): up to 32 KB, about 500 routes each
constexpr std::size_t kBufferSize = 64 << 10;  // the kernel gives at most 32 KB at once
constexpr unsigned kAttempts = 4;              // at a dump that changes under our hands
constexpr std::chrono::seconds kStartLimit{10};

void set_receive_buffer(int fd, int size) {
  // Beyond net.core.rmem_max only with CAP_NET_ADMIN; without it as much as there is.
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size));
}

NetlinkMessage dump_request(Part part) {
  switch (part) {
    case Part::routes: {
      rtmsg header{};
      header.rtm_family = AF_INET;
      return make_message(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, &header, sizeof header);
    }
    case Part::neighbours: {
      ndmsg header{};
      header.ndm_family = AF_INET;
      return make_message(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, &header, sizeof header);
    }
    default: {
      ifaddrmsg header{};
      header.ifa_family = AF_INET;
      return make_message(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &header, sizeof header);
    }
  }
}

}  // namespace

Mirror::Mirror(std::span<const KernelInterface> interfaces, const MirrorOptions& options)
    : view_(interfaces), socket_(open_netlink()), buffer_(kBufferSize) {
  set_receive_buffer(fd(), options.receive_buffer);
  const int error = nl_socket_add_memberships(socket_.get(), RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR,
                                              RTNLGRP_IPV4_ROUTE, RTNLGRP_NONE);
  if (error < 0)
    throw StartError(fmt::format("cannot listen to the kernel's routes: {}", netlink_error(error)));
  resync();
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  while (!synced()) {
    pollfd readable{fd(), POLLIN, 0};
    ::poll(&readable, 1, 100);
    process();
    if (std::chrono::steady_clock::now() > limit)
      throw StartError("the kernel did not tell its routes and neighbours within 10 s");
  }
}

int Mirror::fd() const noexcept { return nl_socket_get_fd(socket_.get()); }

void Mirror::resync() {
  for (const Part part : {Part::addresses, Part::routes, Part::neighbours}) mark(part);
  start_dump();
}

Changed Mirror::process() {
  Changed changed;
  for (int i = 0; i < kReads; ++i) {
    const ssize_t size = ::recv(fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0 && errno == ENOBUFS) {
      ++lost_;
      for (const Part part : {Part::addresses, Part::routes, Part::neighbours}) mark(part);
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    int left = static_cast<int>(size);
    const auto* message = static_cast<const nlmsghdr*>(static_cast<const void*>(buffer_.data()));
    for (; nlmsg_ok(message, left); message = nlmsg_next(const_cast<nlmsghdr*>(message), &left))
      take(*message, changed);
  }
  start_dump();
  return changed;
}

void Mirror::take(const nlmsghdr& message, Changed& changed) {
  const bool answer = dumping_ && message.nlmsg_seq == sequence_ &&
                      message.nlmsg_pid == nl_socket_get_local_port(socket_.get());
  if (answer && (message.nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted_ = true;
  if (message.nlmsg_type == NLMSG_DONE || message.nlmsg_type == NLMSG_ERROR) {
    int error = 0;  // both begin with the error
    if (nlmsg_datalen(&message) >= static_cast<int>(sizeof error))
      std::memcpy(&error, nlmsg_data(&message), sizeof error);
    if (answer) finish_dump(error, changed);
    return;
  }
  const Message m = decode(message);
  if (const auto* route = std::get_if<RouteMessage>(&m)) changed |= view_.apply(*route);
  if (const auto* neighbour = std::get_if<NeighbourMessage>(&m)) changed |= view_.apply(*neighbour);
  if (const auto* address = std::get_if<AddressMessage>(&m)) {
    changed |= view_.apply(*address);
    if (address->removed) mark(Part::routes);  // the last address takes routes along without a word
  }
  if (const auto* link = std::get_if<LinkMessage>(&m)) take_link(*link);
}

// IPv4 routes over an interface that goes down, and dead legs of multipath routes, are not notified.
void Mirror::take_link(const LinkMessage& link) {
  const unsigned state = link.removed ? 0 : link.flags & (IFF_UP | IFF_RUNNING);
  const auto [at, unknown] = link_flags_.try_emplace(link.ifindex, state);
  if (!unknown && at->second == state && !link.removed) return;
  mark(Part::routes);
  at->second = state;
  if (link.removed) link_flags_.erase(at);
}

void Mirror::start_dump() {
  if (dumping_ || stale_ == 0) return;
  unsigned part = 0;
  while ((stale_ >> part & 1) == 0) ++part;
  part_ = static_cast<Part>(part);
  NetlinkMessage message = dump_request(part_);
  nl_complete_msg(socket_.get(), message.get());
  sequence_ = nlmsg_hdr(message.get())->nlmsg_seq;
  if (nl_send(socket_.get(), message.get()) < 0) return;  // the next process() or resync() tries again
  stale_ &= ~(1U << part);
  dumping_ = true;
  interrupted_ = false;
  view_.begin(part_);
}

void Mirror::finish_dump(int error, Changed& changed) {
  dumping_ = false;
  // A namespace without a single route has no main table yet, which the kernel may call an error.
  const bool whole = (error == 0 && !interrupted_) || error == -ENOENT;
  if (!whole && ++attempts_ < kAttempts) {
    mark(part_);
    return;
  }
  // Changing too fast to be dumped in one piece: notifications make up for the rest.
  attempts_ = 0;
  if (error == 0 || error == -ENOENT) changed |= view_.end(part_);
}

}  // namespace steelyard::kernel
