// The skinny products, each with the strides its contract allows, their packing and the sums of partial results.
#include "selftest/product.h"

namespace wengert::selftest {
namespace {

struct Steps {
  std::int64_t row, col;
};

template <class T>
class Tester {
 public:
  Tester(const GemvKernel& kernel, const KernelTable& table, Report& report)
      : kernel_(kernel), table_(table), report_(report) {}

  void run() {
    const std::int64_t w = table_.vector_bytes / static_cast<std::int64_t>(sizeof(T));
    const std::int64_t sizes[] = {1, 2, w - 1, w, w + 1, 2 * w + 1, 4 * w, 5 * w + 3, kGemvRows + 5, 300};
    for (const std::int64_t M : sizes) {
      for (const std::int64_t K : sizes) {
        if (M < 1 || K < 1) continue;
        product("rows", kernel_.rows, M, 1, K, {K, 1}, {1, 1});
        product("rows", kernel_.rows, M, 1, K, {K + 3, 1}, {1, 1});
        product("rows", kernel_.rows, M, 1, K, {-K, 1}, {1, 1});
        product("columns", kernel_.columns, M, 1, K, {1, M}, {1, 1});
        product("columns", kernel_.columns, M, 1, K, {1, M + 3}, {2, 1});
        product("columns", kernel_.columns, M, 1, K, {1, -M}, {-1, 1});
        product("strided", kernel_.strided, M, 1, K, {2 * K, 2}, {3, 1});
        product("strided", kernel_.strided, M, 1, K, {2, 2 * M}, {-1, 1});
        product("strided", kernel_.strided, M, 1, K, {1, 0}, {0, 1});
        for (const std::int64_t N : {2, 3}) {
          if (!kernel_.few_columns) break;
          product("few_columns", kernel_.few_columns, M, N, K, {1, M + 1}, {1, K});
          product("few_columns", kernel_.few_columns, M, N, K, {1, -M}, {-2 * N, 2});
        }
        product("outer", kernel_.outer, M, K, 1, {2, 1}, {1, 1});
        for (const std::int64_t N : {1, 2, 3, 4, 5, 6, 7, 16})
          if (M <= 5 * w + 3 && K <= 5 * w + 3) product("few", kernel_.few, M, N, K, {K + 1, 1}, {1, K + N % 3});
      }
      if (M >= 1) pack_and_combine(M);
    }
    product("rows", kernel_.rows, 40, 1, 3000, {3000, 1}, {1, 1});
    product("columns", kernel_.columns, 9000, 1, 20, {1, 9000}, {1, 1});
    product("few", kernel_.few, 2 * kGemvRows + 7, 13, 3000, {3000, 1}, {1, 3000});
  }

 private:
  // b has one column or the strides given; c is dense or has gaps, `outer` and many columns want it dense along rows.
  void product(const char* name, GemvLoop loop, std::int64_t M, std::int64_t N, std::int64_t K, Steps as, Steps bs) {
    const bool dense = loop == kernel_.outer || source_.below(2);
    Operand<T> a(M, K, as.row, as.col), b(K, N, bs.row, bs.col), c(M, N, dense ? N : 2 * N + 1, dense ? 1 : 2);
    for (auto* operand : {&a, &b, &c}) operand->fill([&] { return matrix_value<T>(source_); });
    const Operand<T> want = c;
    const T alpha = static_cast<T>(source_.below(3) - 1);
    const bool accumulate = source_.below(2);
    multiply_naively(a, b, alpha, accumulate, want);
    loop(arguments(a, b, c, alpha, accumulate));
    report_.add(
        agree(c, want, sum_tolerance<T>(K)),
        text("%s gemv %s %s: %lldx%lldx%lld, a steps %lld %lld, b steps %lld %lld%s%s", table_.isa, name,
             info(dtype_of<T>::value).name, static_cast<long long>(M), static_cast<long long>(N), static_cast<long long>(K),
             static_cast<long long>(as.row), static_cast<long long>(as.col), static_cast<long long>(bs.row),
             static_cast<long long>(bs.col), dense ? "" : ", c with gaps", accumulate ? ", accumulated" : ""));
  }

