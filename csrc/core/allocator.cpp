#include "core/allocator.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "core/arena.h"
#include "core/error.h"

namespace wengert {
namespace {

// Below, blocks of malloc's by size class; above, the arena's. AddressSanitizer sees the bounds of the former only.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kLargestClass = std::size_t{1} << 62;
#else
constexpr std::size_t kLargestClass = std::size_t{1} << 17;
#endif
constexpr int kClasses = 4 * 64;

// Classes step by a quarter of a power of two: at most 25% of a block is slack. Sizes are whole cache lines, so that
// size_of_class(class_of(size_of_class(c))) == size_of_class(c).
int class_of(std::size_t bytes) {
  bytes = std::max((bytes + kAlignment - 1) / kAlignment * kAlignment, kAlignment);
  const int log = std::bit_width(bytes - 1) - 1;  // 2^log < bytes <= 2^(log+1)
  const std::size_t quarter = std::size_t{1} << (log - 2);
  const auto step = static_cast<int>((bytes - (std::size_t{1} << log) + quarter - 1) / quarter);  // 1..4
  return 4 * log + step;
}

std::size_t size_of_class(int index) {
  const int log = (index - 1) / 4, step = (index - 1) % 4 + 1;
  return (std::size_t{1} << log) + step * (std::size_t{1} << (log - 2));
}

std::int64_t default_cache_limit() {
  const std::int64_t ram = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  return std::min<std::int64_t>(ram / 4, std::int64_t{1} << 30);
}

struct Cache {
  std::mutex mutex;
  std::vector<void*> free[kClasses];
  std::int64_t bytes = 0;  // in these
  Arena arena;
  MemoryStats stats{0, 0, 0, default_cache_limit(), 0, 0};

  std::int64_t kept() const { return bytes + static_cast<std::int64_t>(arena.kept()); }

  void clear() noexcept {
    for (auto& blocks : free) {
      for (void* block : blocks) std::free(block);
      blocks.clear();
    }
    bytes = 0;
    arena.give_all_back();
  }

  // Nullptr where the system has none; `hit` whether it is memory that was freed before.
  void* take(std::size_t wanted, std::size_t* capacity, bool* hit) noexcept {
    if (wanted > kLargestClass) return arena.allocate(wanted, capacity, hit);
    const int index = class_of(wanted);
    *capacity = size_of_class(index);
    *hit = !free[index].empty();
    if (!*hit) return std::aligned_alloc(kAlignment, *capacity);
    void* block = free[index].back();
    free[index].pop_back();
    bytes -= static_cast<std::int64_t>(*capacity);
    return block;
  }

  void give(void* block, std::size_t capacity) noexcept {
    const auto size = static_cast<std::int64_t>(capacity);
    if (capacity > kLargestClass) {
      arena.deallocate(block);
      if (const std::int64_t over = kept() - stats.cache_limit_bytes; over > 0) arena.give_back(static_cast<std::size_t>(over));
      return;
    }
    if (kept() + size <= stats.cache_limit_bytes) {
      try {
        free[class_of(capacity)].push_back(block);
        bytes += size;
        return;
      } catch (const std::bad_alloc&) {  // the list could not grow: give the block back instead
      }
    }
    std::free(block);
  }
};

// Never destroyed: tensors may outlive static destructors. A fork waits until nobody holds the lock, so that the child finds it
// free.
Cache& cache() {
  static Cache* instance = [] {
    static Cache* made = new Cache;
    pthread_atfork([] { made->mutex.lock(); }, [] { made->mutex.unlock(); }, [] { made->mutex.unlock(); });
    return made;
  }();
  return *instance;
}

}  // namespace

void* allocate(std::size_t bytes, std::size_t* capacity) {
  Cache& c = cache();
  std::lock_guard lock(c.mutex);
  void* block = nullptr;
  bool hit = false;
  if (bytes < std::size_t{1} << 62) {
    block = c.take(bytes, capacity, &hit);
    if (!block && c.kept() > 0) {
      c.clear();
      block = c.take(bytes, capacity, &hit);
    }
  }
  check(block != nullptr, "DefaultCPUAllocator: can't allocate memory: you tried to allocate ", bytes,
        " bytes. Error code 12 (Cannot allocate memory)");
  ++c.stats.allocations;
  c.stats.cache_hits += hit;
  c.stats.allocated_bytes += static_cast<std::int64_t>(*capacity);
  c.stats.peak_bytes = std::max(c.stats.peak_bytes, c.stats.allocated_bytes);
  return block;
}

void deallocate(void* block, std::size_t capacity) noexcept {
  Cache& c = cache();
  std::lock_guard lock(c.mutex);
  c.stats.allocated_bytes -= static_cast<std::int64_t>(capacity);
  c.give(block, capacity);
}

MemoryStats memory_stats() {
  std::lock_guard lock(cache().mutex);
  MemoryStats stats = cache().stats;
  stats.cached_bytes = cache().kept();
  return stats;
}

void empty_cache() noexcept {
  std::lock_guard lock(cache().mutex);
  cache().clear();
}

}  // namespace wengert
