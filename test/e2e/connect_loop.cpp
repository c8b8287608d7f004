// connect_loop FIRST COUNT PORT PER_SECOND SECONDS: connects to COUNT addresses from FIRST on in turn, at an
// even pace, and resets each connection as soon as it stands: the least that anyone has to do who checks
// servers. Prints how many stood, how many failed, and the milliseconds of CPU that it used a second.
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace {

using Clock = std::chrono::steady_clock;

struct Counts {
  unsigned long stood = 0, failed = 0, open = 0;
};

void begin(int epoll, sockaddr_in to, Counts& counts) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0 || (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)) {
    ++counts.failed;
    close(fd);
    return;
  }
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  ++counts.open;
}

void end(int fd, Counts& counts) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  ++(error == 0 ? counts.stood : counts.failed);
  --counts.open;
  const linger reset{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
}

double cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](timeval t) {
    return static_cast<double>(t.tv_sec) * 1000 + static_cast<double>(t.tv_usec) / 1000;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  if (argc != 6 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
    std::fputs("usage: connect_loop FIRST COUNT PORT PER_SECOND SECONDS\n", stderr);
    return 2;
  }
  const uint32_t first = ntohl(to.sin_addr.s_addr);
  const auto count = static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10));
  to.sin_port = htons(static_cast<uint16_t>(std::strtoul(argv[3], nullptr, 10)));
  const unsigned long rate = std::strtoul(argv[4], nullptr, 10),
                      wanted = rate * std::strtoul(argv[5], nullptr, 10);
  const int epoll = epoll_create1(0);
  const auto began = Clock::now();
  Counts counts;
  std::array<epoll_event, 64> events;
  for (unsigned long n = 0; n < wanted || counts.open > 0;) {
    const auto due =
        static_cast<unsigned long>((Clock::now() - began) / std::chrono::microseconds(1)) * rate / 1'000'000;
    for (; n < due && n < wanted; ++n) {
      to.sin_addr.s_addr = htonl(first + static_cast<uint32_t>(n % count));
      begin(epoll, to, counts);
    }
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 1);
    for (int i = 0; i < ready; ++i) end(events[static_cast<std::size_t>(i)].data.fd, counts);
  }
  const std::chrono::duration<double> took = Clock::now() - began;
  std::printf("%lu %lu %.0f\n", counts.stood, counts.failed, cpu_ms() / took.count());
  return counts.failed == 0 ? 0 : 1;
}
