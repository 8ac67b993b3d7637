// What the parts of the self-test share: memory whose ends are guarded, strided operands in it, and the count of failures.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>

#include "core/dtype.h"
#include "kernels/table.h"

namespace wengert::selftest {

// The outcome of one family of one instruction set.
struct Report {
  std::int64_t cases = 0, failures = 0;

  void add(bool ok, const std::string& what) {
    ++cases;
    if (ok) return;
    if (++failures <= 5) std::fprintf(stderr, "  FAILED %s\n", what.c_str());
  }
};

// A family's test.
void test_elementwise(const KernelTable& table, Report& report);
void test_copy(const KernelTable& table, Report& report);
void test_reduce(const KernelTable& table, Report& report);
void test_totals(const KernelTable& table, Report& report);
void test_scan(const KernelTable& table, Report& report);
void test_gemm(const KernelTable& table, Report& report);
void test_gemv(const KernelTable& table, Report& report);
void test_sort(const KernelTable& table, Report& report);
void test_random(const KernelTable& table, Report& report);
void test_network(const KernelTable& table, Report& report);
void test_optimize(const KernelTable& table, Report& report);
void test_recurrent(const KernelTable& table, Report& report);
void test_probe(const KernelTable& table, Report& report);

// Bytes that end at an unmapped page, so that a read past them is a fault; in front of them stand guard bytes.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : bytes_(bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    mapped_ = (bytes + kGuardBytes + page - 1) / page * page + page;
    void* region = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region == MAP_FAILED || mprotect(static_cast<char*>(region) + mapped_ - page, page, PROT_NONE) != 0) std::abort();
    region_ = static_cast<unsigned char*>(region);
    data_ = region_ + mapped_ - page - bytes;
    std::memset(region_, kGuard, mapped_ - page);
  }
  Memory(const Memory& other) : Memory(other.bytes_) { std::memcpy(data_, other.data_, bytes_); }
  Memory& operator=(const Memory&) = delete;
  ~Memory() { munmap(region_, mapped_); }

  char* data() const { return reinterpret_cast<char*>(data_); }
  std::size_t bytes() const { return bytes_; }
  bool intact() const {
    return std::all_of(region_, data_, [](unsigned char byte) { return byte == kGuard; });
  }

 private:
  static constexpr std::size_t kGuardBytes = 256;
  static constexpr unsigned char kGuard = 0xa5;
  std::size_t bytes_, mapped_;
  unsigned char *region_, *data_;
};

// rows x n elements at steps (in elements) of any sign. `aligned_to` bytes: where the first one starts; 0: nothing is asked.
template <class T>
struct Operand {
  std::int64_t rows, n, row_step, step;
  Memory memory;
  T* first;

  Operand(std::int64_t rows, std::int64_t n, std::int64_t row_step, std::int64_t step, std::size_t aligned_to = 0)
      : rows(rows),
        n(n),
        row_step(row_step),
        step(step),
        memory(size_of(aligned_to)),
        first(reinterpret_cast<T*>(memory.data())) {
    first -= std::min<std::int64_t>(0, (rows - 1) * row_step) + std::min<std::int64_t>(0, (n - 1) * step);
  }
  Operand(const Operand& other) : Operand(other.rows, other.n, other.row_step, other.step) {
    // Copies of aligned operands are only ever expectations: their alignment does not matter.
    std::memcpy(memory.data(), other.memory.data(), memory.bytes());
  }
  T& at(std::int64_t row, std::int64_t i = 0) const { return first[row * row_step + i * step]; }
  char* bytes() const { return reinterpret_cast<char*>(first); }
  std::int64_t step_bytes() const { return step * static_cast<std::int64_t>(sizeof(T)); }
  std::int64_t row_step_bytes() const { return row_step * static_cast<std::int64_t>(sizeof(T)); }
  std::int64_t count() const { return static_cast<std::int64_t>(memory.bytes() / sizeof(T)); }

  template <class Make>
  void fill(Make make) {
    T* p = reinterpret_cast<T*>(memory.data());
    for (std::int64_t i = 0; i < count(); ++i) p[i] = make();
  }

 private:
  std::size_t size_of(std::size_t aligned_to) const {
    const std::size_t bytes = (std::abs((rows - 1) * row_step) + std::abs((n - 1) * step) + 1) * sizeof(T);
    return aligned_to ? (bytes + aligned_to - 1) / aligned_to * aligned_to : bytes;
  }
};

template <class T>
bool close(T got, T want, double tolerance) {
  if (std::memcmp(&got, &want, sizeof(T)) == 0) return true;
  if (std::isnan(want)) return std::isnan(got);
  return got == want || std::abs(double(got) - double(want)) <= tolerance * std::max(1.0, std::abs(double(want)));
}

// The whole memory of a result against what it must hold: gaps and guards have not changed.
template <class T>
bool agree(const Operand<T>& got, const Operand<T>& want, double tolerance = 0) {
  bool ok = std::memcmp(got.memory.data(), want.memory.data(), want.memory.bytes()) == 0;
  if constexpr (std::is_floating_point_v<T>) {
    const T *a = reinterpret_cast<const T*>(got.memory.data()), *b = reinterpret_cast<const T*>(want.memory.data());
    if (!ok) ok = std::equal(a, a + want.count(), b, [&](T x, T y) { return close(x, y, tolerance); });
  }
  return ok && got.memory.intact();
}

// Relative error that sums of `terms` numbers of size one may have.
template <class T>
double sum_tolerance(std::int64_t terms) {
  if (!std::is_floating_point_v<T>) return 0;
  return (sizeof(T) == 4 ? 0x1p-22 : 0x1p-51) * static_cast<double>(terms + 4);
}

class Source {  // splitmix64
 public:
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(n)); }
  // Floats in [-2, 2), integers of any bits.
  template <class T>
  T value() {
    if constexpr (std::is_same_v<T, bool>)
      return bits() & 1;
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(static_cast<double>(bits() >> 11) * 0x1p-51 - 2);
    else
      return static_cast<T>(bits());
  }

 private:
  std::uint64_t state_ = 1;
};

// Integers wrap.
template <class T>
T multiply(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a * b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}
template <class T>
T plus(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a + b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

inline std::string text(const char* format, ...) __attribute__((format(printf, 1, 2)));
inline std::string text(const char* format, ...) {
  char line[256];
  va_list args;
  va_start(args, format);
  std::vsnprintf(line, sizeof line, format, args);
  va_end(args);
  return line;
}

}  // namespace wengert::selftest
