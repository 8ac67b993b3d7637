// The state of a random generator: PyTorch's CPU generator, a Mersenne twister (Matsumoto & Nishimura 1998, mt19937) with the
// second half of the last normal pair. The numbers are drawn in ops/random.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

namespace wengert {

struct MersenneTwister {
  static constexpr int kWords = 624;

  std::uint32_t words[kWords];
  int next;  // the word to draw next; 0: none was drawn since seeding, kWords: all were, and the state has to advance first

  void seed(std::uint64_t value);  // its low 32 bits, as PyTorch
};

class Generator {
 public:
  static constexpr std::uint64_t kDefaultSeed = 67280421310721;  // of a new torch.Generator()

  explicit Generator(std::uint64_t seed = kDefaultSeed) { manual_seed(seed); }

  // Negative Python ints arrive wrapped: -1 is 2^64 - 1.
  void manual_seed(std::uint64_t seed);
  std::uint64_t seed();  // from the system's entropy, 53 bits as PyTorch; returned
  std::uint64_t initial_seed() const { return initial_seed_; }

  // PyTorch's layout byte for byte, so that a state saved by either continues in the other.
  static constexpr std::size_t kStateBytes = 5056;
  void get_state(unsigned char* bytes) const;
  void set_state(const unsigned char* bytes, std::size_t size);  // RuntimeError for a wrong size or an impossible state

  MersenneTwister engine;
  std::optional<double> next_normal;
  // Held while numbers are drawn, which may be without the interpreter's lock. To be taken after leaving the interpreter and
  // given up before entering it again.
  mutable std::mutex mutex;

 private:
  std::uint64_t initial_seed_;
};

// The generator that operators use when none is given. Seeded from the system's entropy; usable after fork.
Generator& default_generator();

}  // namespace wengert
