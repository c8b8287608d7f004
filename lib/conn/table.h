// The connection table: lock-free, shared by all workers and the control core. The implementing files state
// the invariants and the memory order of each access.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/grace.h"
#include "conn/connection.h"
#include "conn/free_list.h"
#include "conn/hash.h"
#include "conn/memory.h"
#include "conn/slot.h"

namespace steelyard {

class ConnectionTable {
 public:
  struct Options {
    uint32_t capacity = 1 << 20;          // connections
    std::array<uint64_t, 2> hash_seed{};  // random per table, so that nobody can aim at a bucket
    unsigned threads = 2;                 // workers plus the control core; thread ids are 0 .. threads-1
    bool huge_pages = false;              // back it with huge pages
    unsigned endpoint_limit = 8;          // connections of one client address and port
  };

  // Maps and faults in all memory. Throws std::system_error (no memory) or std::invalid_argument.
  ConnectionTable(const Options& options, GracePeriods& grace);
  ~ConnectionTable();
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  // --- Workers: look-up, wait-free. What is found stays readable until the caller reports quiescence.
  // Sets the hash of a packet whose key is known, and asks for the cache line where find() will look first.
  void prepare(Packet& p) const noexcept {
    p.hash = hash_(p.key.client, p.key.protocol);
    p.bucket = &index_[conn::home_bucket(p.hash, buckets_)];
    __builtin_prefetch(p.bucket);
  }
  // A whole batch of prepared packets, in passes so that every cache miss is prefetched: sets the connection
  // (null: none) of all packets with `verdict == pending` and kind flow or icmp_error.
  void find(std::span<Packet> packets) const noexcept;
  // A single look-up, for tests and slow paths.
  uint64_t hash(Endpoint client, Protocol protocol) const noexcept { return hash_(client, protocol); }
  Connection* find(const FlowKey& key, uint64_t hash) const noexcept;

  // --- Workers: opening, lock-free. `thread` is the caller's own id; nobody else uses it at the same time.
  // A blank entry; null when the table is full. A few free entries (at most three chunks of 64 or fewer for
  // each other thread) can be out of reach in other threads' caches.
  Connection* allocate(unsigned thread) noexcept;
  // Gives back an entry that was never handed to insert().
  void release(unsigned thread, Connection* entry) noexcept;

  enum class Inserted : uint8_t {
    inserted,         // the entry is in the table
    exists,           // a connection with the same protocol, client and virtual endpoint is: see `existing`
    server_conflict,  // a connection of another virtual endpoint has the same client and server endpoint
    bucket_full,      // both buckets are full
    endpoint_limit,   // the client endpoint holds as many connections as it may (insertions that run at the
                      // same moment may exceed it by their number)
  };
  struct InsertResult {
    Inserted outcome;
    Connection* existing = nullptr;  // for `exists` only
  };
  // `entry` is complete, `hash` is that of its client and protocol. Whatever the outcome, the entry belongs
  // to the table afterwards. Exactly one of several workers that insert the same key wins; one that is
  // stopped midway never makes another wait. An inserted connection may be erased by another thread before
  // insert() returns.
  InsertResult insert(unsigned thread, Connection* entry, uint64_t hash) noexcept;

  // --- Any thread. Unlinks a connection that was found or inserted: true for exactly one caller, who then
  // owns its accounting; `last` receives its state word as it was. The state becomes State::dead, so that no
  // later transition is counted. Whether true or false, it cannot be found any more. Freed after a grace
  // period. Its template is let go (`now` is for that), exactly once.
  bool erase(Connection* entry, uint32_t* last, Ticks now) noexcept;
  // The template of a connection that was found in this turn; null: it has none.
  Connection* template_of(const Connection& c) const noexcept {
    const uint32_t link = c.link.load(std::memory_order_relaxed);
    return link < capacity_ ? &entries_[link] : nullptr;
  }
  // What Connection::link says of this entry.
  uint32_t link_to(const Connection& entry) const noexcept { return index_of(entry); }

  // --- The control core only.
  // Frees what was erased before the last grace period; call it often (every loop turn). Never blocks.
  void reclaim() noexcept;

  struct Expired {
    const Connection* connection;  // valid during the callback
    uint32_t last;                 // its last state word
  };
  using Timeout = Ticks (*)(const Connection&, State, const void* context);
  using OnExpired = void (*)(const Expired&, void* context);
  struct SweepHooks {
    Timeout timeout;
    const void* timeout_context;
    OnExpired expired;
    void* expired_context;
  };
  // Looks at the next `slots` of sweep_slots() slots (then from the start again) and erases every connection
  // that has been idle for longer than timeout(connection), and every template that has run out; the hooks
  // are not called for templates. Returns how many. See conn/sweep_pace.h.
  uint32_t sweep(uint64_t slots, Ticks now, const SweepHooks& hooks) noexcept;
  // Above 90 % full: erases the oldest half-open (SYN_RECV) connections until 90 % or none is left, and the
  // templates that nothing else ever used. Does a bounded share of the work (kRelieveSlots looks) at a time:
  // call it every loop turn. Returns how many connections.
  uint32_t relieve(Ticks now, const SweepHooks& hooks) noexcept;
  static constexpr uint32_t kRelieveSlots = 1 << 16;