  static GemvArgs arguments(const Operand<T>& a, const Operand<T>& b, const Operand<T>& c, const T& alpha, bool accumulate) {
    GemvArgs args = {};
    args.M = a.rows, args.N = b.n, args.K = a.n;
    args.a = a.first, args.a_row = a.row_step, args.a_col = a.step;
    args.b = b.first, args.b_row = b.row_step, args.b_col = b.step;
    args.c = c.first, args.c_row = c.row_step, args.c_col = c.step;
    args.alpha = &alpha, args.accumulate = accumulate;
    return args;
  }

  void pack_and_combine(std::int64_t M) {
    const std::int64_t w = table_.vector_bytes / static_cast<std::int64_t>(sizeof(T));
    for (const std::int64_t N : {std::int64_t{1}, std::int64_t{3}, w, 2 * w + 3}) {
      for (const Steps bs : {Steps{2 * N, 2}, Steps{N, 1}, Steps{-N - 1, 1}, Steps{1, M}}) {
        Operand<T> b(M, N, bs.row, bs.col);
        b.fill([&] { return matrix_value<T>(source_); });
        Operand<T> packed(N, M, M + 2, 1), want = packed;
        for (std::int64_t j = 0; j < N; ++j)
          for (std::int64_t k = 0; k < M; ++k) want.at(j, k) = b.at(k, j);
        kernel_.pack(b.first, b.row_step, b.step, M, N, packed.first, packed.row_step);
        report_.add(agree(packed, want),
                    text("%s gemv pack %s: %lldx%lld, steps %lld %lld", table_.isa, info(dtype_of<T>::value).name,
                         static_cast<long long>(M), static_cast<long long>(N), static_cast<long long>(bs.row),
                         static_cast<long long>(bs.col)));
      }
      if (N > 3) continue;
      for (const std::int64_t count : {1, 2, 3, 8}) {
        // The sum of the blocks is a product with a row of ones.
        Operand<T> ones(1, count, count, 1), blocks(count, M * N, M * N, 1), c(M, N, N + 1, 1);
        ones.fill([] { return T(1); });
        for (auto* operand : {&blocks, &c}) operand->fill([&] { return matrix_value<T>(source_); });
        const T alpha = static_cast<T>(source_.below(3) - 1);
        const bool accumulate = source_.below(2);
        Operand<T> sums(1, M * N, M * N, 1), want_c = c;
        multiply_naively(ones, blocks, T(1), false, sums);
        for (std::int64_t i = 0; i < M; ++i)
          for (std::int64_t j = 0; j < N; ++j)
            want_c.at(i, j) = plus(multiply(alpha, sums.at(0, i * N + j)), accumulate ? c.at(i, j) : T(0));
        GemvArgs args = arguments(ones, blocks, c, alpha, accumulate);
        args.M = M, args.N = N;
        kernel_.combine(blocks.first, count, args);
        report_.add(agree(c, want_c, sum_tolerance<T>(count)) && blocks.memory.intact(),
                    text("%s gemv combine %s: %lld of %lldx%lld", table_.isa, info(dtype_of<T>::value).name,
                         static_cast<long long>(count), static_cast<long long>(M), static_cast<long long>(N)));
      }
    }
  }

  const GemvKernel& kernel_;
  const KernelTable& table_;
  Report& report_;
  Source source_;
};

}  // namespace

void test_gemv(const KernelTable& table, Report& report) {
  for (int d = index_of(DType::uint8); d < kDTypes; ++d)
    dispatch(static_cast<DType>(d), [&]<class T>() {
      if constexpr (!std::is_same_v<T, bool>) Tester<T>(table.gemv->of[d], table, report).run();
    });
}

}  // namespace wengert::selftest
