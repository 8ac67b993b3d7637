// The Mersenne twister against the standard library's, and the numbers made of its words.
#include <numbers>
#include <random>

#include "selftest/check.h"

namespace wengert::selftest {
namespace {

constexpr int kWords = 624;

void test_words(const KernelTable& table, Report& report) {
  constexpr std::uint32_t seed = 5489;
  Operand<std::uint32_t> state(1, kWords, kWords, 1);
  state.at(0, 0) = seed;
  for (std::uint32_t i = 1; i < kWords; ++i) {
    const std::uint32_t last = state.at(0, i - 1);
    state.at(0, i) = 1812433253u * (last ^ (last >> 30)) + i;
  }
  std::mt19937 reference(seed);
  for (int block = 0; block < 3; ++block) {
    table.random->advance(state.first);
    Operand<std::uint32_t> want(1, kWords, kWords, 1);
    for (int i = 0; i < kWords; ++i) want.at(0, i) = static_cast<std::uint32_t>(reference());
    for (int from = 0; from < kWords; from += 101) {
      const int n = std::min(101, kWords - from);
      Operand<std::uint32_t> words(1, n, n, 1), part = words;
      for (int i = 0; i < n; ++i) part.at(0, i) = want.at(0, from + i);
      table.random->temper(state.first + from, words.first, n);
      report.add(agree(words, part) && state.memory.intact(), text("%s mt19937: block %d from %d", table.isa, block, from));
    }
  }
}

// u in [0, 1) of element i: the low 24 bits of a word, the low 53 of two, the first of which is the upper half.
template <class T>
double unit(const Operand<std::uint32_t>& words, std::int64_t i) {
  if (sizeof(T) == 4) return (words.at(0, i) & 0xffffff) * 0x1p-24;
  return static_cast<double>(std::uint64_t{words.at(0, 2 * i) & 0x1fffff} << 32 | words.at(0, 2 * i + 1)) * 0x1p-53;
}

template <class T, class Uniform, class Normal>
void test_floats(const KernelTable& table, Uniform uniform, Normal normal, Report& report) {
  Source source;
  const auto draw = [&](std::int64_t n) {
    Operand<std::uint32_t> words(1, n * sizeof(T) / 4, 0, 1);
    words.fill([&] { return static_cast<std::uint32_t>(source.bits()); });
    return words;
  };
  const auto compare = [&](const Operand<std::uint32_t>& got, const Operand<T>& want, double tolerance,
                           const std::string& what) {
    Operand<T> result(want);
    std::memcpy(result.memory.data(), got.memory.data(), got.memory.bytes());
    report.add(agree(result, want, tolerance) && got.memory.intact(), what);
  };
  const double epsilon = sizeof(T) == 4 ? 0x1p-22 : 0x1p-51;
  for (const std::int64_t n : {1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 100}) {
    Operand<std::uint32_t> words = draw(n);
    Operand<T> want(1, n, 0, 1);
    for (std::int64_t i = 0; i < n; ++i) want.at(0, i) = static_cast<T>(-1 + unit<T>(words, i) * 3);
    uniform(words.first, n, T(-1), T(3));
    compare(words, want, epsilon, text("%s uniform float%d: %d", table.isa, int(8 * sizeof(T)), int(n)));
  }
  for (const std::int64_t blocks : {1, 2, 3, 4, 7}) {
    Operand<std::uint32_t> words = draw(16 * blocks);
    Operand<T> want(1, 16 * blocks, 0, 1);
    for (std::int64_t b = 0; b < blocks; ++b) {
      for (std::int64_t i = 16 * b; i < 16 * b + 8; ++i) {
        const double radius = std::sqrt(-2 * std::log(static_cast<double>(T(1) - static_cast<T>(unit<T>(words, i)))));
        const double angle = T(2 * std::numbers::pi) * static_cast<T>(unit<T>(words, i + 8));
        want.at(0, i) = static_cast<T>(0.5 + 2 * radius * std::cos(angle));
        want.at(0, i + 8) = static_cast<T>(0.5 + 2 * radius * std::sin(angle));
      }
    }
    normal(words.first, blocks, T(0.5), T(2));
    compare(words, want, 32 * epsilon, text("%s normal float%d: %d blocks", table.isa, int(8 * sizeof(T)), int(blocks)));
  }
}

}  // namespace

void test_random(const KernelTable& table, Report& report) {
  test_words(table, report);
  test_floats<float>(table, table.random->uniform_f32, table.random->normal_f32, report);
  test_floats<double>(table, table.random->uniform_f64, table.random->normal_f64, report);
}

}  // namespace wengert::selftest
