#include "core/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <new>

namespace wengert {
namespace {

constexpr std::size_t kUnit = 4096;  // of sizes: blocks then lie alike in their pages, and no store meets a load 64 bytes on
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kTailForHuge = kHugePage / 8 * 7;      // a last, partly used huge page is asked for from here up
constexpr std::size_t kSegment = std::size_t{1} << 30;       // of address space; pages come when they are touched
constexpr std::size_t kLeastSegment = std::size_t{1} << 25;  // where a process may not have that much
constexpr int kLooks = 32;                                   // at blocks of a bin, for the one that fits best

constexpr std::size_t round_up(std::size_t a, std::size_t unit) { return (a + unit - 1) / unit * unit; }

// Blocks of bin b have at least 2^(b/4) (1 + b%4 / 4) bytes, and fewer than those of bin b + 1.
int bin_of(std::size_t size) {
  const int log = std::bit_width(size) - 1;
  return 4 * log + static_cast<int>(size >> (log - 2) & 3);
}

}  // namespace

// Lies before its data. Blocks follow each other without gaps from the start of their segment to its top.
struct alignas(64) Arena::Block {
  enum State : char { kUsed, kRecent, kJoined };

  Segment* segment;
  Block* before;     // the neighbour at lower addresses
  std::size_t size;  // with this header, in units
  std::size_t kept;  // bytes that may have pages; of a block in use, that had them before
  State state;
  Block *next, *previous;  // in the bin

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

