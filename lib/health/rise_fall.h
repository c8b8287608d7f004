// Whether a server may get new connections, from the results of its checks alone: one that passes at the
// start is enough; `fall` failures in a row take it out, `rise` passes in a row bring it back. It knows no
// time. Control core only.
#pragma once

#include <cstdint>
#include <string_view>

namespace steelyard::health {

enum class State : uint8_t { checking, up, down };  // checking: no result yet

std::string_view to_string(State s) noexcept;

class RiseFall {
 public:
  // Both at least 1.
  RiseFall(unsigned rise, unsigned fall) noexcept : rise_(rise), fall_(fall) {}

  // One more result. True: the state has changed.
  bool take(bool passed) noexcept;

  State state() const noexcept { return state_; }
  unsigned in_a_row() const noexcept { return in_a_row_; }  // results like the last one

 private:
  State next(bool passed) const noexcept;
  unsigned rise_, fall_, in_a_row_ = 0;
  bool passed_ = false;
  State state_ = State::checking;
};

}  // namespace steelyard::health
