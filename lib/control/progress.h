// Whether the workers make progress, on which the service manager's watchdog depends. Knows no time: it is
// told at even intervals (beats) how far each worker has come, so a pause of the teller itself counts as one
// beat only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace steelyard::control {

class Progress {
 public:
  explicit Progress(std::size_t workers) : last_(workers, 0), missed_(workers, 0) {}

  // Workers that stand still once they have made no turn between so many beats.
  static constexpr unsigned kPatience = 2;

  // A beat: the turns that each worker has made so far. A worker that sleeps makes turns too. Returns the
  // workers whose state has changed, see stands_still().
  std::vector<unsigned> beat(std::span<const uint64_t> turns);

  bool stands_still(unsigned worker) const noexcept { return missed_[worker] >= kPatience; }
  std::vector<unsigned> standing_still() const;

 private:
  std::vector<uint64_t> last_;
  std::vector<unsigned> missed_;  // beats in a row without a turn
};

}  // namespace steelyard::control
