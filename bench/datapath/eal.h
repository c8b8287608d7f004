// The benchmark's EAL: no devices, no files; on huge pages if there are enough for the packet buffers.
#pragma once

namespace steelyard::bench {

// Pins the calling thread to the first CPU that the process may use. Returns whether there were huge pages if
// they were asked for; if not, says so on stderr. Throws StartError.
bool start_eal(bool huge_pages);

// Pins the calling thread to the n-th CPU that the process may use, counted around.
void pin_thread(unsigned n) noexcept;

}  // namespace steelyard::bench
