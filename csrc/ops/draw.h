// Words of the random stream, for many elements at once and over threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/parallel.h"
#include "core/random.h"
#include "core/tensor.h"
#include "ops/copy.h"

namespace wengert {

// The next word, or two of them (the first is the upper half), of the generator's stream. The caller holds its mutex.
std::uint32_t draw32(Generator& generator);
std::uint64_t draw64(Generator& generator);
// One value of PyTorch's normal_distribution<double>: the cosine half of a pair now, the sine half at the next call.
double draw_normal(Generator& generator);

void draw_words(MersenneTwister& engine, void* out, std::int64_t words);
void skip(MersenneTwister& engine, std::int64_t words);

namespace detail {
inline constexpr double kSkipNs = 0.06;  // of a word (AVX-512 at 3.7 GHz)
inline constexpr std::int64_t kDrawUnit = 16;
// Where thread `index` of `threads` begins in [0, pieces), when reaching a piece costs `ratio` of what reaching and making it
// costs: parts shrink so that all end together.
std::int64_t part_begin(std::int64_t pieces, double ratio, int index, int threads);
}  // namespace detail

// Calls run(engine, begin, end) on parts of n elements that take `words_each` words of the stream each; parts begin at
// multiples of 16. The engine's state is a chain, so each thread takes a copy of it and skips what the threads before it draw.
template <class Run>
void draw_parts(MersenneTwister& engine, std::int64_t n, std::int64_t words_each, double ns_each, Run run) {
  const std::int64_t units = (n + detail::kDrawUnit - 1) / detail::kDrawUnit;
  const int wanted = threads_for(ns_each * static_cast<double>(n), units);
  if (wanted == 1) return run(engine, std::int64_t{0}, n);
  MersenneTwister last;
  parallel_run(wanted, [&](int thread, int threads) {
    const double ratio = std::min(0.9, detail::kSkipNs * static_cast<double>(words_each) / ns_each);
    const std::int64_t begin = std::min(n, detail::part_begin(units, ratio, thread, threads) * detail::kDrawUnit);
    const std::int64_t end = std::min(n, detail::part_begin(units, ratio, thread + 1, threads) * detail::kDrawUnit);
    MersenneTwister local = engine;
    skip(local, begin * words_each);
    run(local, begin, end);
    if (thread == threads - 1) last = local;
  });
  engine = last;
}

// A tensor with its dimensions in the order of memory, the innermost last: the order in which PyTorch draws its elements.
Tensor in_memory_order(const Tensor& out);
// Fills `ordered`, or a dense stand-in that is then copied to it.
template <class Fill>
void through_dense(const Tensor& ordered, Fill fill) {
  if (ordered.is_contiguous()) return fill(ordered);
  const Tensor dense = Tensor::empty(ordered.sizes(), ordered.dtype());
  fill(dense);
  copy_into(ordered, dense);
}

}  // namespace wengert
