#include "conn/table.h"

#include <stdexcept>

namespace steelyard {
namespace {

uint32_t valid_capacity(const ConnectionTable::Options& options) {
  if (options.capacity == 0 || options.capacity >= conn::kNoEntry)
    throw std::invalid_argument("connection table: impossible capacity");
  if (options.threads == 0) throw std::invalid_argument("connection table: no threads");
  if (options.endpoint_limit == 0) throw std::invalid_argument("connection table: endpoint limit of 0");
  return options.capacity;
}

// All but the generation. The sweep may look at the state, another thread's pop at last_seen: no plain write.
void make_blank(Connection& c) noexcept {
  constexpr auto relaxed = std::memory_order_relaxed;
  c.state_word.store(0, relaxed);
  c.last_seen.store(0, relaxed);
  c.client_address = {}, c.client_port = {};
  c.protocol = Protocol::none, c.mode = ForwardingMode::nat;
  for (Half& half : c.half) {
    half.address = {}, half.port = {};
    half.next_hop.store(kUnknownNextHop, relaxed);
  }
  c.ip_delta = c.l4_delta = 0;
  c.service = kNoService;
  c.server.store(0, relaxed);
  c.route_epoch.store(0, relaxed);
  c.syn_us = 0;
  c.link.store(kNoTemplate, relaxed);
  for (std::atomic<uint32_t>& word : c.extra) word.store(0, relaxed);
}

}  // namespace

ConnectionTable::ConnectionTable(const Options& options, GracePeriods& grace)
    : buckets_(conn::bucket_count(options.capacity)),
      hash_(options.hash_seed),
      capacity_(valid_capacity(options)),
      endpoint_limit_(options.endpoint_limit),
      memory_(options.capacity, options.hash_seed, options.huge_pages),
      grace_(grace),
      free_(memory_.entries(), capacity_, options.threads),
      retired_(memory_.entries(), free_.chunk_size()) {
  index_ = memory_.buckets();
  entries_ = memory_.entries();
}

ConnectionTable::~ConnectionTable() = default;

ConnectionTable::Chain ConnectionTable::chain_of(uint64_t hash) const noexcept {
  return {&index_[conn::home_bucket(hash, buckets_)], &index_[conn::other_bucket(hash, buckets_)],
          conn::hash_tag(hash)};
}

Connection* ConnectionTable::allocate(unsigned thread) noexcept {
  Connection* c = free_.take(thread);
  if (c != nullptr) make_blank(*c);
  return c;
}

void ConnectionTable::release(unsigned thread, Connection* entry) noexcept {
  entry->state_word.store(state_word(State::dead, 0), std::memory_order_relaxed);
  free_.give(thread, *entry);
}

void ConnectionTable::reclaim() noexcept {
  const uint32_t freed = retired_.reclaim(grace_, free_);
  recycled_.store(recycled_.load(std::memory_order_relaxed) + freed, std::memory_order_relaxed);
}

uint32_t ConnectionTable::size() const noexcept {
  const int64_t used = free_.taken() - recycled_.load(std::memory_order_relaxed);
  return used < 0 ? 0 : static_cast<uint32_t>(used);
}

std::size_t ConnectionTable::memory_bytes() const noexcept {
  return memory_.bytes() + sizeof(*this) + free_.cache_bytes();
}

void ConnectionTable::for_each(const std::function<void(const Connection&)>& visit) const {
  for (uint64_t b = 0; b < buckets_; ++b)
    for (const auto& slot : index_[b].slots) {
      const uint64_t word = slot.load(std::memory_order_acquire);
      if (conn::state_of(word) != conn::SlotState::committed) continue;
      if (const Connection& c = entry(word); c.state() != State::dead) visit(c);
    }
}

}  // namespace steelyard
