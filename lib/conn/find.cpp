// Look-up. Wait-free: at most sixteen slots, each looked at a bounded number of times; writes nothing.
//
// A slot is loaded with acquire before its entry is read. The load sees the word of a commit (maybe by a
// helper), which continues the release sequence of the CAS by which the entry's owner placed it: the entry
// is seen as it was written whole. Entries never move between slots, so what is in the table all the time
// is found. The entry is not reused before the caller's next quiescent report.
#include <algorithm>

#include "conn/match.h"
#include "conn/table.h"

namespace steelyard {

using conn::Bucket;

struct ConnectionTable::Probe {
  Packet* packet;
  Connection* candidate;
};

namespace {

bool wants_connection(const Packet& p) noexcept {
  return p.verdict == Verdict::pending && (p.kind == PacketKind::flow || p.kind == PacketKind::icmp_error);
}

// The entry behind the lowest bit of `found`; null if the slot has changed meanwhile.
uint32_t entry_behind(const Bucket& bucket, uint32_t found, conn::Pattern wanted) noexcept {
  const uint64_t word =
      bucket.slots[static_cast<unsigned>(__builtin_ctz(found))].load(std::memory_order_acquire);
  return conn::fits(word, wanted) ? conn::entry_of(word) : conn::kNoEntry;
}

}  // namespace

Connection* ConnectionTable::find(const FlowKey& key, uint64_t hash) const noexcept {
  const Chain chain = chain_of(hash);
  const conn::Pattern wanted = conn::committed_with(chain.tag);
  for (const Bucket* bucket : {chain.home, chain.other})
    for (uint32_t found = conn::matches(*bucket, wanted); found != 0; found &= found - 1) {
      const uint32_t e = entry_behind(*bucket, found, wanted);
      if (e != conn::kNoEntry && conn::holds(entries_[e], key)) return &entries_[e];
    }
  return nullptr;
}

// First pass: compare the tags in the home bucket, which prepare() asked for; ask for the entry, or for the
// other bucket.
std::size_t ConnectionTable::first_looks(std::span<Packet> packets, Probe* probes) const noexcept {
  std::size_t count = 0;
  for (Packet& p : packets) {
    if (!wants_connection(p)) continue;
    const Bucket& home = index_[conn::home_bucket(p.hash, buckets_)];
    const conn::Pattern wanted = conn::committed_with(conn::hash_tag(p.hash));
    const uint32_t found = conn::matches(home, wanted);
    const uint32_t e = found != 0 ? entry_behind(home, found, wanted) : conn::kNoEntry;
    Connection* candidate = nullptr;
    if (e != conn::kNoEntry) [[likely]] {
      candidate = &entries_[e];
      __builtin_prefetch(candidate, 1);
    } else {
      __builtin_prefetch(&index_[conn::other_bucket(p.hash, buckets_)]);
    }
    probes[count++] = {&p, candidate};
  }
  return count;
}

void ConnectionTable::find_batch(std::span<Packet> packets) const noexcept {
  std::array<Probe, kBatchSize> storage;
  const std::span<Probe> probes(storage.data(), first_looks(packets, storage.data()));

  // Second pass: compare the keys. What the home bucket's first candidate does not answer is looked up in
  // full at the end.
  std::array<Packet*, kBatchSize> rest;
  std::size_t left = 0;
  for (const Probe& probe : probes) {
    Packet& p = *probe.packet;
    if (probe.candidate != nullptr && conn::holds(*probe.candidate, p.key)) [[likely]] {
      p.connection = probe.candidate;
      continue;
    }
    const Bucket& other = index_[conn::other_bucket(p.hash, buckets_)];
    const conn::Pattern wanted = conn::committed_with(conn::hash_tag(p.hash));
    if (const uint32_t found = conn::matches(other, wanted); found != 0)
      if (const uint32_t e = entry_behind(other, found, wanted); e != conn::kNoEntry)
        __builtin_prefetch(&entries_[e], 1);
    p.connection = nullptr;
    rest[left++] = &p;
  }
  for (std::size_t i = 0; i < left; ++i) rest[i]->connection = find(rest[i]->key, rest[i]->hash);
}

void ConnectionTable::find(std::span<Packet> packets) const noexcept {
  while (!packets.empty()) {
    const auto batch = packets.first(std::min<std::size_t>(packets.size(), kBatchSize));
    find_batch(batch);
    packets = packets.subspan(batch.size());
  }
}

}  // namespace steelyard
