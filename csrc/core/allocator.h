// The memory of results. A fresh 4 MB block costs 18 times the arithmetic that fills it in page faults, so freed blocks are
// kept, up to a bound: small ones by size class, large ones in an arena that joins them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wengert {

inline constexpr std::size_t kAlignment = 64;

// At least `bytes` (> 0) of uninitialised memory aligned to kAlignment. Raises RuntimeError when the system has none.
// `capacity` receives the size of the block, which deallocate() wants back.
void* allocate(std::size_t bytes, std::size_t* capacity);
void deallocate(void* block, std::size_t capacity) noexcept;

struct MemoryStats {
  std::int64_t allocated_bytes;  // in blocks in use
  std::int64_t peak_bytes;       // highest value of allocated_bytes
  std::int64_t cached_bytes;     // in freed blocks kept for reuse
  std::int64_t cache_limit_bytes;
  std::int64_t allocations;  // blocks handed out
  std::int64_t cache_hits;   // of these, from the cache
};

MemoryStats memory_stats();
void empty_cache() noexcept;

}  // namespace wengert
