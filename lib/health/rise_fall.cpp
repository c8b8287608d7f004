#include "health/rise_fall.h"

namespace steelyard::health {

std::string_view to_string(State s) noexcept {
  switch (s) {
    case State::checking:
      return "checking";
    case State::up:
      return "up";
    case State::down:
      break;
  }
  return "down";
}

bool RiseFall::take(bool passed) noexcept {
  in_a_row_ = passed == passed_ ? in_a_row_ + 1 : 1;
  passed_ = passed;
  const State before = state_;
  state_ = next(passed);
  return state_ != before;
}

State RiseFall::next(bool passed) const noexcept {
  switch (state_) {
    case State::checking:
      return passed ? State::up : State::down;
    case State::up:
      return !passed && in_a_row_ >= fall_ ? State::down : State::up;
    case State::down:
      break;
  }
  return passed && in_a_row_ >= rise_ ? State::up : State::down;
}

}  // namespace steelyard::health
