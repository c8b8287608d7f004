// Two small open-addressed tables that answer, from a cache line or two, whose an address is and which
// service an endpoint belongs to. Built by the control core, immutable afterwards, read by workers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/types.h"

namespace steelyard {

enum AddressClass : uint8_t {
  kVirtualAddress = 1,  // of a virtual service
  kServerAddress = 2,   // of a real server
  kLocalAddress = 4,    // the director's own, of a port
};

class AddressTable {
 public:
  void add(Ipv4 address, AddressClass c);  // classes of one address accumulate
  uint8_t classes(Ipv4 address) const noexcept {
    for (uint32_t i = home(address);; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.address == address) return slot.classes;
      if (slot.classes == 0) return 0;
    }
  }
  // Asked for every packet, and the answer is as good as random: no branch on it, in a table of its own so
  // thin that hardly any other address meets a virtual one.
  bool is_virtual(Ipv4 address) const noexcept {
    uint32_t i = hash(address) & virtual_mask_;
    // A product of two words is zero only if one of them is: this is neither the address nor an empty place.
    while (uint64_t{virtual_[i].be ^ address.be} * virtual_[i].be != 0)
      [[unlikely]] i = (i + 1) & virtual_mask_;
    const unsigned same = virtual_[i] == address, some = address != Ipv4{};
    return (same & some) != 0;
  }

 private:
  struct Slot {
    Ipv4 address;
    uint8_t classes = 0;  // 0: empty
  };
  static uint32_t hash(Ipv4 a) noexcept {
    return static_cast<uint32_t>((a.be * uint64_t{0x9e3779b97f4a7c15}) >> 40);
  }
  uint32_t home(Ipv4 a) const noexcept { return hash(a) & mask_; }
  void grow();
  void add_virtual(Ipv4 address);

  std::vector<Slot> slots_ = std::vector<Slot>(8);
  uint32_t mask_ = 7, used_ = 0;
  std::vector<Ipv4> virtual_ = std::vector<Ipv4>(64);  // 0.0.0.0: empty; at most one in 32 is used
  uint32_t virtual_mask_ = 63, virtual_used_ = 0;
};

// (protocol, endpoint) -> slot.
template <class Value>
class EndpointTable {
 public:
  void add(Protocol protocol, Endpoint address, Value value);
  std::optional<Value> find(Protocol protocol, Endpoint address) const noexcept;
  bool empty() const noexcept { return used_ == 0; }

 private:
  struct Slot {
    Endpoint address;
    Protocol protocol = Protocol::none;  // none: empty
    Value value = 0;
  };
  uint32_t home(Protocol p, Endpoint e) const noexcept;
  void grow();

  std::vector<Slot> slots_ = std::vector<Slot>(8);
  uint32_t mask_ = 7, used_ = 0;
};

extern template class EndpointTable<uint16_t>;
extern template class EndpointTable<uint32_t>;
using ServiceTable = EndpointTable<uint16_t>;
using ServerTable = EndpointTable<uint32_t>;

}  // namespace steelyard
