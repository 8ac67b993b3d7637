// Memory cut to size from a few large mappings, whose free pieces are joined again: what tensors of one size leave behind
// serves those of any other, so that a program holds little more memory than it uses at its worst moment. Not synchronised.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wengert {

class Arena {
 public:
  // At least `bytes` aligned to a cache line, or nullptr. `capacity` receives the size, `reused` whether no page of it is new.
  void* allocate(std::size_t bytes, std::size_t* capacity, bool* reused) noexcept;
  // The memory is kept for later.
  void deallocate(void* data) noexcept;
  // Gives kept memory back to the system, the largest pieces first, until that is `bytes`. Returns how much it was.
  std::size_t give_back(std::size_t bytes) noexcept;
  void give_all_back() noexcept;
  // Bytes kept, at most: new pages that were joined with kept ones may count.
  std::size_t kept() const { return kept_; }

 private:
  struct Segment;
  struct Block;

  // Free blocks by size, four bins to a power of two; the last that came is the first.
  struct Bins {
    static constexpr int kCount = 4 * 64;
    Block* first[kCount] = {};
    std::uint64_t filled[kCount / 64] = {};

    void insert(Block* block) noexcept;
    void remove(Block* block) noexcept;
    int filled_from(int bin) const noexcept;
    Block* smallest(int bin, std::size_t size, std::size_t kept) const noexcept;
  };

  Block* take(std::size_t size) noexcept;
  Block* take_out(Bins& bins, Block* block) noexcept;
  Block* find(std::size_t size, std::size_t kept) const noexcept;
  void join() noexcept;
  Block* extend(std::size_t size) noexcept;
  Segment* map(std::size_t size) noexcept;
  void trim(Block* block) noexcept;

  Segment* segments_ = nullptr;
  Bins recent_;  // as they were freed, for the next block of the same size, which then is still in a cache
  Bins joined_;  // without free neighbours that are in here too
  std::size_t kept_ = 0, used_ = 0, allowed_ = 0;  // bytes; new pages have kept + used stay at what is allowed
};

}  // namespace wengert
