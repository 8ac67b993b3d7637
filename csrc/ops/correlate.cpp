// Correlations of several channels: weights (results x terms) times taps (terms x places), and the weight's gradient the other
// way round.
#include "ops/correlate.h"

#include <algorithm>

#include "core/parallel.h"
#include "core/scalar.h"
#include "core/scratch.h"
#include "kernels/dispatch.h"
#include "ops/bands.h"

namespace wengert {
namespace {

using std::int64_t;

constexpr int64_t kColumnBytes = 128 << 10;  // of a block of columns
constexpr int64_t kCopyCost = 13;            // multiply-adds that copying an element costs, about
constexpr int64_t kStartCost = 7;            // and what a result costs beside its sum
constexpr int64_t kResultBytes = 64 << 10;   // of results on their way to where they belong
constexpr int64_t kAlone = 4;                // results of a single channel up to which a product would gain nothing

bool alone(const Correlation& c) { return c.channels == 1 && c.groups > 1 && c.results <= kAlone; }

// Rows that are a high power of two apart meet in few sets of a cache.
int64_t uncrowded(int64_t pitch, const GemmKernel& gemm, int64_t size) {
  pitch = round_up(pitch, gemm.vector);
  return pitch > gemm.columns && pitch * size % 1024 == 0 ? pitch + gemm.vector : pitch;
}

// How a row of results comes about: from columns of the taps' elements for a matrix product; or from the band as it lies, in
// whole vectors, of which the last of each row is made in part in vain; or from the band as one long row, whose places between
// two rows are made in vain, and results copied to where they belong.
enum class Way : std::uint8_t { columns, rows, long_row };

Way way(const Correlation& c, const Bands& b) {
  const int64_t width = c.axis[2].count, R = c.results, T = c.terms();
  if (b.images > 1) return Way::columns;
  const int64_t columns = kCopyCost * (T + (b.dense_planes() ? 0 : R)) * width;
  const int64_t rows = b.dense_rows() ? R * (T * (round_up(width, b.kernel.vector) - width) + kStartCost * width) : INT64_MAX;
  const int64_t long_row =
      c.axis[1].step > 1 || c.axis[2].step > 1 ? INT64_MAX : R * (T * (b.row - width) + (kStartCost + kCopyCost) * width);
  return columns <= std::min(rows, long_row) ? Way::columns : rows <= long_row ? Way::rows : Way::long_row;
}

// The work in parts: units, and shares of the results' channels where there are fewer units than threads.
struct Parts {
  int64_t units, share, shares;
  int used;

  Parts(const Correlation& c, const Bands& b, const GemmKernel& gemm, double ns, int threads) : units(b.units() * c.groups) {
    const int64_t wanted = std::clamp<int64_t>(threads / units, 1, ceil_div(c.results, gemm.rows));
    share = round_up(ceil_div(c.results, wanted), gemm.rows), shares = ceil_div(c.results, share);
    used = threads_for(ns, units * shares);
  }

