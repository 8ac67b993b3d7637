// Ranges of a few large mappings, cut to size and joined again when they are freed: what one size of tensor leaves behind serves
// any other, so that a program holds little more memory than it uses at its worst moment. Not synchronised.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace wengert {

class Arena {
 public:
  // At least `bytes` aligned to a cache line, or nullptr. `capacity` receives the size, `reused` whether it was free memory.
  void* allocate(std::size_t bytes, std::size_t* capacity, bool* reused) noexcept;
  // Frees a block, which is kept for later; trim() gives its memory, and that of its free neighbours, back to the system.
  struct Block;
  Block* deallocate(void* data) noexcept;
  void trim(Block* free) noexcept;
  void trim() noexcept;
  // Of freed memory that is kept, at most: what was given back and joined with kept memory may count again.
  std::size_t kept() const { return kept_; }

 private:
  struct Segment;
  static constexpr int kBins = 4 * 64;

  Block* take(std::size_t size) noexcept;
  Block* extend(std::size_t size) noexcept;
  void give_back(std::size_t bytes) noexcept;
  Segment* map(std::size_t size) noexcept;
  void insert(Block* block) noexcept;
  void remove(Block* block) noexcept;

  Segment* segments_ = nullptr;
  std::array<Block*, kBins> bins_{};  // free blocks by size, four bins to a power of two
  std::array<std::uint64_t, kBins / 64> filled_{};
  std::size_t kept_ = 0;
};

}  // namespace wengert
