#include "core/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace wengert {
namespace {

constexpr std::size_t kUnit = 4096;  // of sizes: blocks then lie alike in their pages, and no store meets a load 64 bytes on
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kTailForHuge = kHugePage / 8 * 7;    // the last, partly used huge page is asked for from here up
constexpr std::size_t kSegment = std::size_t{1} << 30;     // of address space; pages come when they are touched
constexpr std::size_t kLeastSegment = std::size_t{1} << 25;  // where a process may not have that much
constexpr int kLooks = 32;                                 // at blocks of a bin, for the one that fits best

constexpr std::size_t round_up(std::size_t a, std::size_t unit) { return (a + unit - 1) / unit * unit; }

// Blocks of bin b have at least 2^(b/4) (1 + b%4 / 4) bytes, and fewer than those of bin b + 1.
int bin_of(std::size_t size) {
  const int log = std::bit_width(size) - 1;
  return 4 * log + static_cast<int>(size >> (log - 2) & 3);
}

}  // namespace

// Lies before its data. Blocks follow each other without gaps from the start of their segment to its top.
struct alignas(64) Arena::Block {
  Segment* segment;
  Block* before;     // the neighbour at lower addresses
  std::size_t size;  // with this header, in units
  std::size_t kept;  // bytes of a free block that may be resident
  Block *next, *previous;  // in the bin
  bool free;

  char* start() { return reinterpret_cast<char*>(this); }
  char* end() { return start() + size; }
};

struct Arena::Segment {
  char* start;
  std::size_t size;
  char* top;    // from here to the end nothing was handed out
  char* huge;   // up to here huge pages were asked for
  Block* last;  // the block that ends at the top
  Segment* next;

  std::size_t room() const { return static_cast<std::size_t>(start + size - top); }
};

void Arena::insert(Block* block) noexcept {
  const int bin = bin_of(block->size);
  block->free = true;
  block->previous = nullptr;
  block->next = bins_[bin];
  if (block->next) block->next->previous = block;
  bins_[bin] = block;
  filled_[bin / 64] |= std::uint64_t{1} << bin % 64;
  kept_ += block->kept;
}

void Arena::remove(Block* block) noexcept {
  const int bin = bin_of(block->size);
  if (block->next) block->next->previous = block->previous;
  if (block->previous)
    block->previous->next = block->next;
  else
    bins_[bin] = block->next;
  if (!bins_[bin]) filled_[bin / 64] &= ~(std::uint64_t{1} << bin % 64);
  block->free = false;
  kept_ -= block->kept;
}

// A free block of at least `size`, out of its bin: among the first of the lowest bin that has one, the smallest.
Arena::Block* Arena::take(std::size_t size) noexcept {
  const auto best_of = [&](int bin) {
    Block* best = nullptr;
    int looks = kLooks;
    for (Block* block = bins_[bin]; block && looks > 0; block = block->next, --looks)
      if (block->size >= size && (!best || block->size < best->size)) best = block;
    return best;
  };
  const int own = bin_of(size);
  Block* found = best_of(own);
  for (int bin = own + 1; !found && bin < kBins;) {
    if (const std::uint64_t rest = filled_[bin / 64] >> bin % 64)
      found = best_of(bin + std::countr_zero(rest));
    else
      bin = bin / 64 * 64 + 64;
  }
  if (!found) return nullptr;
  remove(found);
  if (const std::size_t rest = found->size - size; rest > 0) {
    auto* after = new (found->start() + size) Block{found->segment, found, rest, std::min(found->kept, rest), nullptr, nullptr, true};
    if (found->segment->last == found)
      found->segment->last = after;
    else
      reinterpret_cast<Block*>(after->end())->before = after;
    found->size = size;
    insert(after);
  }
  return found;
}

Arena::Segment* Arena::map(std::size_t size) noexcept {
  auto* segment = new (std::nothrow) Segment;
  if (!segment) return nullptr;
  const std::size_t least = round_up(size, kHugePage);
  for (std::size_t wanted = std::max(least, kSegment);; wanted = std::max(least, wanted / 4)) {
    void* raw = mmap(nullptr, wanted + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw != MAP_FAILED) {
      char* const mapped = static_cast<char*>(raw);
      char* const start = reinterpret_cast<char*>(round_up(reinterpret_cast<std::uintptr_t>(raw), kHugePage));
      if (start > mapped) munmap(mapped, static_cast<std::size_t>(start - mapped));
      if (char* const end = start + wanted; end < mapped + wanted + kHugePage)
        munmap(end, static_cast<std::size_t>(mapped + wanted + kHugePage - end));
      *segment = {start, wanted, start, start, nullptr, segments_};
      return segments_ = segment;
    }
    if (wanted <= std::max(least, kLeastSegment)) break;
  }
  delete segment;
  return nullptr;
}

