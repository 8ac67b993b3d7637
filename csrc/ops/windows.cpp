// Correlations and extremes of single channels: nothing is used twice, so that a product would only be in the way.
#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "core/scalar.h"
#include "core/scratch.h"
#include "ops/bands.h"

namespace wengert {
namespace {

using std::int64_t;

constexpr double kTapsPerNs = 10;  // float32 from L1, 512-bit vectors

Bands cut(const Correlation& c, double ns) {
  Bands b(c);
  b.fit(1);
  if (threads_for(ns, INT32_MAX) > 1) b.cut_for(2 * get_num_threads());
  return b;
}

// Calls f(unit, group, band, memory of one thread) for each unit of each group, its band made.
template <class F>
void each_band(const Bands& b, double ns, double pad, std::size_t memory_bytes, F&& f) {
  const int64_t units = b.units() * b.c.groups;
  const int used = threads_for(ns, units);
  const std::size_t band_bytes = b.bytes(1);
  const Scratch<16384> workspace((band_bytes + memory_bytes) * used);
  LongWork work(ns);
  parallel_run(used, [&](int thread, int count) {
    char* band = workspace.data() + (band_bytes + memory_bytes) * thread;
    for (int64_t number = units * thread / count; number < units * (thread + 1) / count; ++number) {
      const int64_t group = number % b.c.groups;
      const Bands::Unit unit = b.unit(number / b.c.groups);
      b.load(unit, group, 1, pad, band);
      f(unit, group, band, band + band_bytes);
    }
  });
}

WindowArgs window(const Bands& b, const Bands::Unit& unit, const char* band, const int64_t* offset) {
  return {.in = band,
          .out = nullptr,
          .rows = unit.rows,
          .n = b.c.axis[2].count,
          .in_row = b.c.axis[1].step * b.row,
          .out_row = b.result_row(),
          .offset = offset,
          .taps = b.c.taps(),
          .weight = nullptr,
          .place = nullptr,
          .index = nullptr,
          .place_base = 0,
          .place_step = b.c.axis[2].step,
          .place_row = b.c.axis[1].step * b.c.axis[2].source};
}

// The place in the source of the first tap of result (z, y, x) that lies inside.
int64_t first_place(const Correlation& c, int64_t z, int64_t y, int64_t x) {
  const int64_t result[3] = {z, y, x};
  int64_t place = 0;
  for (int i = 0; i < 3; ++i) {
    const CorrelationAxis& axis = c.axis[i];
    int64_t at = result[i] * axis.step + axis.tap;
    if (at < 0) at += ceil_div(-at, axis.tap_step) * axis.tap_step;
    place = place * axis.source + at;
  }
  return place;
}

}  // namespace

void correlate_alone(const Correlation& c, const char* weight, bool start) {
  if (c.places() == 0 || c.batch * c.groups * c.results == 0) return;
  const double ns = nanoseconds(c, kTapsPerNs);
  const Bands b = cut(c, ns);
  const int64_t size = b.size, taps = c.taps(), width = c.axis[2].count, weight_row = taps + start;
  const bool direct = b.dense_rows();
  const Scratch<4096> shared(aligned(taps * 8) + aligned((taps + 1) * size));
  auto* offset = reinterpret_cast<int64_t*>(shared.data());
  char* ones = shared.data() + aligned(taps * 8);
  b.offsets(1, offset);
  for (int64_t t = 0; t <= taps; ++t) Scalar::of(t < taps ? 1.0 : 0.0).store(c.dtype, ones + t * size);

  const std::size_t weight_bytes = aligned((taps + 1) * size), run_bytes = direct ? 0 : aligned(b.rows * sizeof(BandRun));
  const std::size_t result_bytes = direct ? 0 : aligned(b.rows * width * size);
  each_band(b, ns, 0, weight_bytes + run_bytes + result_bytes,
            [&](const Bands::Unit& unit, int64_t group, const char* band, char* memory) {
              char* results = memory + weight_bytes + run_bytes;
              auto* runs = reinterpret_cast<BandRun*>(memory + weight_bytes);
              WindowArgs args = window(b, unit, band, offset);
              for (int64_t m = 0; m < c.results; ++m) {
                args.weight = ones;
                if (weight) {  // with a zero to start from where there is none
                  std::memcpy(memory, ones, (taps + 1) * size);
                  std::memcpy(memory, weight + (group * c.results + m) * weight_row * size, weight_row * size);
                  args.weight = memory;
                }
                const int64_t channel = (unit.image * c.groups + group) * c.results + m;
                char* out = c.result + (channel * b.result_channel() + b.result_place(unit.z, unit.y)) * size;
                args.out = direct ? out : results;
                if (!direct) args.out_row = width;
                b.kernel.sums(args);
                if (direct) continue;
                for (int64_t y = 0; y < unit.rows; ++y) runs[y] = {y * width, y * b.result_row(), width};
                b.kernel.spread({results, out, 1, 0, 0, c.axis[2].place_step, runs, unit.rows});
              }
            });
}

void window_extremes(const Correlation& c, int64_t* index) {
  if (c.places() == 0 || c.batch * c.groups == 0) return;
  const double ns = nanoseconds(c, kTapsPerNs / 2);
  const Bands b = cut(c, ns);
  const CorrelationAxis &z = c.axis[0], &y = c.axis[1], &x = c.axis[2];
  const int64_t taps = c.taps();
  const Scratch<4096> shared(2 * aligned(taps * 8));
  auto *offset = reinterpret_cast<int64_t*>(shared.data()),
       *place = reinterpret_cast<int64_t*>(shared.data() + aligned(taps * 8));
  b.offsets(1, offset);
  for (int64_t t = 0; t < taps; ++t) {
    const int64_t d = t / (y.taps * x.taps), h = t / x.taps % y.taps, w = t % x.taps;
    place[t] = (d * z.tap_step * y.source + h * y.tap_step) * x.source + w * x.tap_step;
  }
  each_band(b, ns, -HUGE_VAL, 0, [&](const Bands::Unit& unit, int64_t group, const char* band, char*) {
    WindowArgs args = window(b, unit, band, offset);
    const int64_t at = (unit.image * c.groups + group) * b.result_channel() + b.result_place(unit.z, unit.y);
    args.out = c.result + at * b.size;
    if (index) {
      args.place = place, args.index = index + at;
      args.place_base = ((unit.z * z.step + z.tap) * y.source + unit.y * y.step + y.tap) * x.source + x.tap;
    }
    if (b.kernel.extremes(args)) return;
    for (int64_t r = 0; r < unit.rows; ++r)
      for (int64_t j = 0; j < x.count; ++j)
        if (int64_t& place = args.index[r * args.out_row + j]; place < 0) place = first_place(c, unit.z, unit.y + r, j);
  });
}

void correlate_weight_alone(const Correlation& c, char* out) {
  const double ns = nanoseconds(c, kTapsPerNs / 2);
  Bands b(c);
  b.fit(1);
  const int64_t size = b.size, taps = c.taps(), parts = weight_parts(c), total = parts * c.groups;
  const int used = threads_for(ns, total);
  const std::size_t offset_bytes = aligned(taps * 8), band_bytes = b.bytes(1), thread_bytes = band_bytes + aligned(taps * size);
  const Scratch<16384> workspace(offset_bytes + thread_bytes * used);
  auto* offset = reinterpret_cast<int64_t*>(workspace.data());
  b.offsets(1, offset);
  LongWork work(ns);
  parallel_run(used, [&](int thread, int count) {
    char *band = workspace.data() + offset_bytes + thread_bytes * thread, *sums = band + band_bytes;
    for (int64_t index = total * thread / count; index < total * (thread + 1) / count; ++index) {
      const int64_t group = index % c.groups, part = index / c.groups;
      char* to = out + index * taps * c.results * size;
      std::memset(to, 0, static_cast<std::size_t>(taps * c.results * size));
      for (int64_t number = b.units() * part / parts; number < b.units() * (part + 1) / parts; ++number) {
        const Bands::Unit unit = b.unit(number);
        b.load(unit, group, 1, 0, band);
        WindowArgs args = window(b, unit, band, offset);
        for (int64_t m = 0; m < c.results; ++m) {
          const int64_t channel = (unit.image * c.groups + group) * c.results + m;
          args.out = c.result + (channel * b.result_channel() + b.result_place(unit.z, unit.y)) * size;
          for (int64_t t = 0; t < taps; ++t) std::memcpy(sums + t * size, to + (t * c.results + m) * size, size);
          b.kernel.products(args, sums);
          for (int64_t t = 0; t < taps; ++t) std::memcpy(to + (t * c.results + m) * size, sums + t * size, size);
        }
      }
    }
  });
}

}  // namespace wengert
