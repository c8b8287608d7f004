// Keeps what is written to standard output and standard error while it lives, for the EAL and its drivers,
// whose words would bury the one line that tells an operator what is wrong. Control core at start, while
// nobody else writes.
#pragma once

#include <string>

namespace steelyard::dpdk {

class CapturedOutput {
 public:
  CapturedOutput();
  ~CapturedOutput();  // what was kept and not asked for goes to standard error
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;

  // Ends the capture. What was written, as one line for a message: essence() of it.
  std::string words();

 private:
  std::string stop();
  int file_ = -1, out_ = -1, error_ = -1;  // the capture, and what was standard output and error before
};

// The lines of a DPDK program's output that say something, each once, without "EAL: ", joined by "; ". A help
// text at the end is left out.
std::string essence(const std::string& output);

// What remains of the output of something that went well: libbpf and libxdp say much that means nothing, and
// whether there are enough huge pages was seen before.
std::string without_chatter(const std::string& output);

}  // namespace steelyard::dpdk
