#include "ops/draw.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

#include "kernels/dispatch.h"

namespace wengert {

static_assert(std::endian::native == std::endian::little, "two words are read as one 64-bit number");

constexpr int kWords = MersenneTwister::kWords;

void skip(MersenneTwister& engine, std::int64_t words) {
  const RandomKernels& random = *kernels().random;
  while (words > 0) {
    if (engine.next == 0 || engine.next == kWords) {
      random.advance(engine.words);
      engine.next = 0;
    }
    const std::int64_t step = std::min<std::int64_t>(words, kWords - engine.next);
    engine.next += static_cast<int>(step);
    words -= step;
  }
}

void draw_words(MersenneTwister& engine, void* out, std::int64_t words) {
  const RandomKernels& random = *kernels().random;
  auto* place = static_cast<std::uint32_t*>(out);
  while (words > 0) {
    const int from = engine.next == kWords ? 0 : engine.next;
    const std::int64_t step = std::min<std::int64_t>(words, kWords - from);
    if (from == 0) random.advance(engine.words);
    random.temper(engine.words + from, place, step);
    engine.next = from + static_cast<int>(step);
    place += step;
    words -= step;
  }
}

namespace detail {

std::int64_t part_begin(std::int64_t pieces, double ratio, int index, int threads) {
  const double kept = 1 - ratio;
  return static_cast<std::int64_t>(
      std::round(static_cast<double>(pieces) * (1 - std::pow(kept, index)) / (1 - std::pow(kept, threads))));
}

}  // namespace detail

Tensor in_memory_order(const Tensor& out) {
  int order[kMaxDims];
  std::iota(order, order + out.dim(), 0);
  std::stable_sort(order, order + out.dim(), [&](int a, int b) { return std::abs(out.stride(a)) > std::abs(out.stride(b)); });
  Dims sizes(out.dim()), strides(out.dim());
  for (int i = 0; i < out.dim(); ++i) {
    sizes[i] = out.size(order[i]);
    strides[i] = out.stride(order[i]);
  }
  return out.view_as(std::move(sizes), std::move(strides));
}

std::uint32_t draw32(Generator& generator) {
  std::uint32_t word;
  draw_words(generator.engine, &word, 1);
  return word;
}

std::uint64_t draw64(Generator& generator) {
  const std::uint64_t high = draw32(generator);
  return high << 32 | draw32(generator);
}

double draw_normal(Generator& generator) {
  if (generator.next_normal) {
    const double value = *generator.next_normal;
    generator.next_normal.reset();
    return value;
  }
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 53) - 1;
  const double u1 = static_cast<double>(draw64(generator) & kMask) * 0x1p-53;
  const double u2 = static_cast<double>(draw64(generator) & kMask) * 0x1p-53;
  const double radius = std::sqrt(-2 * std::log1p(-u2)), angle = 2 * std::numbers::pi * u1;
  generator.next_normal = radius * std::sin(angle);
  return radius * std::cos(angle);
}

}  // namespace wengert
