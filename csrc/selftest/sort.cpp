// Rows sorted by the kernels against std::stable_sort, with memory guarded at both ends.
#include <algorithm>
#include <numeric>
#include <vector>

#include "selftest/check.h"

namespace wengert::selftest {
namespace {

template <class T>
bool before(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  }
  return a < b;
}

template <class T>
SortKeys keys_of(bool descending) {
  SortKeys keys{};
  constexpr int kBytes = sizeof(T);
  keys.kind = std::is_floating_point_v<T> ? (kBytes == 4 ? 4 : 5) : kBytes == 1 ? 0 : kBytes == 2 ? 1 : kBytes == 4 ? 2 : 3;
  keys.flip = descending ? ~std::uint64_t{0} >> (64 - 8 * kBytes) : 0;
  if (std::is_integral_v<T> && std::is_signed_v<T>) keys.flip ^= std::uint64_t{1} << (8 * kBytes - 1);
  return keys;
}

template <class T>
void test_rows(const KernelTable& table, const char* name, Report& report) {
  Source source;
  for (const std::int64_t n : {1, 2, 5, 6, 8, 63, 64, 65, 300, 2047, 2048, 20000}) {
    for (const int shift : {0, 3, 40}) {  // fewer and fewer different values
      Operand<T> in(1, n, n, 1);
      for (std::int64_t i = 0; i < n; ++i) {
        const std::uint64_t bits = source.bits() >> shift;
        if constexpr (std::is_floating_point_v<T>) {
          const auto word = static_cast<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>(bits);
          std::memcpy(&in.at(0, i), &word, sizeof word);
          if (bits % 7 == 0) in.at(0, i) = bits % 2 ? T(0) : -T(0);
        } else {
          in.at(0, i) = static_cast<T>(bits);
        }
      }
      for (const bool descending : {false, true}) {
        std::vector<std::int64_t> order(static_cast<std::size_t>(n));
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
          return descending ? before(in.at(0, b), in.at(0, a)) : before(in.at(0, a), in.at(0, b));
        });
        Operand<std::uint64_t> records(1, n, n, 1), spare(1, n, n, 1);
        Operand<std::int64_t> indices(1, n, n, 1);
        Operand<T> values(1, n, n, 1);
        table.sort->row(keys_of<T>(descending), in.first, records.first, spare.first, n, values.first, indices.first);
        bool ok = records.memory.intact() && spare.memory.intact() && indices.memory.intact() && values.memory.intact();
        for (std::int64_t i = 0; i < n; ++i) {
          const std::int64_t from = order[static_cast<std::size_t>(i)];
          ok = ok && indices.at(0, i) == from && std::memcmp(&values.at(0, i), &in.at(0, from), sizeof(T)) == 0;
        }
        report.add(ok, text("%s sort %s: n %lld, shift %d%s", table.isa, name, static_cast<long long>(n), shift,
                            descending ? ", descending" : ""));
      }
    }
  }
}

}  // namespace

void test_sort(const KernelTable& table, Report& report) {
  test_rows<std::uint8_t>(table, "uint8", report);
  test_rows<std::int16_t>(table, "int16", report);
  test_rows<std::int32_t>(table, "int32", report);
  test_rows<std::uint64_t>(table, "uint64", report);
  test_rows<std::int64_t>(table, "int64", report);
  test_rows<float>(table, "float32", report);
  test_rows<double>(table, "float64", report);
}

}  // namespace wengert::selftest
