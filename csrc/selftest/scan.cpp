// Running sums, products and extremes; softmax.
#include <vector>

#include "selftest/check.h"

namespace wengert::selftest {
namespace {

// expected(in, out, index) fills `count` elements of a line.
template <class T, class Expected>
void run_case(const std::string& what, const Scan& scan, bool indexed, std::int64_t lines, std::int64_t count, Source& source,
              Report& report, double tolerance, Expected expected) {
  for (const bool columns : {false, true}) {
    const std::int64_t line = columns ? 1 : count, step = columns ? lines : 1;
    Operand<T> in(lines, count, line, step);
    in.fill([&] { return source.value<T>(); });
    Operand<T> out(lines, count, line, step), want = out;
    Operand<std::int64_t> index(lines, count, line, step), want_index = index;
    std::vector<T> from(static_cast<std::size_t>(count)), to = from;
    std::vector<std::int64_t> positions(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < lines; ++i) {
      for (std::int64_t j = 0; j < count; ++j) from[static_cast<std::size_t>(j)] = in.at(i, j);
      expected(from, to, positions);
      for (std::int64_t j = 0; j < count; ++j) {
        want.at(i, j) = to[static_cast<std::size_t>(j)];
        if (indexed) want_index.at(i, j) = positions[static_cast<std::size_t>(j)];
      }
    }
    const ScanLoop loop = columns ? scan.columns : scan.rows;
    loop({out.bytes(), indexed ? index.first : nullptr, in.bytes(), line, step, lines, count});
    bool ok = agree(out, want, tolerance) && agree(index, want_index);
    if (!indexed) {  // over its own input
      loop({in.bytes(), nullptr, in.bytes(), line, step, lines, count});
      ok = ok && agree(in, want, tolerance);
    }
    report.add(ok, text("%s: %lld of %lld%s", what.c_str(), static_cast<long long>(lines), static_cast<long long>(count),
                        columns ? ", columns" : ""));
  }
}

template <class T>
void test_totals_of(const KernelTable& table, int kind, std::int64_t lines, std::int64_t count, Source& source,
                    Report& report) {
  using Wide = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;
  const char* type = info(dtype_of<T>::value).name;
  const auto accumulate = [](auto step) {
    return [step](const std::vector<T>& from, std::vector<T>& to, auto&) {
      Wide total = static_cast<Wide>(from[0]);
      to[0] = from[0];
      for (std::size_t j = 1; j < from.size(); ++j) to[j] = static_cast<T>(total = step(total, static_cast<Wide>(from[j])));
    };
  };
  run_case<T>(text("%s cumsum %s", table.isa, type), table.scans->sum[kind], false, lines, count, source, report,
              sum_tolerance<T>(count), accumulate([](Wide a, Wide b) { return a + b; }));
  run_case<T>(text("%s cumprod %s", table.isa, type), table.scans->product[kind], false, lines, count, source, report,
              sum_tolerance<T>(count), accumulate([](Wide a, Wide b) { return a * b; }));
  if constexpr (std::is_floating_point_v<T>) {
    const auto exponentials = [](const std::vector<T>& from) {
      double sum = 0;
      for (const T x : from) sum += std::exp(static_cast<double>(x));
      return sum;
    };
    run_case<T>(text("%s softmax %s", table.isa, type), table.softmax->softmax[kind - 1], false, lines, count, source, report,
                sum_tolerance<T>(8), [&](const std::vector<T>& from, std::vector<T>& to, auto&) {
                  const double sum = exponentials(from);
                  for (std::size_t j = 0; j < from.size(); ++j)
                    to[j] = static_cast<T>(std::exp(static_cast<double>(from[j])) / sum);
                });
    run_case<T>(text("%s log_softmax %s", table.isa, type), table.softmax->log_softmax[kind - 1], false, lines, count, source,
                report, sum_tolerance<T>(8), [&](const std::vector<T>& from, std::vector<T>& to, auto&) {
                  const double log = std::log(exponentials(from));
                  for (std::size_t j = 0; j < from.size(); ++j) to[j] = static_cast<T>(static_cast<double>(from[j]) - log);
                });
    const ScanLoop loop = table.scans->log_sum_exp[kind - 1];
    run_case<T>(text("%s logcumsumexp %s", table.isa, type), {loop, loop}, false, lines, count, source, report,
                sum_tolerance<T>(8), [](const std::vector<T>& from, std::vector<T>& to, auto&) {
                  double sum = 0;
                  for (std::size_t j = 0; j < from.size(); ++j)
                    to[j] = static_cast<T>(std::log(sum += std::exp(static_cast<double>(from[j]))));
                });
  }
}

}  // namespace

void test_scan(const KernelTable& table, Report& report) {
  Source source;
  const std::int64_t w = table.vector_bytes / 4;
  for (const std::int64_t count : {std::int64_t{1}, std::int64_t{3}, w - 1, 5 * w + 3, std::int64_t{300}}) {
    for (const std::int64_t lines : {std::int64_t{1}, w + 1, 9 * w + 3}) {
      test_totals_of<std::int64_t>(table, 0, lines, count, source, report);
      test_totals_of<float>(table, 1, lines, count, source, report);
      test_totals_of<double>(table, 2, lines, count, source, report);
      for (int d = 0; d < kDTypes; ++d) {
        dispatch(static_cast<DType>(d), [&]<class T>() {
          const auto extremes = [](auto wins) {
            return [wins](const std::vector<T>& from, std::vector<T>& to, std::vector<std::int64_t>& positions) {
              for (std::size_t j = 0; j < from.size(); ++j) {
                const bool won = j == 0 || wins(from[j], to[j - 1]);
                to[j] = won ? from[j] : to[j - 1];
                positions[j] = won ? static_cast<std::int64_t>(j) : positions[j - 1];
              }
            };
          };
          const char* type = info(static_cast<DType>(d)).name;
          run_case<T>(text("%s cummax %s", table.isa, type), table.scans->max[d], true, lines, count, source, report, 0,
                      extremes([](T x, T best) { return x >= best; }));
          run_case<T>(text("%s cummin %s", table.isa, type), table.scans->min[d], true, lines, count, source, report, 0,
                      extremes([](T x, T best) { return x <= best; }));
        });
      }
    }
  }
}

}  // namespace wengert::selftest
