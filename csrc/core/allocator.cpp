#include "core/allocator.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "core/error.h"

namespace wengert {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;  // own regions, MADV_HUGEPAGE, from here up
constexpr int kClasses = 4 * 64;

// Classes step by a quarter of a power of two: at most 25% of a block is slack. Sizes are whole cache lines, from 2 MB up
// whole huge pages, so that size_of_class(class_of(size_of_class(c))) == size_of_class(c).
int class_of(std::size_t bytes) {
  const std::size_t unit = bytes > kHugePage ? kHugePage : kAlignment;
  bytes = std::max((bytes + unit - 1) / unit * unit, kAlignment);
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

// A region of our own, aligned to the huge page it asks for.
void* map_region(std::size_t bytes) {
  void* raw = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  const auto start = reinterpret_cast<std::uintptr_t>(raw);
  const std::uintptr_t aligned = (start + kHugePage - 1) / kHugePage * kHugePage;
  if (aligned > start) munmap(raw, aligned - start);
  if (const std::uintptr_t end = aligned + bytes, mapped = start + bytes + kHugePage; mapped > end)
    munmap(reinterpret_cast<void*>(end), mapped - end);
  madvise(reinterpret_cast<void*>(aligned), bytes, MADV_HUGEPAGE);
  return reinterpret_cast<void*>(aligned);
}

void return_to_system(void* block, std::size_t capacity) noexcept {
  if (capacity >= kHugePage)
    munmap(block, capacity);
  else
    std::free(block);
}

struct Cache {
  std::mutex mutex;
  std::vector<void*> free[kClasses];
  MemoryStats stats{0, 0, 0, default_cache_limit(), 0, 0};

  void clear() noexcept {
    for (int i = 0; i < kClasses; ++i) {
      for (void* block : free[i]) return_to_system(block, size_of_class(i));
      free[i].clear();
    }
    stats.cached_bytes = 0;
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
  const bool representable = bytes < (std::size_t{1} << 62);
  const int index = representable ? class_of(bytes) : 0;
  const std::size_t size = representable ? size_of_class(index) : bytes;
  std::lock_guard lock(c.mutex);
  void* block = nullptr;
  if (representable && !c.free[index].empty()) {
    block = c.free[index].back();
    c.free[index].pop_back();
    c.stats.cached_bytes -= static_cast<std::int64_t>(size);
    ++c.stats.cache_hits;
  } else if (representable) {
    const auto fresh = [size] { return size >= kHugePage ? map_region(size) : std::aligned_alloc(kAlignment, size); };
    block = fresh();
    if (!block && c.stats.cached_bytes > 0) {
      c.clear();
      block = fresh();
    }
  }
  check(block != nullptr, "DefaultCPUAllocator: can't allocate memory: you tried to allocate ", bytes,
        " bytes. Error code 12 (Cannot allocate memory)");
  ++c.stats.allocations;
  c.stats.allocated_bytes += static_cast<std::int64_t>(size);
  c.stats.peak_bytes = std::max(c.stats.peak_bytes, c.stats.allocated_bytes);
  *capacity = size;
  return block;
}

void deallocate(void* block, std::size_t capacity) noexcept {
  Cache& c = cache();
  const auto size = static_cast<std::int64_t>(capacity);
  {
    std::lock_guard lock(c.mutex);
    c.stats.allocated_bytes -= size;
    if (c.stats.cached_bytes + size <= c.stats.cache_limit_bytes) {
      try {
        c.free[class_of(capacity)].push_back(block);
        c.stats.cached_bytes += size;
        return;
      } catch (const std::bad_alloc&) {  // the list could not grow: give the block back instead
      }
    }
  }
  return_to_system(block, capacity);
}

MemoryStats memory_stats() {
  std::lock_guard lock(cache().mutex);
  return cache().stats;
}

void empty_cache() noexcept {
  std::lock_guard lock(cache().mutex);
  cache().clear();
}

}  // namespace wengert
