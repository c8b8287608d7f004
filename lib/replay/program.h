// steelyard-replay without its main().
#pragma once

#include <cstdio>

namespace steelyard::replay {

// Returns the exit code: 0, 1 configuration, 2 usage, 3 start-up, 4 --verify found something.
int run_program(int argc, const char* const* argv, std::FILE* out, std::FILE* err);

}  // namespace steelyard::replay