  // What a block at the top can have.
  std::size_t room() const {
    const auto above = static_cast<std::size_t>(start + size - top);
    return last && last->state == Block::kJoined ? above + last->size : above;
  }
  // Says that the block after `block` follows it.
  void link(Block* block) {
    if (block->end() == top)
      last = block;
    else
      reinterpret_cast<Block*>(block->end())->before = block;
  }
};

void Arena::Bins::insert(Block* block) noexcept {
  const int bin = bin_of(block->size);
  block->previous = nullptr;
  block->next = first[bin];
  if (block->next) block->next->previous = block;
  first[bin] = block;
  filled[bin / 64] |= std::uint64_t{1} << bin % 64;
}

void Arena::Bins::remove(Block* block) noexcept {
  const int bin = bin_of(block->size);
  if (block->next) block->next->previous = block->previous;
  if (block->previous)
    block->previous->next = block->next;
  else
    first[bin] = block->next;
  if (!first[bin]) filled[bin / 64] &= ~(std::uint64_t{1} << bin % 64);
}

// The first bin from `bin` on with blocks, or kCount.
int Arena::Bins::filled_from(int bin) const noexcept {
  while (bin < kCount) {
    if (const std::uint64_t rest = filled[bin / 64] >> bin % 64) return bin + std::countr_zero(rest);
    bin = bin / 64 * 64 + 64;
  }
  return kCount;
}

// Of the first blocks of a bin that have as many bytes, and as many with pages.
Arena::Block* Arena::Bins::smallest(int bin, std::size_t size, std::size_t kept) const noexcept {
  Block* best = nullptr;
  int looks = kLooks;
  for (Block* block = first[bin]; block && looks > 0; block = block->next, --looks)
    if (block->size >= size && block->kept >= kept && (!best || block->size < best->size)) best = block;
  return best;
}

Arena::Block* Arena::find(std::size_t size, std::size_t kept) const noexcept {
  Block* found = nullptr;
  for (int bin = joined_.filled_from(bin_of(size)); !found && bin < Bins::kCount; bin = joined_.filled_from(bin + 1))
    found = joined_.smallest(bin, size, kept);
  return found;
}

Arena::Block* Arena::take_out(Bins& bins, Block* block) noexcept {
  bins.remove(block);
  kept_ -= block->kept;
  block->state = Block::kUsed;
  return block;
}

// A free block: one of this very size, or the start of one that is cut; with pages rather than without.
Arena::Block* Arena::take(std::size_t size) noexcept {
  for (Bins* bins : {&recent_, &joined_})
    if (Block* same = bins->smallest(bin_of(size), size, size); same && same->size == size) return take_out(*bins, same);
  join();
  Block* found = kept_ >= size ? find(size, size) : nullptr;
  if (!found) found = find(size, 0);
  if (!found) return nullptr;
  take_out(joined_, found);
  const std::size_t rest = found->size - size;
  if (rest == 0) return found;
  found->size = size;
  auto* after =
      new (found->end()) Block{found->segment, found, rest, std::min(found->kept, rest), Block::kJoined, nullptr, nullptr};
  after->segment->link(after);
  joined_.insert(after);
  kept_ += after->kept;
  return found;
}

void Arena::join() noexcept {
  for (int bin = recent_.filled_from(0); bin < Bins::kCount; bin = recent_.filled_from(bin)) {
    Block* block = recent_.first[bin];
    recent_.remove(block);
    if (block != block->segment->last)
      if (auto* after = reinterpret_cast<Block*>(block->end()); after->state == Block::kJoined) {
        joined_.remove(after);
        block->size += after->size, block->kept += after->kept;
      }
    if (Block* before = block->before; before && before->state == Block::kJoined) {
      joined_.remove(before);
      before->size += block->size, before->kept += block->kept;
      block = before;
    }
    block->segment->link(block);
    block->state = Block::kJoined;
    joined_.insert(block);
  }
}

Arena::Segment* Arena::map(std::size_t size) noexcept {
  auto* segment = new (std::nothrow) Segment;
  if (!segment) return nullptr;
  const std::size_t least = round_up(size, kHugePage);
  for (std::size_t wanted = std::max(least, kSegment);; wanted = std::max(least, wanted / 4)) {
    void* raw = mmap(nullptr, wanted + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw != MAP_FAILED) {
      char* const mapped = static_cast<char*>(raw);
      const auto skipped = round_up(reinterpret_cast<std::uintptr_t>(raw), kHugePage) - reinterpret_cast<std::uintptr_t>(raw);
      char* const start = mapped + skipped;
      if (skipped > 0) munmap(mapped, skipped);
      if (skipped < kHugePage) munmap(start + wanted, kHugePage - skipped);
      *segment = {start, wanted, start, start, nullptr, segments_};
      return segments_ = segment;
    }
    if (wanted <= std::max(least, kLeastSegment)) break;
  }
  delete segment;
  return nullptr;
}

// A block at the top of a segment, which takes in the last one where that is free.
Arena::Block* Arena::extend(std::size_t size) noexcept {
  Segment* segment = segments_;
  while (segment && segment->room() < size) segment = segment->next;
  if (!segment) segment = map(size);
  if (!segment) return nullptr;
  Block* block = segment->last;
  if (block && block->state == Block::kJoined)
    take_out(joined_, block);
  else
    block = new (segment->top) Block{segment, segment->last, 0, 0, Block::kUsed, nullptr, nullptr};
  block->size = size;
  segment->last = block;
  segment->top = block->end();

  const auto used = static_cast<std::size_t>(segment->top - segment->start);
  const std::size_t pages = used / kHugePage + (used % kHugePage >= kTailForHuge ? 1 : 0);
  if (char* const huge = segment->start + pages * kHugePage; huge > segment->huge) {
    madvise(segment->huge, static_cast<std::size_t>(huge - segment->huge), MADV_HUGEPAGE);
    segment->huge = huge;
  }
  return block;
}

void* Arena::allocate(std::size_t bytes, std::size_t* capacity, bool* reused) noexcept {
  const std::size_t size = round_up(bytes + sizeof(Block), kUnit);
  Block* block = take(size);
  if (!block) block = extend(size);
  if (!block) return nullptr;
  used_ += size;
  allowed_ = std::max(allowed_, used_);
  *reused = block->kept >= size;
  // Kept pieces that did not fit make room for new pages, so that a program holds hardly more than it ever used. One that
  // repeats itself soon finds all its blocks: a quarter of what went is allowed from then on.
  if (const std::size_t held = used_ + kept_; !*reused && held > allowed_) allowed_ += give_back(held - allowed_) / 4;
  *capacity = size - sizeof(Block);
  return block + 1;
}

void Arena::deallocate(void* data) noexcept {
  Block* block = static_cast<Block*>(data) - 1;
  used_ -= block->size;
  kept_ += block->kept = block->size;
  block->state = Block::kRecent;
  recent_.insert(block);
}

std::size_t Arena::give_back(std::size_t bytes) noexcept {
  join();
  std::size_t given = 0;
  for (int bin = Bins::kCount - 1; bin >= 0 && given < bytes; --bin)
    for (Block *block = joined_.first[bin], *next; block && given < bytes; block = next) {
      next = block->next;
      given += block->kept;
      if (block->kept > 0 || block == block->segment->last) trim(block);
    }
  return given;
}

void Arena::give_all_back() noexcept {
  give_back(SIZE_MAX);
  allowed_ = used_;
}

// Of a joined block: its pages, but for that of its header. The top of a segment goes back below its last block in use, and a
// segment without one goes back whole.
void Arena::trim(Block* block) noexcept {
  take_out(joined_, block);
  Segment* const segment = block->segment;
  const bool at_top = block == segment->last;
  if (at_top && !block->before) {
    Segment** link = &segments_;
    while (*link != segment) link = &(*link)->next;
    *link = segment->next;
    munmap(segment->start, segment->size);
    delete segment;
    return;
  }
  static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t start = static_cast<std::size_t>(block->start() - segment->start), end = start + block->size;
  const std::size_t first = round_up(at_top ? start : start + sizeof(Block), page);
  const std::size_t last = at_top ? round_up(end, page) : end / page * page;
  if (at_top) segment->last = block->before, segment->top = block->start();
  if (last > first) madvise(segment->start + first, last - first, MADV_DONTNEED);
  if (!at_top) {
    block->kept = 0;
    block->state = Block::kJoined;
    joined_.insert(block);
    return;
  }
  if (char* const huge = segment->start + round_up(start, kHugePage); huge < segment->huge) {
    madvise(huge, static_cast<std::size_t>(segment->huge - huge), MADV_NOHUGEPAGE);
    segment->huge = huge;
  }
}

}  // namespace wengert
