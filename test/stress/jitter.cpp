// Before an access to shared memory the thread gives way now and then, so that operations interleave finely
// also on few cores.
#include <cstdint>
#include <thread>

#include "conn/slot.h"

namespace steelyard::conn {

void step() noexcept {
  thread_local uint64_t state = 0x9e3779b97f4a7c15 ^ std::hash<std::thread::id>{}(std::this_thread::get_id());
  state = state * 6364136223846793005 + 1442695040888963407;
  if (state >> 58 == 0) std::this_thread::yield();
}

}  // namespace steelyard::conn
