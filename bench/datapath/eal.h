// The benchmark's EAL: no files, no devices but those asked for; on huge pages if there are enough for the
// packet buffers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace steelyard::bench {

struct EalOptions {
  bool huge_pages = true;            // if there are enough
  std::size_t bytes = 0;             // of packet buffers
  std::vector<std::string> devices;  // PCI addresses, or virtual devices with their arguments
};

// Pins the calling thread to the first CPU that the process may use. Returns whether there were huge pages if
// they were asked for; if not, says so on stderr. Throws StartError.
bool start_eal(const EalOptions& options);

// Pins the calling thread to the n-th CPU that the process may use, counted around.
void pin_thread(unsigned n) noexcept;

}  // namespace steelyard::bench
