// The matrix product over one block: every tile height and width, operands in place and packed, batches.
#include <cstddef>

#include "selftest/product.h"

namespace wengert::selftest {
namespace {

template <class T>
struct Case {
  std::int64_t M, N, K;
  bool a_packed, b_packed;
  int a_layout, b_layout, c_layout;
  T alpha;
  bool accumulate;
};

struct Steps {
  std::int64_t row, col;
};
Steps layout(int kind, std::int64_t rows, std::int64_t columns) {
  const Steps kinds[] = {{columns, 1}, {columns + 3, 1}, {1, rows + 2}, {2 * columns + 1, 2}, {-columns, 1}, {0, 1}};
  return kinds[kind];
}

Operand<char> packed_memory(std::int64_t bytes) { return Operand<char>(1, bytes, 0, 1, alignof(std::max_align_t)); }

template <class T>
void run_case(const GemmKernel& kernel, const Case<T>& k, Source& source, Report& report, const char* isa) {
  const Steps as = layout(k.a_layout, k.M, k.K), bs = layout(k.b_layout, k.K, k.N), cs = layout(k.c_layout, k.M, k.N);
  Operand<T> a(k.M, k.K, as.row, as.col), b(k.K, k.N, bs.row, bs.col), c(k.M, k.N, cs.row, cs.col);
  for (auto* operand : {&a, &b, &c}) operand->fill([&] { return matrix_value<T>(source); });
  const Operand<T> want = c;
  multiply_naively(a, b, k.alpha, k.accumulate, want);

  const auto packed_a = packed_memory((k.M + kernel.rows - 1) / kernel.rows * kernel.packed_rows * k.K * kernel.packed_bytes);
  const auto packed_b = packed_memory((k.N + kernel.vector - 1) / kernel.vector * kernel.vector * k.K * kernel.packed_bytes);
  if (k.a_packed) kernel.pack_a(a.first, a.row_step, a.step, k.M, k.K, packed_a.first);
  if (k.b_packed) kernel.pack_b(b.first, b.row_step, b.step, k.K, k.N, packed_b.first);
  GemmArgs args = {};
  args.M = k.M, args.N = k.N, args.K = k.K;
  args.a = k.a_packed ? static_cast<const void*>(packed_a.first) : a.first, args.a_row = a.row_step, args.a_col = a.step;
  args.b = k.b_packed ? static_cast<const void*>(packed_b.first) : b.first, args.b_row = b.row_step;
  args.c = c.first, args.c_row = c.row_step, args.c_col = c.step;
  args.count = 1, args.alpha = &k.alpha;
  args.accumulate = k.accumulate, args.a_packed = k.a_packed, args.b_packed = k.b_packed;
  kernel.multiply(args);
  report.add(agree(c, want, sum_tolerance<T>(k.K)) && packed_a.memory.intact() && packed_b.memory.intact(),
             text("%s gemm %s: %lldx%lldx%lld, a layout %d%s, b layout %d%s, c layout %d%s", isa, info(dtype_of<T>::value).name,
                  static_cast<long long>(k.M), static_cast<long long>(k.N), static_cast<long long>(k.K), k.a_layout,
                  k.a_packed ? " packed" : "", k.b_layout, k.b_packed ? " packed" : "", k.c_layout,
                  k.accumulate ? ", accumulated" : ""));
}

// Three products one after the other in memory, in place, with one B for all of them.
template <class T>
void run_batch(const GemmKernel& kernel, std::int64_t M, std::int64_t N, std::int64_t K, Source& source, Report& report,
               const char* isa) {
  constexpr std::int64_t kCount = 3;
  Operand<T> a(kCount * M, K, K, 1), b(K, N, N, 1), c(kCount * M, N, N, 1);
  for (auto* operand : {&a, &b, &c}) operand->fill([&] { return matrix_value<T>(source); });
  const Operand<T> want = c;
  const T alpha = 1;
  multiply_naively(a, b, alpha, false, want);
  GemmArgs args = {};
  args.M = M, args.N = N, args.K = K;
  args.a = a.first, args.a_row = K, args.a_col = 1, args.b = b.first, args.b_row = N;
  args.c = c.first, args.c_row = N, args.c_col = 1;
  args.count = kCount, args.a_step = M * K, args.b_step = 0, args.c_step = M * N;
  args.alpha = &alpha;
  kernel.multiply(args);
  report.add(agree(c, want, sum_tolerance<T>(K)),
             text("%s gemm %s: %lld of %lldx%lldx%lld", isa, info(dtype_of<T>::value).name, static_cast<long long>(kCount),
                  static_cast<long long>(M), static_cast<long long>(N), static_cast<long long>(K)));
}

template <class T>
void test_dtype(const GemmKernel& kernel, Report& report, const char* isa) {
  Source source;
  const std::int64_t v = kernel.vector, rows = kernel.rows, columns = kernel.columns;
  for (const std::int64_t M : {std::int64_t{1}, std::int64_t{2}, rows - 1, rows, rows + 1, 3 * rows + 2}) {
    for (const std::int64_t N :
         {std::int64_t{1}, v - 1, v, v + 1, columns - 1, columns, columns + 1, columns + v, 3 * columns + 3}) {
      if (N < 1) continue;
      for (const std::int64_t K : {1, 2, 5, 33, 130}) {
        for (int i = 0; i < 6; ++i) {
          Case<T> k = {M,
                       N,
                       K,
                       source.below(2) == 1,
                       source.below(2) == 1,
                       static_cast<int>(source.below(6)),
                       static_cast<int>(source.below(6)),
                       static_cast<int>(source.below(5)),
                       static_cast<T>(source.below(3) - 1),
                       source.below(2) == 1};
          if (!kernel.in_place) k.a_packed = k.b_packed = true;
          if (!kernel.masked && N % v != 0) k.b_packed = true;
          if (!k.b_packed && layout(k.b_layout, K, N).col != 1) k.b_layout = 1;
          run_case(kernel, k, source, report, isa);
        }
        if (kernel.in_place && (kernel.masked || N % v == 0)) run_batch<T>(kernel, M, N, K, source, report, isa);
      }
    }
  }
}

}  // namespace

void test_gemm(const KernelTable& table, Report& report) {
  for (int d = index_of(DType::uint8); d < kDTypes; ++d)
    dispatch(static_cast<DType>(d), [&]<class T>() {
      if constexpr (!std::is_same_v<T, bool>) test_dtype<T>(table.gemm->of[d], report, table.isa);
    });
}

}  // namespace wengert::selftest
