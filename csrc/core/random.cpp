#include "core/random.h"

#include <pthread.h>

#include <cstring>
#include <random>

#include "core/error.h"

namespace wengert {
namespace {

// What torch.get_rng_state() holds (CPUGeneratorImplState in PyTorch's sources).
struct StateBytes {
  std::uint64_t initial_seed;
  std::int32_t left;  // draws until the engine advances, plus one
  std::int32_t seeded;
  std::uint64_t next;
  std::uint64_t words[MersenneTwister::kWords];
  double unused_normal;
  double next_normal;
  double unused_rho;
  std::int32_t has_next_normal;
  float next_float_normal;  // these two: only of PyTorch's float normals, which no CPU operator draws
  std::uint64_t has_next_float_normal;
};
static_assert(sizeof(StateBytes) == Generator::kStateBytes);

}  // namespace

void MersenneTwister::seed(std::uint64_t value) {
  words[0] = static_cast<std::uint32_t>(value);
  for (int i = 1; i < kWords; ++i)
    words[i] = 1812433253u * (words[i - 1] ^ (words[i - 1] >> 30)) + static_cast<std::uint32_t>(i);
  next = 0;
}

void Generator::manual_seed(std::uint64_t seed) {
  const std::scoped_lock lock(mutex);
  initial_seed_ = seed;
  engine.seed(seed);
  next_normal.reset();
}

std::uint64_t Generator::seed() {
  std::random_device device;
  const std::uint64_t high = device(), value = ((high << 32) | device()) & ((std::uint64_t{1} << 53) - 1);
  manual_seed(value);
  return value;
}

void Generator::get_state(unsigned char* bytes) const {
  const std::scoped_lock lock(mutex);
  StateBytes state{};
  state.initial_seed = initial_seed_;
  state.left = engine.next == 0 ? 1 : MersenneTwister::kWords + 1 - engine.next;
  state.seeded = 1;
  state.next = static_cast<std::uint64_t>(engine.next);
  for (int i = 0; i < MersenneTwister::kWords; ++i) state.words[i] = engine.words[i];
  state.has_next_normal = next_normal.has_value();
  state.next_normal = next_normal.value_or(0);
  std::memcpy(bytes, &state, sizeof state);
}

void Generator::set_state(const unsigned char* bytes, std::size_t size) {
  check(size == kStateBytes, "Expected a CPUGeneratorImplState of size ", kStateBytes,
        " but found the input RNG state size to be ", size);
  StateBytes state;
  std::memcpy(&state, bytes, sizeof state);
  const bool fresh = state.left == 1 && state.next == 0;
  const bool drawn = state.next >= 1 && state.next <= MersenneTwister::kWords &&
                     state.left == MersenneTwister::kWords + 1 - static_cast<std::int64_t>(state.next);
  check(state.seeded == 1 && (fresh || drawn), "Invalid mt19937 state");
  const std::scoped_lock lock(mutex);
  initial_seed_ = state.initial_seed;
  for (int i = 0; i < MersenneTwister::kWords; ++i) engine.words[i] = static_cast<std::uint32_t>(state.words[i]);
  engine.next = static_cast<int>(state.next);
  next_normal.reset();
  if (state.has_next_normal) next_normal = state.next_normal;
}

Generator& default_generator() {
  // Never destroyed: threads may draw until the process is gone.
  static Generator& generator = *[] {
    auto* made = new Generator;
    made->seed();
    // A fork while another thread draws would leave the child's copy of the mutex locked for ever.
    pthread_atfork([] { default_generator().mutex.lock(); }, [] { default_generator().mutex.unlock(); },
                   [] { default_generator().mutex.unlock(); });
    return made;
  }();
  return generator;
}

}  // namespace wengert
