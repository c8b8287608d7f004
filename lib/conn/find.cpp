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

// First pass: the home bucket, which prepare() asked for. Asks for the entry, or for the other bucket.
Connection* ConnectionTable::first_look(const Packet& p) const noexcept {
  Connection* candidate = candidate_in(*static_cast<const Bucket*>(p.bucket), p.hash);
  if (candidate == nullptr) [[unlikely]]
    __builtin_prefetch(&index_[conn::other_bucket(p.hash, buckets_)]);
  return candidate;
}

Connection* ConnectionTable::candidate_in(const Bucket& bucket, uint64_t hash) const noexcept {
  const conn::Pattern wanted = conn::committed_with(conn::hash_tag(hash));
  for (uint32_t found = conn::matches(bucket, wanted); found != 0; found &= found - 1)
    if (const uint32_t e = entry_behind(bucket, found, wanted); e != conn::kNoEntry) [[likely]] {
      __builtin_prefetch(&entries_[e], 1);
      return &entries_[e];
    }
  return nullptr;
}

void ConnectionTable::find_batch(std::span<Packet> packets) const noexcept {
  std::array<Packet*, kBatchSize> elsewhere;
  std::size_t absent = 0;
  for (Packet& p : packets) {
    if (!wants_connection(p)) continue;
    p.connection = first_look(p);
    if (p.connection == nullptr) [[unlikely]]
      elsewhere[absent++] = &p;
  }
  // Second pass: the other bucket of those that the home bucket does not know.
  for (std::size_t i = 0; i < absent; ++i) {
    Packet& p = *elsewhere[i];
    p.connection = candidate_in(index_[conn::other_bucket(p.hash, buckets_)], p.hash);
  }
  // Third pass: compare the keys. Two connections with one tag in one bucket are rare: then all are compared.
  for (Packet& p : packets)
    if (p.connection != nullptr && !conn::holds(*p.connection, p.key)) [[unlikely]]
      p.connection = find(p.key, p.hash);
}

void ConnectionTable::find(std::span<Packet> packets) const noexcept {
  while (!packets.empty()) {
    const auto batch = packets.first(std::min<std::size_t>(packets.size(), kBatchSize));
    find_batch(batch);
    packets = packets.subspan(batch.size());
  }
}

}  // namespace steelyard
