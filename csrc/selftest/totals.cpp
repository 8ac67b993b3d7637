// Sums of what is made of the elements, products, counts, moments, exponentials.
#include <limits>

#include "selftest/check.h"

namespace wengert::selftest {
namespace {

struct Steps {
  std::int64_t result, reduced;
  bool columns;
};

// expected(at): the result made of at(0), ..., at(count - 1).
template <class T, class Out, class Expected>
void run_case(const char* what, ReduceLoop rows, ReduceLoop columns, std::int64_t n, std::int64_t count, Source& source,
              Report& report, double tolerance, Expected expected) {
  const Steps layouts[] = {{count + 3, 1, false}, {-count, -1, false}, {2, 2 * n + 1, false},
                           {0, 1, false},         {1, n + 5, true},    {1, -(n + 1), true}};
  for (const Steps& layout : layouts) {
    Operand<T> in(n, count, layout.result, layout.reduced);
    in.fill([&] {
      if (source.below(5) == 0) return T(0);
      if (std::is_floating_point_v<T> && source.below(64) == 0) return std::numeric_limits<T>::quiet_NaN();
      return source.value<T>();
    });
    Operand<Out> out(n, 1, layout.columns ? 1 : 2, 1), want = out;
    for (std::int64_t i = 0; i < n; ++i) want.at(i) = expected([&](std::int64_t j) { return in.at(i, j); });
    ReduceArgs args = {};
    args.out = out.bytes(), args.out_step = out.row_step_bytes();
    args.in = in.bytes(), args.in_step = in.row_step_bytes(), args.reduce_step = in.step_bytes();
    args.n = n, args.count = count;
    (layout.columns ? columns : rows)(args);
    bool ok = out.memory.intact();
    for (std::int64_t i = 0; i < n; ++i) {
      if constexpr (std::is_same_v<Out, Moments>) {
        ok = ok && out.at(i).count == want.at(i).count && close(out.at(i).mean, want.at(i).mean, tolerance) &&
             close(out.at(i).deviations, want.at(i).deviations, tolerance * static_cast<double>(count));
      } else if constexpr (std::is_same_v<Out, Exponentials>) {
        const auto value = [](const Exponentials& e) { return e.shift + std::log(e.sum); };
        ok = ok && close(value(out.at(i)), value(want.at(i)), tolerance);
      } else {
        ok = ok && close(out.at(i), want.at(i), tolerance);
      }
    }
    report.add(ok, text("%s: %lld of %lld, steps %lld %lld%s", what, static_cast<long long>(n), static_cast<long long>(count),
                        static_cast<long long>(layout.result), static_cast<long long>(layout.reduced),
                        layout.columns ? ", columns" : ""));
  }
}

template <class T>
void test_floats(const KernelTable& table, std::int64_t n, std::int64_t count, Source& source, Report& report) {
  const int d = index_of(dtype_of<T>::value);
  const double tolerance = sum_tolerance<T>(count);
  const auto run = [&]<class Out>(const char* name, const Reduction& reduction, double allowed, auto expected) {
    const std::string what = text("%s %s %s", table.isa, name, info(dtype_of<T>::value).name);
    run_case<T, Out>(what.c_str(), reduction.rows[d], reduction.columns[d], n, count, source, report, allowed, expected);
  };
  const auto total = [count](auto map) {
    return [count, map](auto at) {
      double sum = 0;
      for (std::int64_t j = 0; j < count; ++j) sum += map(static_cast<double>(at(j)));
      return sum;
    };
  };
  run.template operator()<T>("sum_without_nan", table.sums->sum_without_nan, tolerance, [&](auto at) {
    return static_cast<T>(total([](double x) { return std::isnan(x) ? 0 : x; })(at));
  });
  run.template operator()<T>("sum_of_magnitudes", table.sums->sum_of_magnitudes, tolerance,
                             [&](auto at) { return static_cast<T>(total([](double x) { return std::abs(x); })(at)); });
  run.template operator()<double>("sum_of_squares", table.products->sum_of_squares, sum_tolerance<double>(count),
                                  total([](double x) { return x * x; }));
  run.template operator()<double>("product", table.products->product, sum_tolerance<double>(count), [&](auto at) {
    double product = 1;
    for (std::int64_t j = 0; j < count; ++j) product *= at(j);
    return product;
  });
  run.template operator()<std::int64_t>("numbers", table.counts->numbers, 0, [&](auto at) {
    std::int64_t numbers = 0;
    for (std::int64_t j = 0; j < count; ++j) numbers += !std::isnan(at(j));
    return numbers;
  });
  run.template operator()<Moments>("moments", table.moments->moments, 0x1p-45, [&](auto at) {
    long double mean = 0, deviations = 0;
    for (std::int64_t j = 0; j < count; ++j) mean += at(j);
    mean /= static_cast<long double>(count);
    for (std::int64_t j = 0; j < count; ++j) deviations += (at(j) - mean) * (at(j) - mean);
    return Moments{static_cast<double>(count), static_cast<double>(mean), static_cast<double>(deviations)};
  });
  run.template operator()<Exponentials>("exponentials", table.softmax->exponentials, tolerance, [&](auto at) {
    double sum = 0;
    for (std::int64_t j = 0; j < count; ++j) sum += std::exp(static_cast<double>(at(j)));
    return Exponentials{0, sum};
  });
}

}  // namespace

void test_totals(const KernelTable& table, Report& report) {
  Source source;
  const std::int64_t w = table.vector_bytes / 4;
  for (const std::int64_t count :
       {std::int64_t{1}, std::int64_t{3}, w - 1, 5 * w + 3, std::int64_t{1500}, std::int64_t{9000}}) {
    for (const std::int64_t n : {std::int64_t{1}, w + 1, 5 * w + 3}) {
      if (count > 1000 && n > w + 1) continue;
      test_floats<float>(table, n, count, source, report);
      test_floats<double>(table, n, count, source, report);
      for (int d = 0; d < kDTypes; ++d) {
        dispatch(static_cast<DType>(d), [&]<class T>() {
          const std::string what = text("%s nonzero %s", table.isa, info(static_cast<DType>(d)).name);
          run_case<T, std::int64_t>(what.c_str(), table.counts->nonzero.rows[d], table.counts->nonzero.columns[d], n, count,
                                    source, report, 0, [&](auto at) {
                                      std::int64_t nonzero = 0;
                                      for (std::int64_t j = 0; j < count; ++j) nonzero += at(j) != T(0);
                                      return nonzero;
                                    });
        });
      }
      const std::string what = text("%s product int64", table.isa);
      run_case<std::int64_t, std::int64_t>(what.c_str(), table.products->product_of_int64[0],
                                           table.products->product_of_int64[1], n, count, source, report, 0, [&](auto at) {
                                             std::uint64_t product = 1;
                                             for (std::int64_t j = 0; j < count; ++j)
                                               product *= static_cast<std::uint64_t>(at(j));
                                             return static_cast<std::int64_t>(product);
                                           });
    }
  }
}

}  // namespace wengert::selftest
