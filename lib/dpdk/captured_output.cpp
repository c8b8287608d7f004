#include "dpdk/captured_output.h"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <unistd.h>
#include <utility>
#include <vector>

#include <sys/mman.h>

namespace steelyard::dpdk {
namespace {

constexpr std::size_t kLongest = 600;

void flush() {
  std::fflush(stdout);
  std::fflush(stderr);
}

std::string read_all(int fd) {
  std::string text;
  char block[4096];
  lseek(fd, 0, SEEK_SET);
  for (ssize_t n = 0; (n = read(fd, block, sizeof block)) > 0;)
    text.append(block, static_cast<std::size_t>(n));
  return text;
}

template <class Take>
void for_each_line(const std::string& text, const Take& take) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) take(line);
}

}  // namespace

CapturedOutput::CapturedOutput() : file_(memfd_create("output", MFD_CLOEXEC)) {
  if (file_ < 0) return;  // then it is seen, which does no harm
  flush();
  out_ = dup(STDOUT_FILENO);
  error_ = dup(STDERR_FILENO);
  dup2(file_, STDOUT_FILENO);
  dup2(file_, STDERR_FILENO);
}

CapturedOutput::~CapturedOutput() {
  const std::string rest = without_chatter(stop());
  std::fwrite(rest.data(), 1, rest.size(), stderr);
  std::fflush(stderr);
}

std::string CapturedOutput::stop() {
  if (file_ < 0) return {};
  flush();
  for (const auto& [saved, fd] : {std::pair{out_, STDOUT_FILENO}, std::pair{error_, STDERR_FILENO}}) {
    if (saved < 0) {
      close(fd);  // as it was before
      continue;
    }
    dup2(saved, fd);
    close(saved);
  }
  std::string text = read_all(file_);
  close(std::exchange(file_, -1));
  return text;
}

std::string CapturedOutput::words() { return essence(stop()); }

std::string essence(const std::string& output) {
  std::vector<std::string> said;
  for_each_line(output.substr(0, output.find("\nUsage:")), [&said](std::string line) {
    if (line.starts_with("EAL: ")) line.erase(0, 5);
    if (line.starts_with("FATAL: ")) line.erase(0, 7);
    if (!line.empty() && std::ranges::find(said, line) == said.end()) said.push_back(line);
  });
  std::string text;
  for (const std::string& line : said) text += (text.empty() ? "" : "; ") + line;
  return text.empty() ? "it does not say why" : text.substr(0, kLongest);
}

std::string without_chatter(const std::string& output) {
  std::string text;
  for_each_line(output, [&text](const std::string& line) {
    if (line.starts_with("libbpf: ") || line.starts_with("libxdp: ")) return;
    if (line.find("hugepages reported on node") != line.npos) return;  // of one size; another one may do
    text += line + "\n";
  });
  return text;
}

}  // namespace steelyard::dpdk
