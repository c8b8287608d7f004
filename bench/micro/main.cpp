// steelyard-micro: what single operations of the datapath cost. Each case checks its answers, too.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
