#include "admin/capture_command.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "admin/block_reader.h"
#include "admin/client.h"

namespace steelyard::admin {
namespace {

std::map<std::string, std::string> query(const Invocation& call) {
  std::map<std::string, std::string> q;
  for (const auto& [name, value] : call.options)
    if (name != "write") q.emplace(name, value);
  // `--drops REASON` is what one types, although only `--drops=REASON` makes it the option's value.
  if (!call.arguments.empty()) {
    const auto drops = q.find("drops");
    if (drops == q.end() || !drops->second.empty())
      throw UsageError(fmt::format("capture does not take {}", call.arguments.front()));
    drops->second = call.arguments.front();
  }
  return q;
}

// Where the capture goes: "-" is `out`. A file is made once there is something to write, so that what it held
// outlives a capture that is refused.
class Target {
 public:
  Target(std::string file, std::ostream& out) : file_(std::move(file)), to_(file_ == "-" ? out : written_) {}
  int reader() const { return file_ == "-" ? STDOUT_FILENO : -1; }
  std::string name() const { return file_ == "-" ? "the output" : file_; }
  // Throws ClientError.
  std::ostream& open() {
    if (file_ != "-" && !written_.is_open()) written_.open(file_, std::ios::binary | std::ios::trunc);
    if (file_ != "-" && !written_.is_open())
      throw ClientError(fmt::format("{}: {}", file_, std::strerror(errno)));
    return to_;
  }
  bool good() const { return to_.good(); }

 private:
  std::string file_;
  std::ofstream written_;
  std::ostream& to_;
};

// Hands whole blocks on as soon as they are there, so that a reader sees each packet at once.
Ended copy(const Invocation& call, const std::map<std::string, std::string>& query, Target& file,
           BlockReader& blocks) {
  return stream(
      call.socket, target("/v1/capture", query),
      [&](std::string_view bytes) {
        std::ostream& to = file.open();
        const std::string_view whole = blocks.take(bytes);
        to.write(whole.data(), static_cast<std::streamsize>(whole.size()));
        to.flush();
        return to.good();
      },
      file.reader());
}

}  // namespace

int capture_command(const Invocation& call, std::ostream& out) {
  const std::string name(call.has("write") ? call.get("write") : "-");
  const auto asked = query(call);
  if (call.json) throw UsageError("capture writes pcapng, not json");
  if (name == "-" && call.terminal)
    throw UsageError("a capture is no text: --write FILE, or `steelyardctl capture | tcpdump -nr -`");
  Target file(name, out);
  BlockReader blocks;
  try {
    copy(call, asked, file, blocks);
  } catch (const NotPcapng& e) {
    throw ClientError(e.what());
  }
  if (!file.good()) throw ClientError(fmt::format("{} can't be written", file.name()));
  std::cerr << fmt::format("{} packets captured, {} more found no room\n", blocks.packets(), blocks.lost());
  return kDone;
}

}  // namespace steelyard::admin
