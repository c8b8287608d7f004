#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <spawn.h>
#include <string>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/start_error.h"
#include "dpdk/interface.h"

extern char** environ;

namespace steelyard::dpdk {
namespace {

// A file without a name that holds `text`, to be a child's input or output.
int memory_file(const std::string& text) {
  const int fd = memfd_create("nft", MFD_CLOEXEC);
  if (fd < 0) return -1;
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    close(fd);
    return -1;
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

std::string first_line(int fd) {
  std::array<char, 300> buffer{};
  const ssize_t n = pread(fd, buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), static_cast<std::size_t>(n > 0 ? n : 0));
  return text.substr(0, text.find('\n'));
}

// Runs `nft -f -` on the script. What went wrong, or nothing.
std::optional<std::string> nft(const std::string& script) {
  const int in = memory_file(script), out = memory_file("");
  if (in < 0 || out < 0) {
    if (in >= 0) close(in);
    return "no memory for its input";
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, out, 2);
  std::array<std::string, 3> words{"nft", "-f", "-"};
  std::array<char*, 4> argv{words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t pid = 0;
  int error = posix_spawnp(&pid, "nft", &actions, nullptr, argv.data(), environ);
  if (error == ENOENT) error = posix_spawn(&pid, "/usr/sbin/nft", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  std::optional<std::string> result;
  int status = 0;
  if (error != 0)
    result = error == ENOENT ? "nft is not installed: `apt install nftables`" : std::strerror(error);
  else if (waitpid(pid, &status, 0) != pid || status != 0)
    result = first_line(out);
  close(in);
  close(out);
  return result;
}

std::string table(const std::string& interface) { return "netdev steelyard_" + interface; }

}  // namespace

IngressDrop::IngressDrop(std::string interface, std::string port) : interface_(std::move(interface)) {
  const std::string name = table(interface_);
  const auto error =
      nft(fmt::format("add table {0}\ndelete table {0}\ntable {0} {{\n chain ingress {{\n  type filter hook "
                      "ingress device \"{1}\" "
                      "priority -500; policy drop;\n }}\n}}\n",
                      name, interface_));
  if (error)
    throw StartError(
        fmt::format("port {}: cannot keep the kernel from answering on {} too (nft table {}): {}", port,
                    interface_, name, *error));
}

IngressDrop::~IngressDrop() { nft(fmt::format("delete table {}\n", table(interface_))); }

}  // namespace steelyard::dpdk