  // f(unit, group, first channel of the results, channels, its band) for those of one thread.
  template <class F>
  void run(const Correlation& c, const Bands& b, int thread, int count, char* band, F&& f) const {
    const int64_t total = units * shares;
    int64_t loaded = -1;
    for (int64_t index = total * thread / count; index < total * (thread + 1) / count; ++index) {
      const int64_t first = index % shares * share, number = index / shares, group = number % c.groups;
      const Bands::Unit unit = b.unit(number / c.groups);
      if (loaded != number) b.load(unit, group * c.channels, c.channels, 0, band);
      loaded = number;
      f(unit, group, first, std::min(share, c.results - first));
    }
  }
};

void correlate_by_taps(const Correlation& c, const Bands& b, const Parts& parts, const char* weight, bool start, double ns,
                       bool direct) {
  const int64_t size = b.size, weight_row = c.terms() + start, width = c.axis[2].count, channel = b.result_channel();
  const int64_t vector = b.kernel.vector;
  const int64_t fitting = kResultBytes / std::max<int64_t>(std::min(parts.share, c.results) * b.row * size, 1);
  const int64_t lines = direct ? b.rows : std::clamp<int64_t>(fitting, 1, b.rows);
  const int64_t pitch = uncrowded(lines * b.row, kernels().gemm->of[index_of(c.dtype)], size);
  const int64_t most_runs = std::max(lines * ceil_div(width, vector), ceil_div(lines * b.row, vector));
  const std::size_t offset_bytes = aligned(c.terms() * 8), run_bytes = aligned(most_runs * sizeof(BandRun));
  const std::size_t place_bytes = aligned(lines * sizeof(BandRun)), band_bytes = b.bytes(c.channels);
  const std::size_t result_bytes = direct ? 0 : aligned(parts.share * pitch * size + kBandSlack);
  const std::size_t thread_bytes = run_bytes + place_bytes + band_bytes + result_bytes;
  const Scratch<16384> workspace(offset_bytes + thread_bytes * parts.used);
  auto* offset = reinterpret_cast<int64_t*>(workspace.data());
  b.offsets(c.channels, offset);

  LongWork work(ns);
  parallel_run(parts.used, [&](int thread, int count) {
    char* memory = workspace.data() + offset_bytes + thread_bytes * thread;
    auto* runs = reinterpret_cast<BandRun*>(memory);
    auto* places = reinterpret_cast<BandRun*>(memory + run_bytes);
    char *band = memory + run_bytes + place_bytes, *results = band + band_bytes;
    parts.run(c, b, thread, count, band, [&](const Bands::Unit& unit, int64_t group, int64_t first, int64_t height) {
      char* out = c.result + ((unit.image * c.groups + group) * c.results + first) * channel * size;
      const char* rows = weight + (group * c.results + first) * weight_row * size;
      for (int64_t y = 0; y < unit.rows; y += lines) {
        const int64_t together = std::min(lines, unit.rows - y);
        TapArgs args = {band + y * c.axis[1].step * b.row * size,
                        offset,
                        c.terms(),
                        rows,
                        weight_row,
                        height,
                        out,
                        channel,
                        runs,
                        0,
                        start};
        if (direct) {
          for (int64_t i = 0; i < together; ++i)
            for (int64_t x = 0; x < width; x += vector)
              runs[args.count++] = {i * c.axis[1].step * b.row + x, b.result_place(unit.z, unit.y + y + i) + x,
                                    std::min(vector, width - x)};
          b.kernel.taps(args);
          continue;
        }
        for (int64_t x = 0; x < (together - 1) * b.row + width; x += vector) runs[args.count++] = {x, x, vector};
        args.out = results, args.out_row = pitch;
        b.kernel.taps(args);
        for (int64_t i = 0; i < together; ++i) places[i] = {i * b.row, b.result_place(unit.z, unit.y + y + i), width};
        b.kernel.spread({results, out, height, pitch, channel, c.axis[2].place_step, places, together});
      }
    });
  });
}

}  // namespace

void correlate(const Correlation& c, const char* weight, bool start) {
  if (c.places() == 0 || c.batch * c.groups * c.results == 0) return;
  if (alone(c)) return correlate_alone(c, weight, start);
  const GemmKernel& gemm = kernels().gemm->of[index_of(c.dtype)];
  const double ns = nanoseconds(c, gemm.rate);
  Bands b(c);
  b.fit(c.channels);
  b.join_images();
  const int threads = threads_for(ns, INT32_MAX);
  if (threads > 1) b.cut_for(4 * threads);
  const int64_t size = b.size, terms = c.terms(), weight_row = terms + start, width = c.axis[2].count;
  const Parts parts(c, b, gemm, ns, threads);
  if (const Way chosen = way(c, b); chosen != Way::columns)
    return correlate_by_taps(c, b, parts, weight, start, ns, chosen == Way::rows);
  const bool direct = b.images == 1 && b.dense_planes();

  const int64_t depth = balanced(weight_row, gemm.depth, 16);
  const int64_t most = std::max<int64_t>(kColumnBytes / (depth * size) / gemm.columns, 1) * gemm.columns;
  const int64_t widest = balanced(b.images * b.rows * width, most, gemm.vector), pitch = uncrowded(widest, gemm, size);

  const std::size_t offset_bytes = aligned(terms * 8), run_bytes = aligned(b.images * b.rows * 2 * sizeof(BandRun));
  const std::size_t band_bytes = b.bytes(c.channels), column_bytes = aligned(depth * pitch * size + kBandSlack);
  const std::size_t result_bytes = direct ? 0 : aligned(parts.share * pitch * size + kBandSlack);
  const std::size_t thread_bytes = run_bytes + band_bytes + column_bytes + result_bytes;
  const Scratch<16384> workspace(offset_bytes + thread_bytes * parts.used);
  auto* offset = reinterpret_cast<int64_t*>(workspace.data());
  b.offsets(c.channels, offset);
  alignas(8) char one[8];
  Scalar::of(1.0).store(c.dtype, one);

  LongWork work(ns);
  parallel_run(parts.used, [&](int thread, int count) {
    char* memory = workspace.data() + offset_bytes + thread_bytes * thread;
    auto* runs = reinterpret_cast<BandRun*>(memory);
    BandRun* places = runs + b.images * b.rows;
    char *band = memory + run_bytes, *columns = band + band_bytes, *results = columns + column_bytes;
    const int64_t channel = b.result_channel();
    parts.run(c, b, thread, count, band, [&](const Bands::Unit& unit, int64_t group, int64_t first, int64_t height) {
      char* out = c.result + ((unit.image * c.groups + group) * c.results + first) * channel * size;
      const char* rows = weight + (group * c.results + first) * weight_row * size;

      const int64_t all = unit.images * unit.rows * width;
      for (int64_t begin = 0; begin < all; begin += widest) {
        const int64_t end = std::min(all, begin + widest);
        const int64_t pieces = b.runs(unit, begin, end, c.channels, runs);
        char* to = direct ? out + (b.result_place(unit.z, unit.y) + begin) * size : results;
        const int64_t to_row = direct ? channel : pitch;
        for (int64_t k = 0; k < weight_row; k += depth) {
          const int64_t K = std::min(depth, weight_row - k);
          const bool last = start && k + K == weight_row;
          b.kernel.columns({band, offset + k, K - last, columns, pitch, runs, pieces, last});
          gemm.multiply({height, end - begin, K, rows + k * size, weight_row, 1, columns, pitch, to, to_row, 1, 1, 0, 0, 0, one,
                         k > 0, false, false});
        }
        if (direct) continue;
        for (int64_t i = 0; i < pieces; ++i) {
          const int64_t line = (begin + runs[i].to) / width, x = (begin + runs[i].to) % width, step = c.axis[2].place_step;
          const int64_t at = b.result_place(unit.z, unit.y + line % unit.rows) + x * step;
          places[i] = {runs[i].to, line / unit.rows * c.groups * c.results * channel + at, runs[i].length};
        }
        b.kernel.spread({results, out, height, pitch, channel, c.axis[2].place_step, places, pieces});
      }
    });
  });
}

// ---- the weight's gradient: taps of the band (terms x places) times the transposed gradient of the results (places x results)

namespace {

constexpr int64_t kPartBytes = 8 << 20;  // of all parts
constexpr int64_t kParts = 16;
constexpr int64_t kFactorBytes = 128 << 10;  // of what the band is multiplied with
constexpr int64_t kPartPlaces = 256;         // fewer are not worth a part

}  // namespace

int64_t weight_parts(const Correlation& c) {
  Bands b(c);
  b.fit(c.channels);
  if (!alone(c)) b.join_images();
  const auto size = static_cast<int64_t>(itemsize(c.dtype));
  const int64_t bytes = std::max<int64_t>(c.groups * c.results * c.terms() * size, 1);
  const int64_t most = std::min({kParts, b.units(), kPartBytes / bytes, c.batch * c.places() / kPartPlaces});
  return std::max<int64_t>(most, 1);
}

void correlate_weight(const Correlation& c, char* out) {
  if (alone(c)) return correlate_weight_alone(c, out);
  const GemmKernel& gemm = kernels().gemm->of[index_of(c.dtype)];
  const double ns = nanoseconds(c, gemm.rate);
  Bands b(c);
  b.fit(c.channels);
  b.join_images();
  const int64_t size = b.size, taps = c.taps(), terms = c.terms(), width = c.axis[2].count, parts = weight_parts(c);
  const int64_t places = b.images * b.rows * width;
  const int64_t panel = balanced(c.results, b.kernel.panel, gemm.vector);
  // Places at a time: the factors of a panel stay in L2 while all terms pass.
  const int64_t fitting = kFactorBytes / (round_up(panel, gemm.vector) * size);
  const int64_t deep = b.images > 1 ? places : balanced(places, std::max(fitting, width), width);

  const int threads = threads_for(ns, INT32_MAX);
  const int64_t wanted = std::clamp<int64_t>(ceil_div(threads, parts * c.groups), 1, c.channels);
  const int64_t share = ceil_div(c.channels, wanted), shares = ceil_div(c.channels, share);
  const int64_t total = parts * c.groups * shares;
  const int used = threads_for(ns, total);

  const std::size_t offset_bytes = aligned(share * taps * 8), run_bytes = aligned(b.images * b.rows * sizeof(BandRun));
  const std::size_t band_bytes = b.bytes(share), packed_bytes = aligned(round_up(panel, gemm.vector) * deep * size);
  const std::size_t thread_bytes = run_bytes + band_bytes + packed_bytes;
  const Scratch<16384> workspace(offset_bytes + thread_bytes * used);
  auto* offset = reinterpret_cast<int64_t*>(workspace.data());
  b.offsets(share, offset);

  LongWork work(ns);
  parallel_run(used, [&](int thread, int count) {
    char* memory = workspace.data() + offset_bytes + thread_bytes * thread;
    auto* runs = reinterpret_cast<BandRun*>(memory);
    char *band = memory + run_bytes, *packed = band + band_bytes;
    const int64_t channel = b.result_channel();
    for (int64_t index = total * thread / count; index < total * (thread + 1) / count; ++index) {
      const int64_t first = index % shares * share, group = index / shares % c.groups, part = index / (shares * c.groups);
      const int64_t channels = std::min(share, c.channels - first);
      char* to = out + ((part * c.groups + group) * terms + first * taps) * c.results * size;
      bool accumulate = false;
      for (int64_t number = b.units() * part / parts; number < b.units() * (part + 1) / parts; ++number) {
        const Bands::Unit unit = b.unit(number);
        b.load(unit, group * c.channels + first, channels, 0, band);
        const char* from =
            c.result + ((unit.image * c.groups + group) * c.results * channel + b.result_place(unit.z, unit.y)) * size;
        const int64_t all = unit.images * unit.rows * width;
        for (int64_t begin = 0; begin < all; begin += deep) {
          const int64_t K = std::min(deep, all - begin), image_places = K / unit.images;
          const int64_t pieces = b.runs(unit, begin, begin + K, channels, runs);
          for (int64_t m = 0; m < c.results; m += panel) {
            const int64_t n = std::min(panel, c.results - m), wide = round_up(n, gemm.vector);
            for (int64_t i = 0; i < unit.images; ++i) {
              const int64_t at = (i * c.groups * c.results + m) * channel + begin;
              gemm.pack_b(from + at * size, 1, channel, image_places, n, packed + i * image_places * wide * size);
            }
            b.kernel.tap_products(
                {band, offset, channels * taps, runs, pieces, packed, to + m * size, c.results, n, accumulate});
          }
          accumulate = true;
        }
      }
    }
  });
}

}  // namespace wengert
