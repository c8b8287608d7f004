// The kernel's network as a sequence of netlink messages leaves it. No socket: the mirror feeds it, tests
// too.
//
// A dump is merged, never swapped in: begin() starts a new generation, every message stamps what it touches,
// and end() drops what neither the dump nor a notification since has named. So the view stays usable during a
// dump, and a lost notification costs nothing but the dump that makes up for it. Every operation takes
// constant time on average, end() and network() linear time. Control core only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernel/messages.h"
#include "service/network.h"

namespace steelyard::kernel {

// A kernel interface and the port (and VLAN) whose packets it stands for.
struct KernelInterface {
  int ifindex = 0;
  Interface as;
};

// Which parts of network() are no longer what they were.
struct Changed {
  bool local = false, routes = false, neighbours = false;
  explicit operator bool() const noexcept { return local || routes || neighbours; }
  Changed& operator|=(const Changed& other) noexcept {
    local = local || other.local;
    routes = routes || other.routes;
    neighbours = neighbours || other.neighbours;
    return *this;
  }
};

enum class Part : uint8_t { addresses, routes, neighbours, count };
inline constexpr std::size_t kParts = static_cast<std::size_t>(Part::count);

class View {
 public:
  // Neighbours on other interfaces than these are not kept; routes over others lead nowhere.
  explicit View(std::span<const KernelInterface> interfaces);

  Changed apply(const RouteMessage& m);
  Changed apply(const NeighbourMessage& m);
  Changed apply(const AddressMessage& m);

  void begin(Part part) noexcept;
  Changed end(Part part);

  // The best route of each prefix (a route that leads nowhere has kNowhere as its port), the usable
  // neighbours, all addresses but loopback ones.
  Network network() const;

  struct NeighbourState {
    Mac mac;
    uint16_t state = 0;  // NUD_*
    bool managed = false;
    uint32_t generation = 0;
    bool usable() const noexcept;  // packets can be sent to its MAC
    bool fixed() const noexcept;   // the operator's, or of an interface without ARP: not to be asked for
  };
  // Null: the kernel has no such neighbour. Valid until the next apply() or end().
  const NeighbourState* neighbour(int ifindex, Ipv4 address) const noexcept;
  // The interface that the kernel's best route to an address leaves by; null: there is none, or it is none of
  // ours.
  const Interface* way_to(Ipv4 address) const noexcept;
  const Interface* interface_of(int ifindex) const noexcept;  // null: not one of ours
  int ifindex_of(Interface i) const noexcept;                 // 0: none

 private:
  struct Candidate {
    uint32_t metric = 0;
    Path path;
    uint32_t generation = 0;
  };
  using Candidates = std::vector<Candidate>;  // best first, never empty
  static std::pair<Candidates::iterator, Candidates::iterator> of_metric(Candidates& all, uint32_t metric);
  static void insert(Candidates& all, const RouteMessage& m, uint32_t generation);
  static void remove(Candidates& all, const RouteMessage& m);
  bool end_routes(uint32_t now);
  bool end_neighbours(uint32_t now);
  Path visible(const Path& p) const noexcept;  // foreign interfaces count as nowhere
  uint32_t& generation(Part p) noexcept { return generations_[static_cast<std::size_t>(p)]; }

  struct AddressKey {
    int ifindex = 0;
    Ipv4 address;
    uint8_t length = 0;
    friend auto operator<=>(const AddressKey&, const AddressKey&) = default;
  };
  struct Mix {
    std::size_t operator()(uint64_t key) const noexcept {
      return static_cast<std::size_t>((key ^ key >> 29) * 0x9e3779b97f4a7c15 >> 13);
    }
  };
  std::vector<KernelInterface> interfaces_;
  std::array<uint32_t, kParts> generations_{};
  std::map<AddressKey, uint32_t> addresses_;                      // -> generation
  std::unordered_map<uint64_t, Candidates, Mix> routes_;          // by address and length
  std::unordered_map<uint64_t, NeighbourState, Mix> neighbours_;  // by interface and address
};

}  // namespace steelyard::kernel
