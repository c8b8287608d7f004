// steelyardctl: asks a running director over its admin socket.
#include <iostream>
#include <unistd.h>

#include "admin/cli.h"

int main(int argc, char** argv) {
  return steelyard::admin::run_cli(argc, argv, std::cout, std::cerr, isatty(STDOUT_FILENO) == 1);
}
