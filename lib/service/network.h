// What the kernel knows about the ways out, as the control core mirrors it (or a configuration states it
// where no kernel answers).
#pragma once

#include <vector>

#include "base/types.h"
#include "service/routes.h"

namespace steelyard {

struct ResolvedNeighbour {
  Interface on;
  Ipv4 address;
  Mac mac;
  friend bool operator==(const ResolvedNeighbour&, const ResolvedNeighbour&) = default;
};

struct Network {
  std::vector<Route> routes;  // of equal prefixes the last one counts
  std::vector<ResolvedNeighbour> neighbours;
  std::vector<Ipv4> local;  // the director's own addresses
};

}  // namespace steelyard