  // A connection as it was when its state word was loaded. Until the next reclaim() its plain fields stay.
  struct Seen {
    const Connection* connection;
    uint32_t state_word;
    Ticks last_seen;
  };
  using Wanted = bool (*)(const Connection&, State, const void* context);
  // Looks at `entries` entries from `from` on, or fewer once some `most` connections are found; appends those
  // that are in the table and wanted. Returns the entry to go on with, capacity() at the end. A walk from 0
  // to the end meets every connection that is in the table all the while, and none twice.
  uint32_t browse(uint32_t from, uint32_t entries, std::size_t most, Wanted wanted, const void* context,
                  std::vector<Seen>& found) const;

  // --- Any thread.
  uint32_t capacity() const noexcept { return capacity_; }
  uint64_t sweep_slots() const noexcept { return capacity_; }
  uint64_t index_slots() const noexcept { return buckets_ * conn::kSlotsPerBucket; }
  uint32_t size() const noexcept;  // entries in use or waiting for a grace period; approximate under load
  std::size_t memory_bytes() const noexcept;  // all of it: header, index, entries, caches
  bool on_huge_pages() const noexcept { return memory_.on_huge_pages(); }
  // Calls `visit` for every connection that is in the table the whole time; others may or may not be seen.
  // The caller is a registered, online thread of the grace periods, or the control core.
  void for_each(const std::function<void(const Connection&)>& visit) const;

 private:
  // The two buckets in which a key can be. Position p of 0 .. 15 is the same slot for whoever looks.
  struct Chain {
    conn::Bucket *home, *other;
    uint16_t tag;
    // As bits by position.
    uint32_t matches(conn::Pattern p) const noexcept {
      const uint32_t first = conn::matches(*home, p);
      return first | conn::matches(*other, p) << conn::kSlotsPerBucket;
    }
    std::atomic<uint64_t>& slot(unsigned position) const noexcept {
      return (position < conn::kSlotsPerBucket ? home : other)->slots[position % conn::kSlotsPerBucket];
    }
  };
  static constexpr unsigned kChain = 2 * conn::kSlotsPerBucket;
  static constexpr unsigned kNowhere = kChain;
  struct Placed {  // a pending slot
    unsigned position = kNowhere;
    uint64_t word = 0;
  };
  struct Survey {
    Inserted outcome = Inserted::inserted;
    Connection* existing = nullptr;
    unsigned free = kNowhere;  // where to place an entry
    Placed pending;            // a conflicting insertion under way
  };
  enum class Fate : uint8_t { pending, committed, killed };

  Chain chain_of(uint64_t hash) const noexcept;
  Connection& entry(uint64_t word) const noexcept { return entries_[conn::entry_of(word)]; }
  uint32_t index_of(const Connection& c) const noexcept { return static_cast<uint32_t>(&c - entries_); }

  Connection* candidate_in(const conn::Bucket& bucket, uint64_t hash) const noexcept;
  Connection* first_look(const Packet& p) const noexcept;
  void find_batch(std::span<Packet> packets) const noexcept;

  Survey survey(const Chain& chain, const Connection& wanted) noexcept;
  enum class Obstacle : uint8_t { none, committed, pending };
  Obstacle clear(const Chain& chain, unsigned position, Placed& target) noexcept;
  Placed decide(const Chain& chain, Placed target) noexcept;
  void help(const Chain& chain, Placed target) noexcept;
  Fate fate_of(const Chain& chain, Placed mine) const noexcept;
  InsertResult lost(unsigned thread, Connection* entry, bool visible, Survey found) noexcept;

  bool is_committed(const Connection& entry) const noexcept;
  bool bury(Connection& entry, uint32_t* last, Ticks now) noexcept;
  bool expire(Connection& entry, Ticks now, const SweepHooks& hooks) noexcept;
  bool expire_template(Connection& entry, Ticks now) noexcept;
  struct Expiring;
  uint32_t expire_all(Expiring& due, Ticks now, const SweepHooks& hooks) noexcept;
  void look_at(Connection& entry, Ticks now, const SweepHooks& hooks, Expiring& due) const noexcept;
  uint32_t half_open_age(const Connection& entry, Ticks now) const noexcept;
  void count_half_open(Ticks now, uint32_t& budget) noexcept;
  uint32_t erase_half_open(Ticks now, uint32_t& budget, const SweepHooks& hooks) noexcept;
  uint32_t excess() const noexcept;

  // Read by every look-up.
  conn::Bucket* index_;
  Connection* entries_;
  uint64_t buckets_;
  conn::KeyedHash hash_;

  uint32_t capacity_;
  unsigned endpoint_limit_;
  conn::Memory memory_;
  GracePeriods& grace_;
  conn::FreeEntries free_;
  conn::RetiredEntries retired_;

  // The control core's.
  uint32_t sweep_cursor_ = 0;
  std::atomic<int64_t> recycled_{0};
  static constexpr uint32_t kAges = 1024;  // in ticks; what is older counts as of this age
  struct Relief {
    bool counting = true, resting = false;
    Ticks rest_began = 0;
    uint32_t erased = 0;  // in this round
    uint32_t cursor = 0;
    uint32_t oldest = 0;     // erase from this age on, that is,
    Ticks oldest_seen = 0;   // what was last seen up to then
    uint32_t at_oldest = 0;  // of exactly this age: how many
    std::array<uint32_t, kAges> ages{};
  } relief_;
};

}  // namespace steelyard
