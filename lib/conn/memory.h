// The table's memory: one mapping that starts with a header and holds the index and the entries. Everything
// in it is named by index, times are of the boot clock, so that it could outlive the process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "conn/connection.h"
#include "conn/slot.h"

namespace steelyard::conn {

inline constexpr uint64_t kMagic = 0x4e4f434c59545354;  // "TSTYLCON"
inline constexpr uint32_t kLayoutVersion = 1;

struct alignas(kCacheLine) Header {
  uint64_t magic = kMagic;
  uint32_t version = kLayoutVersion;
  uint32_t capacity = 0;  // entries
  uint64_t buckets = 0;
  std::array<uint64_t, 2> hash_seed{};
};

// The index for `capacity` connections: at most 53 % of its slots are used. Then an insertion finds both of
// its buckets full less than once in a million, also after the table has been full and changing for long.
constexpr uint64_t bucket_count(uint32_t capacity) noexcept {
  constexpr uint64_t kSpare = 8;  // chance weighs more in a small table
  return (uint64_t{capacity} * 17 / 9 + kSlotsPerBucket - 1) / kSlotsPerBucket + kSpare;
}

class Memory {
 public:
  // Maps, faults in and sets up everything; zeroed. With huge pages of 2 MB, or else of 1 GB, if asked for.
  // Throws std::system_error.
  Memory(uint32_t capacity, std::array<uint64_t, 2> hash_seed, bool huge_pages);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  Bucket* buckets() const noexcept { return buckets_; }
  Connection* entries() const noexcept { return entries_; }
  // What a table of this capacity takes, but for rounding up to pages.
  static std::size_t bytes_for(uint32_t capacity) noexcept;
  std::size_t bytes() const noexcept { return bytes_; }
  bool on_huge_pages() const noexcept { return huge_; }

 private:
  std::byte* start_ = nullptr;
  std::size_t bytes_ = 0;
  bool huge_;
  Bucket* buckets_ = nullptr;
  Connection* entries_ = nullptr;
};

}  // namespace steelyard::conn
