// Entries that no connection uses: free ones in chunks on a lock-free stack, with a private cache for each
// thread, and erased ones that wait until no worker can hold a pointer to them any more.
//
// Invariants and memory orders:
// - A free entry is on exactly one list: a chunk on the stack, or one thread's private list. `link` names the
//   next entry of the chunk; the first entry of a chunk on the stack names the next chunk in `last_seen`,
//   which no worker writes once a grace period has passed.
// - The stack's head is {count of changes, first entry}. Pop reads the next chunk from an entry that another
//   thread may just have taken; the count has changed then and the CAS fails. Push releases the chunk's
//   links, pop acquires them; all changes are RMWs, so each pop synchronises with the push of what it takes.
// - A retired entry is linked by `link` alone, since a worker that still holds a pointer may write last_seen.
//   Workers push (release), the control core takes the whole list (acquire): no ABA.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/grace.h"
#include "conn/connection.h"
#include "conn/slot.h"

namespace steelyard::conn {

class FreeEntries {
 public:
  FreeEntries(Connection* entries, uint32_t capacity, unsigned threads);

  // The thread `thread` only. Null when neither its own cache nor anything shared holds an entry: up to three
  // chunks may be out of reach in each other thread's cache.
  Connection* take(unsigned thread) noexcept;
  void give(unsigned thread, Connection& entry) noexcept;

  // Any thread: a chunk, linked by `link`.
  void push_chunk(uint32_t first) noexcept;

  uint32_t chunk_size() const noexcept { return chunk_; }
  // Entries that were ever taken are below; grows only.
  uint32_t high_water() const noexcept { return fresh_.load(std::memory_order_relaxed); }
  std::size_t cache_bytes() const noexcept { return threads_ * sizeof(Cache); }
  // Taken minus given.
  int64_t taken() const noexcept;

 private:
  struct alignas(kCacheLine) Cache {
    uint32_t returned = kNoEntry, returned_count = 0;  // what this thread gave back
    uint32_t chunk = kNoEntry;                         // the rest of the last chunk taken from the stack
    uint32_t fresh = 0, fresh_end = 0;                 // never used so far
    std::atomic<int64_t> taken{0};
  };
  uint32_t next(Cache& cache) noexcept;
  bool refill(Cache& cache) noexcept;
  uint32_t pop_chunk() noexcept;

  Connection* entries_;
  uint32_t capacity_, chunk_;
  unsigned threads_;
  std::unique_ptr<Cache[]> caches_;
  alignas(kCacheLine) std::atomic<uint64_t> stack_;
  alignas(kCacheLine) std::atomic<uint32_t> fresh_{0};
};

class RetiredEntries {
 public:
  RetiredEntries(Connection* entries, uint32_t chunk) : entries_(entries), chunk_(chunk) {}

  // Any thread. The entry is in no slot any more and its state is dead.
  void push(Connection& entry) noexcept;

  // The rest: the control core only.
  void add(Connection& entry) noexcept;  // as push(), without the shared list
  // Gives back what has waited long enough; returns how many entries. Never blocks.
  uint32_t reclaim(GracePeriods& grace, FreeEntries& free) noexcept;
  uint64_t waiting() const noexcept;

 private:
  struct Chunk {
    uint32_t first, count;
    GracePeriods::Token token;
  };

  Connection* entries_;
  uint32_t chunk_;
  std::deque<Chunk> collecting_, waiting_;                      // not yet, and already, in a grace period
  uint64_t count_ = 0;                                          // in both
  alignas(kCacheLine) std::atomic<uint64_t> shared_{kNoEntry};  // {count, first entry}
};

}  // namespace steelyard::conn