// Gives back free memory, the largest blocks first, until that is `bytes`.
void Arena::give_back(std::size_t bytes) noexcept {
  std::size_t given = 0;
  for (int bin = kBins - 1; bin >= 0 && kept_ > 0 && given < bytes; --bin)
    for (Block *block = bins_[bin], *next; block && given < bytes; block = next) {
      next = block->next;
      given += block->kept;
      if (block->kept > 0) trim(block);
    }
}

// A block at the top of a segment, which takes in the last block where that is free. What is free elsewhere but in no piece of
// this size goes back to the system, so that a program that grows holds no more than it uses.
Arena::Block* Arena::extend(std::size_t size) noexcept {
  const auto free_at_top = [](const Segment* s) { return s->last && s->last->free ? s->last->size : 0; };
  Segment* segment = segments_;
  while (segment && segment->room() + free_at_top(segment) < size) segment = segment->next;
  if (!segment) segment = map(size);
  if (!segment) return nullptr;
  Block* block = segment->last;
  std::size_t more = size;
  if (const std::size_t there = free_at_top(segment); there > 0)
    remove(block), more -= there;
  else
    block = new (segment->top) Block{segment, segment->last, 0, 0, nullptr, nullptr, false};
  give_back(more);
  block->size = size;
  segment->last = block;
  segment->top = block->end();

  const auto used = static_cast<std::size_t>(segment->top - segment->start);
  char* const huge = segment->start + (used % kHugePage < kTailForHuge ? used : used + kHugePage) / kHugePage * kHugePage;
  if (huge > segment->huge) {
    madvise(segment->huge, static_cast<std::size_t>(huge - segment->huge), MADV_HUGEPAGE);
    segment->huge = huge;
  }
  return block;
}

void* Arena::allocate(std::size_t bytes, std::size_t* capacity, bool* reused) noexcept {
  const std::size_t size = round_up(bytes + sizeof(Block), kUnit);
  Block* block = take(size);
  *reused = block != nullptr;
  if (!block) block = extend(size);
  if (!block) return nullptr;
  *capacity = size - sizeof(Block);
  return block + 1;
}

Arena::Block* Arena::deallocate(void* data) noexcept {
  Block* block = static_cast<Block*>(data) - 1;
  Segment* segment = block->segment;
  block->kept = block->size;
  if (block != segment->last)
    if (auto* after = reinterpret_cast<Block*>(block->end()); after->free) {
      remove(after);
      block->size += after->size, block->kept += after->kept;
      if (segment->last == after) segment->last = block;
    }
  if (Block* before = block->before; before && before->free) {
    remove(before);
    before->size += block->size, before->kept += block->kept;
    if (segment->last == block) segment->last = before;
    block = before;
  }
  if (block != segment->last) reinterpret_cast<Block*>(block->end())->before = block;
  insert(block);
  return block;
}

// The top of a segment goes back below its last block in use, and a segment without one goes back whole.
void Arena::trim(Block* block) noexcept {
  remove(block);
  Segment* const segment = block->segment;
  if (block == segment->last && !block->before) {
    Segment** link = &segments_;
    while (*link != segment) link = &(*link)->next;
    *link = segment->next;
    munmap(segment->start, segment->size);
    delete segment;
    return;
  }
  static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const bool at_top = block == segment->last;
  const auto first = round_up(reinterpret_cast<std::uintptr_t>(at_top ? block->start() : block->start() + sizeof(Block)), page);
  const auto last = at_top ? round_up(reinterpret_cast<std::uintptr_t>(block->end()), page)
                           : reinterpret_cast<std::uintptr_t>(block->end()) / page * page;
  if (at_top) segment->last = block->before, segment->top = block->start();
  if (last > first) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);  // the header too at the top
  if (!at_top) {
    block->kept = 0;
    insert(block);
    return;
  }
  char* const huge = reinterpret_cast<char*>(round_up(reinterpret_cast<std::uintptr_t>(segment->top), kHugePage));
  if (huge < segment->huge) {
    madvise(huge, static_cast<std::size_t>(segment->huge - huge), MADV_NOHUGEPAGE);
    segment->huge = huge;
  }
}

void Arena::trim() noexcept {
  for (int bin = 0; bin < kBins; ++bin)
    for (Block *block = bins_[bin], *next; block; block = next) {
      next = block->next;
      if (block->kept > 0 || block == block->segment->last) trim(block);
    }
}

}  // namespace wengert
