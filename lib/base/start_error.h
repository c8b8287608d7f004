// Start-up can't go on: one clear line that says what is wrong and what to do. The programs print it and exit
// with 3.
#pragma once

#include <stdexcept>

namespace steelyard {

struct StartError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace steelyard
