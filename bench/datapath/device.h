// The contestants on devices instead of memory.
#pragma once

#include <memory>
#include <string_view>

#include "datapath/contestant.h"
#include "datapath/device_io.h"

namespace steelyard::bench {

// `source`, `macswap` or `nat`. The connections are those of the arena, opened on memory; the packets are
// whatever the devices bring. `nat` looks at the first ones before the clock, and its facts tell how many are
// forwarded.
std::unique_ptr<Contestant> make_on_devices(std::string_view contestant, Arena& arena,
                                            const Devices& devices);

}  // namespace steelyard::bench
