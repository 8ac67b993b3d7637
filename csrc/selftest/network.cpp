// Bands and what is made from them, normalised rows and channels, attention's exponentials.
#include <vector>

#include "selftest/check.h"

namespace wengert::selftest {
namespace {

using std::int64_t;

// A band of random planes, and naive access to what it stands for.
template <class T>
struct Case {
  int64_t planes, in_rows, in_columns, rows, columns, first_row, first_column, step, run;
  Operand<T> in;
  Memory band;  // with the slack that kernels may use
  BandArgs args;

  Case(const ConvKernel& kernel, int64_t in_columns, int64_t columns, int64_t first_column, int64_t step, double pad,
       Source& source)
      : planes(2),
        in_rows(3),
        in_columns(in_columns),
        rows(5),
        columns(columns),
        first_row(-1),
        first_column(first_column),
        step(step),
        run((columns + step - 1) / step),
        in(planes * in_rows, in_columns, in_columns, 1),
        band(static_cast<std::size_t>(planes * rows * step * run) * sizeof(T) + kBandSlack) {
    in.fill([&] { return source.value<T>(); });
    args = {in.bytes(), band.data(), planes,  in_rows * in_columns, rows * step * run, rows, first_row,
            in_rows,    step * run,  columns, first_column,         in_columns,        step, run,
            pad};
    kernel.band(args);
  }
  T padded(int64_t plane, int64_t row, int64_t column) const {
    const int64_t y = first_row + row, x = first_column + column;
    if (y < 0 || y >= in_rows || x < 0 || x >= in_columns) return static_cast<T>(args.pad);
    return in.at(plane * in_rows + y, x);
  }
  int64_t place(int64_t plane, int64_t row, int64_t column) const {
    return (plane * rows + row) * step * run + column % step * run + column / step;
  }
  const T* values() const { return reinterpret_cast<const T*>(band.data()); }
};

template <class T>
void test_bands(const KernelTable& table, const ConvKernel& kernel, int64_t width, int64_t step, Source& source,
                Report& report) {
  const char* type = info(dtype_of<T>::value).name;
  constexpr double kLowest = -HUGE_VAL;
  for (const int64_t first : {int64_t{-2}, int64_t{0}, int64_t{-1}, int64_t{1}}) {
    const int64_t n = (width + 1) / step + 1, columns = (n - 1) * step + 3;  // windows of 3 x 2
    Case<T> c(kernel, width, columns, first, step, 0, source);
    bool ok = c.in.memory.intact();
    for (int64_t p = 0; p < c.planes; ++p)
      for (int64_t r = 0; r < c.rows; ++r)
        for (int64_t q = 0; q < columns; ++q) ok = ok && c.values()[c.place(p, r, q)] == c.padded(p, r, q);
    report.add(ok, text("%s band %s: %lld columns from %lld, step %lld", table.isa, type, static_cast<long long>(columns),
                        static_cast<long long>(first), static_cast<long long>(step)));

    std::vector<int64_t> offset, place;
    for (int64_t h = 0; h < 2; ++h)
      for (int64_t w = 0; w < 3; ++w) offset.push_back(c.place(0, h, w)), place.push_back(h * width + w);
    const auto taps = static_cast<int64_t>(offset.size());
    Operand<T> weight(1, taps + 1, 0, 1), out(4, n, n + 3, 1), want = out;
    weight.fill([&] { return source.value<T>(); });
    WindowArgs args = {c.band.data(), out.bytes(), 4, n, step * c.run, n + 3, offset.data(), taps, weight.bytes(), place.data(),
                       nullptr,       0,           0, 0};
    for (int64_t r = 0; r < 4; ++r)
      for (int64_t j = 0; j < n; ++j) {
        double sum = weight.at(0, taps);
        for (int64_t t = 0; t < taps; ++t) sum += double(weight.at(0, t)) * c.padded(0, r + t / 3, j * step + t % 3);
        want.at(r, j) = static_cast<T>(sum);
      }
    kernel.sums(args);
    report.add(agree(out, want, sum_tolerance<T>(8)),
               text("%s window sums %s: %lld", table.isa, type, static_cast<long long>(n)));

    Operand<T> products(1, taps, 0, 1), expected = products;
    for (int64_t t = 0; t < taps; ++t) {
      double sum = products.at(0, t) = 1;
      for (int64_t r = 0; r < 4; ++r)
        for (int64_t j = 0; j < n; ++j) sum += double(out.at(r, j)) * c.padded(0, r + t / 3, j * step + t % 3);
      expected.at(0, t) = static_cast<T>(sum);
    }
    kernel.products(args, products.bytes());
    report.add(agree(products, expected, 8 * sum_tolerance<T>(4 * n)),
               text("%s window products %s: %lld", table.isa, type, static_cast<long long>(n)));

    Case<T> lowest(kernel, width, columns, first, step, kLowest, source);
    Operand<int64_t> index(4, n, n + 3, 1), want_index = index;
    args.in = lowest.band.data(), args.index = index.first;
    args.place_base = -width + first, args.place_step = step, args.place_row = width;
    const bool found = kernel.extremes(args);
    bool none = false;
    for (int64_t r = 0; r < 4; ++r)
      for (int64_t j = 0; j < n; ++j) {
        T best = static_cast<T>(kLowest);
        int64_t at = -1;
        for (int64_t t = 0; t < taps; ++t)
          if (const T x = lowest.padded(0, r + t / 3, j * step + t % 3); x > best)
            best = x, at = args.place_base + j * step + r * width + place[static_cast<std::size_t>(t)];
        want.at(r, j) = best, want_index.at(r, j) = at;
        none = none || at < 0;
      }
    report.add(found == !none && agree(out, want) && agree(index, want_index),
               text("%s window extremes %s: %lld, step %lld", table.isa, type, static_cast<long long>(n),
                    static_cast<long long>(step)));

    constexpr int64_t kRows = 11;
    std::vector<BandRun> vectors, lines;
    for (int64_t r = 0; r < 2; ++r) {
      lines.push_back({r * step * c.run, 0, n});
      for (int64_t x = 0; x < n; x += kernel.vector)
        vectors.push_back({r * step * c.run + x, r * n + x, std::min<int64_t>(kernel.vector, n - x)});
    }
    const auto tap = [&](int64_t t, int64_t place) { return double(c.padded(0, place / n + t / 3, place % n * step + t % 3)); };
    Operand<T> rows(kRows, taps + 1, taps + 1, 1), sums(kRows, 2 * n, 2 * n, 1), want_sums = sums;
    rows.fill([&] { return source.value<T>(); });
    for (int64_t m = 0; m < kRows; ++m)
      for (int64_t j = 0; j < 2 * n; ++j) {
        double sum = rows.at(m, taps);
        for (int64_t t = 0; t < taps; ++t) sum += rows.at(m, t) * tap(t, j);
        want_sums.at(m, j) = static_cast<T>(sum);
      }
    kernel.taps({c.band.data(), offset.data(), taps, rows.bytes(), taps + 1, kRows, sums.bytes(), 2 * n, vectors.data(),
                 static_cast<int64_t>(vectors.size()), true});
    report.add(agree(sums, want_sums, sum_tolerance<T>(8)),
               text("%s taps %s: %lld", table.isa, type, static_cast<long long>(n)));

    for (const int64_t width_of_panel : {int64_t{1}, int64_t{kernel.vector}, int64_t{kernel.panel} - 1}) {
      const int64_t wide = (width_of_panel + kernel.vector - 1) / kernel.vector * kernel.vector;
      Operand<T> factors(2 * n, wide, wide, 1), to_rows(taps, width_of_panel, width_of_panel, 1);
      factors.fill([&] { return source.value<T>(); });
      to_rows.fill([] { return T(1); });
      Operand<T> want_rows = to_rows;
      for (int64_t t = 0; t < taps; ++t)
        for (int64_t m = 0; m < width_of_panel; ++m) {
          double sum = 1;
          for (int64_t j = 0; j < 2 * n; ++j) sum += factors.at(j, m) * tap(t, j);
          want_rows.at(t, m) = static_cast<T>(sum);
        }
      kernel.tap_products({c.band.data(), offset.data(), taps, lines.data(), 2, factors.bytes(), to_rows.bytes(),
                           width_of_panel, width_of_panel, true});
      report.add(agree(to_rows, want_rows, sum_tolerance<T>(2 * n + 8)),
                 text("%s products of taps %s: %lld", table.isa, type, static_cast<long long>(n)));
    }

    if (n < 3) continue;
    const BandRun runs[] = {{1, 0, n - 1}, {step * c.run, n - 1, n}};
    const int64_t pitch = 2 * n + 2;
    Memory made(static_cast<std::size_t>((taps + 1) * pitch) * sizeof(T) + kBandSlack);
    kernel.columns({c.band.data(), offset.data(), taps, made.data(), pitch, runs, 2, true});
    const auto* column = reinterpret_cast<const T*>(made.data());
    ok = made.intact();
    for (int64_t t = 0; t <= taps; ++t)
      for (int64_t j = 0; j < 2 * n - 1; ++j) {
        const int64_t from = j < n - 1 ? 1 + j : step * c.run + j - (n - 1);
        ok = ok && column[t * pitch + j] == (t < taps ? c.values()[offset[static_cast<std::size_t>(t)] + from] : T(1));
      }
    report.add(ok, text("%s columns %s: %lld", table.isa, type, static_cast<long long>(n)));
  }
}

template <class T>
void test_normalize(const KernelTable& table, const NormalizeKernel& kernel, int64_t n, Source& source, Report& report) {
  const char* type = info(dtype_of<T>::value).name;
  const double tolerance = 16 * sum_tolerance<T>(8), eps = 0.1;
  for (const bool centred : {true, false}) {
    Operand<T> in(3, n, n, 1), grad(3, n, n, 1), weight(1, n, 0, 1), bias(1, n, 0, 1), out(3, n, n, 1), want = out;
    Operand<T> to_weight(1, n, 0, 1), to_bias(1, n, 0, 1);
    for (Operand<T>* each : {&in, &grad, &weight, &bias}) each->fill([&] { return source.value<T>(); });
    for (Operand<T>* each : {&to_weight, &to_bias}) each->fill([] { return T(1); });
    Operand<T> want_weight = to_weight, want_bias = to_bias, want_in = out;
    NormalizeArgs args = {in.bytes(), weight.bytes(), bias.bytes(), out.bytes(), 3, n, eps, centred, nullptr, nullptr, nullptr};
    for (int64_t r = 0; r < 3; ++r) {
      double mean = 0, squares = 0, shift = 0, tilt = 0;
      for (int64_t j = 0; j < n; ++j) mean += centred ? in.at(r, j) / double(n) : 0;
      for (int64_t j = 0; j < n; ++j) squares += (in.at(r, j) - mean) * (in.at(r, j) - mean) / double(n);
      const double scale = 1 / std::sqrt(squares + eps);
      const auto y = [&](int64_t j) { return (in.at(r, j) - mean) * scale; };
      for (int64_t j = 0; j < n; ++j) {
        const double h = double(grad.at(r, j)) * weight.at(0, j);
        shift += centred ? h / double(n) : 0, tilt += h * y(j) / double(n);
        want.at(r, j) = static_cast<T>(y(j) * weight.at(0, j) + bias.at(0, j));
        want_weight.at(0, j) += static_cast<T>(grad.at(r, j) * y(j));
        want_bias.at(0, j) += grad.at(r, j);
      }
      for (int64_t j = 0; j < n; ++j)
        want_in.at(r, j) = static_cast<T>(scale * (double(grad.at(r, j)) * weight.at(0, j) - shift - y(j) * tilt));
    }
    kernel.rows(args);
    report.add(agree(out, want, tolerance), text("%s rows %s: %lld", table.isa, type, static_cast<long long>(n)));
    args.grad = grad.bytes(), args.to_weight = to_weight.bytes(), args.to_bias = to_bias.bytes();
    kernel.rows_gradient(args);
    report.add(
        agree(out, want_in, tolerance) && agree(to_weight, want_weight, tolerance) && agree(to_bias, want_bias, tolerance),
        text("%s rows' gradient %s: %lld", table.isa, type, static_cast<long long>(n)));
  }
}

// Channels across rows: four numbers each.
template <class T>
void test_across(const KernelTable& table, const NormalizeKernel& kernel, int64_t n, Source& source, Report& report) {
  const char* type = info(dtype_of<T>::value).name;
  const int64_t rows = 70, row = n + 3;
  Operand<T> grad(rows, n, row, 1), in = grad, out = grad, want_map = grad, want_mix = grad, numbers(4, n, n, 1);
  for (Operand<T>* each : {&grad, &in, &numbers}) each->fill([&] { return source.value<T>(); });
  std::vector<double> sums(static_cast<std::size_t>(n)), products = sums;
  Operand<double> want_sums(2, n, n, 1), found = want_sums;
  for (int64_t j = 0; j < n; ++j) {
    double sum = 0, product = 0;
    for (int64_t r = 0; r < rows; ++r) {
      const double x = double(in.at(r, j)) - numbers.at(3, j);
      sum += grad.at(r, j), product += grad.at(r, j) * x;
      want_map.at(r, j) = static_cast<T>(numbers.at(0, j) * x + numbers.at(1, j));
      want_mix.at(r, j) = static_cast<T>(double(numbers.at(0, j)) * grad.at(r, j) + numbers.at(1, j) * x + numbers.at(2, j));
    }
    want_sums.at(0, j) = sum, want_sums.at(1, j) = product;
  }
  const AcrossArgs args = {grad.bytes(),      in.bytes(),        out.bytes(),      rows, n, row, &numbers.at(0, 0),
                           &numbers.at(1, 0), &numbers.at(2, 0), &numbers.at(3, 0)};
  kernel.sums_across(args, sums.data(), products.data());
  for (int64_t j = 0; j < n; ++j) {
    found.at(0, j) = sums[static_cast<std::size_t>(j)], found.at(1, j) = products[static_cast<std::size_t>(j)];
  }
  bool ok = agree(found, want_sums, rows * sum_tolerance<T>(8));
  kernel.map_across(args);
  ok = ok && agree(out, want_map, sum_tolerance<T>(8));
  kernel.mix_across(args);
  ok = ok && agree(out, want_mix, sum_tolerance<T>(8));
  report.add(ok, text("%s channels across rows %s: %lld", table.isa, type, static_cast<long long>(n)));
}

template <class T>
void test_attention(const KernelTable& table, const AttentionKernel& kernel, int64_t n, Source& source, Report& report) {
  const char* type = info(dtype_of<T>::value).name;
  constexpr int64_t kWidth = 5;
  for (const bool causal : {false, true}) {
    const int64_t pitch = n + 3, visible = causal ? n / 2 : n;
    Operand<T> scores(2, n, pitch, 1), mask(2, n, n, 1), out(2, kWidth, kWidth, 1);
    for (Operand<T>* each : {&scores, &mask, &out}) each->fill([&] { return source.value<T>(); });
    Operand<T> want = scores, want_out = out;
    double largest[2] = {-0.5, -HUGE_VAL}, sum[2] = {1.25, 0}, want_sum[2], log_sum[2] = {0.5, -0.25}, total[2] = {0.25, 1};
    for (int64_t r = 0; r < 2; ++r) {
      const int64_t seen = causal ? std::min(visible + r, n) : n;
      double most = largest[r];
      for (int64_t j = 0; j < seen; ++j) most = std::max(most, double(static_cast<T>(scores.at(r, j) + mask.at(r, j))));
      const double factor = seen || r == 0 ? std::exp(largest[r] - most) : 0;
      want_sum[r] = sum[r] * factor;
      for (int64_t j = 0; j < n; ++j) {
        const double e = j < seen ? std::exp(static_cast<T>(scores.at(r, j) + mask.at(r, j)) - most) : 0;
        want.at(r, j) = static_cast<T>(e);
        want_sum[r] += e;
      }
      for (int64_t j = 0; j < kWidth; ++j) want_out.at(r, j) = static_cast<T>(out.at(r, j) * factor);
    }
    if (!causal || visible > 0) {
      Operand<T> again = scores, gradient = scores;
      AttentionArgs args = {scores.bytes(), 2,      n,      pitch,   mask.bytes(), n,       visible, causal, largest, sum,
                            out.bytes(),    kWidth, kWidth, nullptr, nullptr,      nullptr, 0};
      kernel.exponentials(args);
      const bool sums =
          std::abs(sum[0] - want_sum[0]) < 1e-5 * want_sum[0] && std::abs(sum[1] - want_sum[1]) < 1e-5 * want_sum[1];
      report.add(sums && agree(scores, want, sum_tolerance<T>(8)) && agree(out, want_out, sum_tolerance<T>(8)),
                 text("%s attention %s: %lld", table.isa, type, static_cast<long long>(n)));
      Operand<T> p = again, d = gradient;
      args.scores = again.bytes(), args.gradient = gradient.bytes(), args.log_sum = log_sum, args.total = total,
      args.scale = 0.5;
      for (int64_t r = 0; r < 2; ++r)
        for (int64_t j = 0; j < n; ++j) {
          const bool seen = !causal || j < visible + r;
          const double e = seen ? std::exp(double(static_cast<T>(p.at(r, j) + mask.at(r, j))) - log_sum[r]) : 0;
          d.at(r, j) = static_cast<T>(seen ? e * (d.at(r, j) - total[r]) * 0.5 : 0);
          p.at(r, j) = static_cast<T>(e);
        }
      kernel.probabilities(args);
      report.add(agree(again, p, sum_tolerance<T>(16)) && agree(gradient, d, sum_tolerance<T>(16)),
                 text("%s attention's gradient %s: %lld", table.isa, type, static_cast<long long>(n)));
    }
  }
}

template <class T>
void test_type(const KernelTable& table, Report& report) {
  constexpr int kType = sizeof(T) == 8;
  Source source;
  for (const int64_t n : {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 70}) {
    for (const int64_t step : {1, 2, 3}) test_bands<T>(table, table.conv->of[kType], n, step, source, report);
    test_normalize<T>(table, table.normalize->of[kType], n, source, report);
    test_across<T>(table, table.normalize->of[kType], n, source, report);
    test_attention<T>(table, table.attention->of[kType], n, source, report);
  }
  test_normalize<T>(table, table.normalize->of[kType], 5000, source, report);
}

}  // namespace

void test_network(const KernelTable& table, Report& report) {
  test_type<float>(table, report);
  test_type<double>(table, report);
}

}  // namespace wengert::selftest
