#include <cstdio>

#include "replay/program.h"

int main(int argc, char** argv) { return steelyard::replay::run_program(argc, argv, stdout, stderr); }
