#include "conn/memory.h"

#include <cerrno>
#include <memory>
#include <new>
#include <unistd.h>

#include <sys/mman.h>
#include <system_error>

namespace steelyard::conn {
namespace {

constexpr std::size_t kPage = 4096;

// Sizes of huge pages, as log2.
constexpr unsigned k2MB = 21, k1GB = 30;

constexpr std::size_t round_up(std::size_t n, std::size_t to) noexcept { return (n + to - 1) / to * to; }

// In a file of its own, so that the table shows by name in the process's memory map. Null if there are too
// few huge pages.
void* map_huge(std::size_t bytes, unsigned log2_page) noexcept {
  const int file =
      ::memfd_create("steelyard-connections", MFD_CLOEXEC | MFD_HUGETLB | log2_page << MAP_HUGE_SHIFT);
  if (file < 0) return nullptr;
  void* at = MAP_FAILED;
  if (::ftruncate(file, static_cast<off_t>(bytes)) == 0)
    at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return at == MAP_FAILED ? nullptr : at;
}

void* map_normal(std::size_t bytes) noexcept {
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? nullptr : at;
}

// A page fault in a worker would be a system call at the worst moment.
void fault_in(std::byte* start, std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  if (::madvise(start, bytes, MADV_POPULATE_WRITE) == 0) return;
  if (errno != EINVAL) {
    const int error = errno;
    ::munmap(start, bytes);
    throw std::system_error(error, std::generic_category(), "connection table");
  }
#endif
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t at = 0; at < bytes; at += page)
    *static_cast<volatile std::byte*>(start + at) = std::byte{0};
}

}  // namespace

Memory::Memory(uint32_t capacity, std::array<uint64_t, 2> hash_seed, bool huge_pages) : huge_(huge_pages) {
  const uint64_t buckets = bucket_count(capacity);
  const std::size_t index_at = sizeof(Header);
  const std::size_t entries_at = index_at + buckets * sizeof(Bucket);
  const std::size_t used = bytes_for(capacity);
  void* at = nullptr;
  if (huge_pages) {
    at = map_huge(bytes_ = round_up(used, std::size_t{1} << k2MB), k2MB);
    if (at == nullptr) at = map_huge(bytes_ = round_up(used, std::size_t{1} << k1GB), k1GB);
  } else {
    at = map_normal(bytes_ = round_up(used, kPage));
  }
  if (at == nullptr)
    throw std::system_error(ENOMEM, std::generic_category(),
                            huge_pages ? "huge pages for the connection table" : "connection table");
  start_ = static_cast<std::byte*>(at);
  fault_in(start_, bytes_);

  // Zero bytes are a valid empty bucket and a valid unused entry, so neither is touched again here.
  static_assert(std::is_trivially_destructible_v<Bucket> && std::is_trivially_destructible_v<Connection>);
  new (start_) Header{kMagic, kLayoutVersion, capacity, buckets, hash_seed};
  buckets_ = std::launder(reinterpret_cast<Bucket*>(start_ + index_at));
  entries_ = std::launder(reinterpret_cast<Connection*>(start_ + entries_at));
}

std::size_t Memory::bytes_for(uint32_t capacity) noexcept {
  return sizeof(Header) + bucket_count(capacity) * sizeof(Bucket) +
         std::size_t{capacity} * sizeof(Connection);
}

Memory::~Memory() { ::munmap(start_, bytes_); }

}  // namespace steelyard::conn
