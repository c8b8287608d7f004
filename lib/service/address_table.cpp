#include "service/address_table.h"

namespace steelyard {

void AddressTable::add(Ipv4 address, AddressClass c) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  for (uint32_t i = home(address);; i = (i + 1) & mask_) {
    Slot& slot = slots_[i];
    if (slot.classes != 0 && slot.address != address) continue;
    if (slot.classes == 0) ++used_;
    if ((c & ~slot.classes & kVirtualAddress) != 0) add_virtual(address);
    slot.address = address;
    slot.classes = static_cast<uint8_t>(slot.classes | c);
    return;
  }
}

void AddressTable::add_virtual(Ipv4 address) {
  if (32 * (virtual_used_ + 1) > virtual_.size()) {
    const std::vector<Ipv4> old = std::move(virtual_);
    virtual_ = std::vector<Ipv4>(old.size() * 2);
    virtual_mask_ = static_cast<uint32_t>(virtual_.size()) - 1;
    virtual_used_ = 0;
    for (const Ipv4 a : old)
      if (a != Ipv4{}) add_virtual(a);
  }
  uint32_t i = hash(address) & virtual_mask_;
  while (virtual_[i] != Ipv4{} && virtual_[i] != address) i = (i + 1) & virtual_mask_;
  if (virtual_[i] == Ipv4{}) ++virtual_used_;
  virtual_[i] = address;
}

void AddressTable::grow() {
  const std::vector<Slot> old = std::move(slots_);
  slots_ = std::vector<Slot>(old.size() * 2);
  mask_ = static_cast<uint32_t>(slots_.size()) - 1;
  used_ = 0;
  for (const Slot& s : old)
    if (s.classes != 0) add(s.address, static_cast<AddressClass>(s.classes));
}

template <class Value>
uint32_t EndpointTable<Value>::home(Protocol p, Endpoint e) const noexcept {
  const uint64_t word = uint64_t{e.address.be} << 32 | uint64_t{e.port.be} << 8 | static_cast<uint8_t>(p);
  return static_cast<uint32_t>((word * 0x9e3779b97f4a7c15) >> 40) & mask_;
}

template <class Value>
void EndpointTable<Value>::add(Protocol protocol, Endpoint address, Value value) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  uint32_t i = home(protocol, address);
  while (slots_[i].protocol != Protocol::none) i = (i + 1) & mask_;
  slots_[i] = {address, protocol, value};
  ++used_;
}

template <class Value>
std::optional<Value> EndpointTable<Value>::find(Protocol protocol, Endpoint address) const noexcept {
  for (uint32_t i = home(protocol, address); slots_[i].protocol != Protocol::none; i = (i + 1) & mask_)
    if (slots_[i].protocol == protocol && slots_[i].address == address) return slots_[i].value;
  return std::nullopt;
}

template <class Value>
void EndpointTable<Value>::grow() {
  const std::vector<Slot> old = std::move(slots_);
  slots_ = std::vector<Slot>(old.size() * 2);
  mask_ = static_cast<uint32_t>(slots_.size()) - 1;
  used_ = 0;
  for (const Slot& s : old)
    if (s.protocol != Protocol::none) add(s.protocol, s.address, s.value);
}

template class EndpointTable<uint16_t>;
template class EndpointTable<uint32_t>;

}  // namespace steelyard
