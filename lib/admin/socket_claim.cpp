#include "admin/socket_claim.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/start_error.h"

namespace steelyard::admin {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  throw StartError(fmt::format("admin_socket {}: {}", path, what));
}

std::string reason(int error) {
  if (error == EACCES || error == EPERM || error == EROFS)
    return fmt::format("{}: run as root, or set `director: admin_socket:` to a path of your own",
                       std::strerror(error));
  return fmt::format("{}; name another path", std::strerror(error));
}

[[noreturn]] void fail_second(const std::string& path, int lock) {
  char pid[16]{};
  const ssize_t n = pread(lock, pid, sizeof pid - 1, 0);
  fail(path,
       fmt::format("another director has it{}: stop that one, or make this one an instance of its own by "
                   "`director: instance:`",
                   n > 0 ? fmt::format(" (process {})", pid) : ""));
}

// Whether the file that is locked is still the one that the path names: its last owner may have removed it.
bool still_there(int lock, const std::string& file) {
  struct stat held {};
  struct stat named {};
  return fstat(lock, &held) == 0 && stat(file.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

int take_lock(const std::string& path, const std::string& file) {
  while (true) {
    const int lock = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock < 0) fail(path, fmt::format("cannot make {}: {}", file, reason(errno)));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) fail_second(path, lock);
    if (still_there(lock, file)) return lock;
    close(lock);
  }
}

void write_pid(int lock) {
  const std::string pid = std::to_string(getpid());
  if (ftruncate(lock, 0) != 0 || write(lock, pid.data(), pid.size()) < 0) return;  // it only informs
}

// 0: somebody listens there. Does not wait for somebody who is too busy to accept.
int try_to_connect(const std::string& path) {
  sockaddr_un address{AF_UNIX, {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const int error = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return error;
}

void free_path(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return;
  if (!fs::is_socket(status))
    fail(path, "there is something that is no socket: remove it, or name another path");
  switch (const int result = try_to_connect(path)) {
    case ECONNREFUSED:  // left behind by a process that ended without removing it
      if (unlink(path.c_str()) != 0) fail(path, fmt::format("cannot remove it: {}", reason(errno)));
      return;
    case 0:
    case EAGAIN:
    case EPROTOTYPE:
      fail(path, "another program uses this socket: end it, or name another path");
    default:
      fail(path, reason(result));
  }
}

gid_t group_id(const std::string& name) {
  group entry{};
  group* found = nullptr;
  std::vector<char> text(1024);
  while (getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found) == ERANGE)
    text.resize(2 * text.size());
  if (found != nullptr) return found->gr_gid;
  throw StartError(fmt::format(
      "admin_group {}: there is no such group; make it with `groupadd {}` or leave admin_group out", name,
      name));
}

}  // namespace

SocketClaim::SocketClaim(std::string path, const std::string& group) : path_(std::move(path)) {
  if (!group.empty()) group_ = group_id(group);
  if (path_.size() >= sizeof(sockaddr_un{}.sun_path)) fail(path_, "the path is too long for a Unix socket");
  const fs::path directory = fs::path(path_).parent_path();
  std::error_code error;
  if (!directory.empty()) fs::create_directories(directory, error);
  if (error) fail(path_, fmt::format("cannot make {}: {}", directory.string(), reason(error.value())));
  const std::string file = path_ + ".lock";
  lock_ = take_lock(path_, file);
  write_pid(lock_);
  try {
    free_path(path_);
  } catch (...) {
    unlink(file.c_str());
    close(lock_);
    throw;
  }
}

SocketClaim::~SocketClaim() {
  unlink((path_ + ".lock").c_str());
  close(lock_);
}

}  // namespace steelyard::admin
