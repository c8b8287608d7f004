#include "conn/free_list.h"

#include <algorithm>

namespace steelyard::conn {
namespace {

constexpr uint32_t kMostPerChunk = 64;

// A small table's chunks are small, so that little of it is out of reach in other threads' caches.
uint32_t chunk_size_for(uint32_t capacity, unsigned threads) noexcept {
  return std::clamp(capacity / (16 * threads), 1u, kMostPerChunk);
}

std::atomic<uint32_t>& next_chunk(Connection& first) noexcept { return first.last_seen; }

}  // namespace

FreeEntries::FreeEntries(Connection* entries, uint32_t capacity, unsigned threads)
    : entries_(entries),
      capacity_(capacity),
      chunk_(chunk_size_for(capacity, threads)),
      threads_(threads),
      caches_(new Cache[threads]),
      stack_(kNoEntry) {}

Connection* FreeEntries::take(unsigned thread) noexcept {
  Cache& cache = caches_[thread];
  uint32_t entry = next(cache);
  if (entry == kNoEntry) {
    if (!refill(cache)) return nullptr;
    entry = next(cache);
  }
  cache.taken.store(cache.taken.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return &entries_[entry];
}

uint32_t FreeEntries::next(Cache& cache) noexcept {
  for (uint32_t* list : {&cache.returned, &cache.chunk}) {
    const uint32_t entry = *list;
    if (entry == kNoEntry) continue;
    if (list == &cache.returned) --cache.returned_count;
    *list = entries_[entry].link.load(std::memory_order_relaxed);
    if (*list != kNoEntry) __builtin_prefetch(&entries_[*list], 1);
    return entry;
  }
  return cache.fresh < cache.fresh_end ? cache.fresh++ : kNoEntry;
}

// The thread's own cache is empty.
bool FreeEntries::refill(Cache& cache) noexcept {
  cache.chunk = pop_chunk();
  if (cache.chunk != kNoEntry) return true;
  step();
  uint32_t from = fresh_.load(std::memory_order_relaxed);
  uint32_t end = 0;
  do {
    if (from == capacity_) return false;
    end = from + std::min(capacity_ - from, chunk_);
  } while (!fresh_.compare_exchange_weak(from, end, std::memory_order_relaxed));
  cache.fresh = from;
  cache.fresh_end = end;
  return true;
}

void FreeEntries::give(unsigned thread, Connection& entry) noexcept {
  Cache& cache = caches_[thread];
  entry.link.store(cache.returned, std::memory_order_relaxed);
  cache.returned = static_cast<uint32_t>(&entry - entries_);
  cache.taken.store(cache.taken.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  if (++cache.returned_count < chunk_) return;
  push_chunk(cache.returned);
  cache.returned = kNoEntry;
  cache.returned_count = 0;
}

void FreeEntries::push_chunk(uint32_t first) noexcept {
  step();
  uint64_t head = stack_.load(std::memory_order_relaxed);
  uint64_t changed = 0;
  do {
    next_chunk(entries_[first]).store(static_cast<uint32_t>(head), std::memory_order_relaxed);
    changed = ((head >> 32) + 1) << 32 | first;
    step();
  } while (
      !stack_.compare_exchange_weak(head, changed, std::memory_order_release, std::memory_order_relaxed));
}

uint32_t FreeEntries::pop_chunk() noexcept {
  step();
  uint64_t head = stack_.load(std::memory_order_acquire);
  uint64_t changed = 0;
  do {
    const auto first = static_cast<uint32_t>(head);
    if (first == kNoEntry) return kNoEntry;
    step();
    changed = ((head >> 32) + 1) << 32 | next_chunk(entries_[first]).load(std::memory_order_relaxed);
    step();
  } while (
      !stack_.compare_exchange_weak(head, changed, std::memory_order_acquire, std::memory_order_acquire));
  return static_cast<uint32_t>(head);
}

int64_t FreeEntries::taken() const noexcept {
  int64_t sum = 0;
  for (unsigned i = 0; i < threads_; ++i) sum += caches_[i].taken.load(std::memory_order_relaxed);
  return sum;
}

void RetiredEntries::push(Connection& entry) noexcept {
  step();
  uint64_t head = shared_.load(std::memory_order_relaxed);
  uint64_t changed = 0;
  do {
    entry.link.store(static_cast<uint32_t>(head), std::memory_order_relaxed);
    changed = ((head >> 32) + 1) << 32 | static_cast<uint32_t>(&entry - entries_);
    step();
  } while (
      !shared_.compare_exchange_weak(head, changed, std::memory_order_release, std::memory_order_relaxed));
}

void RetiredEntries::add(Connection& entry) noexcept {
  const auto index = static_cast<uint32_t>(&entry - entries_);
  ++count_;
  if (collecting_.empty() || collecting_.back().count == chunk_) {
    entry.link.store(kNoEntry, std::memory_order_relaxed);
    collecting_.push_back({index, 1, 0});
    return;
  }
  Chunk& chunk = collecting_.back();
  entry.link.store(chunk.first, std::memory_order_relaxed);
  chunk.first = index;
  ++chunk.count;
}

uint32_t RetiredEntries::reclaim(GracePeriods& grace, FreeEntries& free) noexcept {
  uint32_t freed = 0;
  for (; !waiting_.empty() && grace.passed(waiting_.front().token); waiting_.pop_front()) {
    free.push_chunk(waiting_.front().first);
    freed += waiting_.front().count;
  }
  count_ -= freed;
  uint32_t next = kNoEntry;
  step();
  for (auto e = static_cast<uint32_t>(shared_.exchange(kNoEntry, std::memory_order_acquire)); e != kNoEntry;
       e = next) {
    next = entries_[e].link.load(std::memory_order_relaxed);
    add(entries_[e]);
  }
  if (collecting_.empty()) return freed;
  const GracePeriods::Token token = grace.start();
  for (Chunk& chunk : collecting_) {
    chunk.token = token;
    waiting_.push_back(chunk);
  }
  collecting_.clear();
  return freed;
}

uint64_t RetiredEntries::waiting() const noexcept {
  return count_ + (shared_.load(std::memory_order_relaxed) >> 32);
}

}  // namespace steelyard::conn
