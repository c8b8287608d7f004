// The connection table: lock-free, shared by all workers and the control core. The implementing files state
// the invariants and the memory order of each access.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/grace.h"
#include "conn/connection.h"

namespace steelyard {

class ConnectionTable {
 public:
  struct Options {
    uint32_t capacity = 1 << 20;          // connections
    std::array<uint64_t, 2> hash_seed{};  // random per table, so that nobody can aim at a bucket
    unsigned threads = 2;                 // workers plus the control core; thread ids are 0 .. threads-1
    bool huge_pages = false;              // back it with huge pages if there are enough, else normal pages
    unsigned endpoint_limit = 8;          // connections of one client address and port
  };

  // Maps and faults in all memory. Throws std::system_error (no memory) or std::invalid_argument.
  ConnectionTable(const Options& options, GracePeriods& grace);
  ~ConnectionTable();
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  // --- Workers: wait-free look-up of a whole batch, in passes so that every cache miss is prefetched.
  // ------------- Looks up all packets with `verdict == pending` and kind flow or icmp_error: sets hash and
  // connection (null: none).
  void find(std::span<Packet> packets) const noexcept;
  // A single look-up, for tests and slow paths.
  uint64_t hash(Endpoint client, Protocol protocol) const noexcept;
  Connection* find(const FlowKey& key, uint64_t hash) const noexcept;

  // --- Workers: opening. `thread` is the caller's own id; nobody else uses it.
  // ------------------------------------ A blank entry, null when the table is full.
  Connection* allocate(unsigned thread) noexcept;
  // Gives back an entry that was never handed to insert().
  void release(unsigned thread, Connection* entry) noexcept;

  enum class Inserted : uint8_t {
    inserted,         // the entry is in the table
    exists,           // a connection with the same protocol, client and virtual endpoint is: see `existing`
    server_conflict,  // a connection of another virtual endpoint has the same client and server endpoint
    bucket_full,      // both buckets are full
    endpoint_limit,   // the client endpoint holds as many connections as it may
  };
  struct InsertResult {
    Inserted outcome;
    Connection* existing = nullptr;  // for `exists` only
  };
  // `entry` is complete, `hash` is that of its client and protocol. Whatever the outcome, the entry belongs
  // to the table afterwards. Exactly one of several workers that insert the same key wins; one that is
  // stopped midway never makes another wait.
  InsertResult insert(unsigned thread, Connection* entry, uint64_t hash) noexcept;

  // Unlinks a connection: true for exactly one caller, who then owns its accounting; `last` receives its
  // state word as it was. The state becomes State::dead, so that no later transition is counted. Freed after
  // a grace period.
  bool erase(Connection* entry, uint32_t* last) noexcept;

  // --- The control core only.
  // ------------------------------------------------------------------------------------- Frees what was
  // erased before the last grace period; call it often (every loop turn).
  void reclaim() noexcept;

  struct Expired {
    const Connection* connection;  // valid during the callback
    uint32_t last;                 // its last state word
  };
  // Looks at the next `slots` index slots (the whole index wraps around) and erases every connection that has
  // been idle for longer than timeout(connection). Returns how many were erased.
  using Timeout = Ticks (*)(const Connection&, State, const void* context);
  using OnExpired = void (*)(const Expired&, void* context);
  struct SweepHooks {
    Timeout timeout;
    const void* timeout_context;
    OnExpired expired;
    void* expired_context;
  };
  uint32_t sweep(uint64_t slots, Ticks now, const SweepHooks& hooks) noexcept;
  // Above 90 % full: erases the oldest half-open (SYN_RECV) connections until 90 % or none is left. Returns
  // how many.
  uint32_t relieve(Ticks now, const SweepHooks& hooks) noexcept;

  // --- Any thread.
  // ------------------------------------------------------------------------------------------------
  uint32_t capacity() const noexcept;
  uint64_t index_slots() const noexcept;
  uint32_t size() const noexcept;  // entries in use or waiting for a grace period; approximate under load
  std::size_t memory_bytes() const noexcept;
  bool on_huge_pages() const noexcept;
  // Calls `visit` for every connection that is in the table the whole time; others may or may not be seen.
  // The caller is a registered, online thread of the grace periods, or the control core.
  void for_each(const std::function<void(const Connection&)>& visit) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steelyard
