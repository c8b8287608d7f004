#include "admin/capture_command.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <unistd.h>

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

// Hands whole blocks on as soon as they are there, so that a reader sees each packet at once.
Ended copy(const Invocation& call, const std::map<std::string, std::string>& query, std::ostream& to,
           int reader, BlockReader& blocks) {
  return stream(
      call.socket, target("/v1/capture", query),
      [&](std::string_view bytes) {
        const std::string_view whole = blocks.take(bytes);
        to.write(whole.data(), static_cast<std::streamsize>(whole.size()));
        to.flush();
        return to.good();
      },
      reader);
}

}  // namespace

int capture_command(const Invocation& call, std::ostream& out) {
  const std::string file(call.has("write") ? call.get("write") : "-");
  const auto asked = query(call);
  if (call.json) throw UsageError("capture writes pcapng, not json");
  if (file == "-" && call.terminal)
    throw UsageError("a capture is no text: --write FILE, or `steelyardctl capture | tcpdump -nr -`");
  std::ofstream written;
  if (file != "-") {
    written.open(file, std::ios::binary | std::ios::trunc);
    if (!written) throw ClientError(fmt::format("{}: {}", file, std::strerror(errno)));
  }
  std::ostream& to = file == "-" ? out : written;
  BlockReader blocks;
  try {
    copy(call, asked, to, file == "-" ? STDOUT_FILENO : -1, blocks);
  } catch (const NotPcapng& e) {
    throw ClientError(e.what());
  }
  if (!to) throw ClientError(fmt::format("{} can't be written", file == "-" ? "the output" : file));
  std::cerr << fmt::format("{} packets captured, {} more found no room\n", blocks.packets(), blocks.lost());
  return kDone;
}

}  // namespace steelyard::admin
