#include "ops/bands.h"

#include <algorithm>

#include "kernels/dispatch.h"

namespace wengert {

using std::int64_t;

namespace {

constexpr int64_t kBandBytes = 256 << 10;  // with a block of columns and one of weights it fits 1 MB of L2
constexpr int64_t kFewPlaces = 64;         // an image with fewer results in a plane leaves much of the tiles empty
constexpr int64_t kManyPlaces = 96;

}  // namespace

Bands::Bands(const Correlation& c)
    : c(c), kernel(kernels().conv->of[c.dtype == DType::float64]), size(static_cast<int64_t>(itemsize(c.dtype))) {
  const CorrelationAxis& x = c.axis[2];
  first_column = x.lowest();
  columns = (x.count - 1) * x.step + x.span();
  run = ceil_div(columns, x.step);
  row = run * x.step;
  set_rows(c.axis[1].count);
}

void Bands::set_rows(int64_t most) {
  const CorrelationAxis& y = c.axis[1];
  rows = ceil_div(y.count, ceil_div(y.count, most));
  bands = ceil_div(y.count, rows);
  source_rows = (rows - 1) * y.step + y.span();
  plane = source_rows * row;
  channel = c.axis[0].taps * plane;
  image = c.channels * channel;
}

void Bands::fit(int64_t channels) {
  const CorrelationAxis& y = c.axis[1];
  const int64_t row_bytes = std::max<int64_t>(channels * c.axis[0].taps * row * size, 1);
  set_rows(std::clamp<int64_t>((kBandBytes / row_bytes - y.span()) / y.step + 1, 1, y.count));
}

void Bands::join_images() {
  const int64_t places = c.axis[1].count * c.axis[2].count;
  if (places >= kFewPlaces || bands > 1) return;
  const int64_t fitting = kBandBytes / std::max<int64_t>(image * size, 1);
  images = std::min(c.batch, std::clamp<int64_t>(fitting, 1, ceil_div(kManyPlaces, places)));
}

void Bands::cut_for(int64_t wanted) {
  const int64_t more = ceil_div(wanted, units() * c.groups);
  if (images > 1 || more <= 1) return;
  set_rows(std::max(ceil_div(rows, more), std::min(rows, ceil_div(kFewPlaces, c.axis[2].count))));
}

Bands::Unit Bands::unit(int64_t index) const {
  const int64_t band = index % bands, z = index / bands % c.axis[0].count, first = index / (bands * c.axis[0].count) * images;
  return {first, std::min(images, c.batch - first), z, band * rows, std::min(rows, c.axis[1].count - band * rows)};
}

void Bands::load(const Unit& unit, int64_t first_channel, int64_t channels, double pad, char* band) const {
  const CorrelationAxis &z = c.axis[0], &y = c.axis[1], &x = c.axis[2];
  const int64_t source_plane = y.source * x.source, source_channel = z.source * source_plane;
  // In the order of memory, since rows are written a little too far. Channels of one plane are so in one call.
  const int64_t together = z.taps == 1 ? channels : 1;
  BandArgs args = {.in = nullptr,
                   .out = nullptr,
                   .planes = together,
                   .in_plane = source_channel,
                   .out_plane = channel,
                   .rows = (unit.rows - 1) * y.step + y.span(),
                   .first_row = unit.y * y.step + y.lowest(),
                   .in_rows = 0,
                   .out_row = row,
                   .columns = columns,
                   .first_column = first_column,
                   .in_columns = x.source,
                   .step = x.step,
                   .run = run,
                   .pad = pad};
  for (int64_t i = 0; i < unit.images; ++i) {
    for (int64_t k = 0; k < channels; k += together) {
      const int64_t from = ((unit.image + i) * c.groups * c.channels + first_channel + k) * source_channel;
      for (int64_t t = 0; t < z.taps; ++t) {
        const int64_t at = unit.z * z.step + z.tap + t * z.tap_step;
        const bool inside = at >= 0 && at < z.source;
        args.in_rows = inside ? y.source : 0;
        args.in = c.source + (from + (inside ? at * source_plane : 0)) * size;
        args.out = band + ((i * channels + k) * channel + t * plane) * size;
        kernel.band(args);
      }
    }
  }
}

void Bands::offsets(int64_t channels, int64_t* out) const {
  const CorrelationAxis &z = c.axis[0], &y = c.axis[1], &x = c.axis[2];
  for (int64_t k = 0; k < channels; ++k)
    for (int64_t d = 0; d < z.taps; ++d)
      for (int64_t h = 0; h < y.taps; ++h)
        for (int64_t w = 0; w < x.taps; ++w) {
          const int64_t line = y.tap + h * y.tap_step - y.lowest(), column = x.tap + w * x.tap_step - first_column;
          *out++ = k * channel + d * plane + line * row + column % x.step * run + column / x.step;
        }
}

int64_t Bands::runs(const Unit& unit, int64_t begin, int64_t end, int64_t channels, BandRun* out) const {
  const int64_t width = c.axis[2].count;
  int64_t count = 0;
  for (int64_t p = begin; p < end; ++count) {
    const int64_t line = p / width, x = p % width, length = std::min(width - x, end - p);
    out[count] = {line / unit.rows * channels * channel + line % unit.rows * c.axis[1].step * row + x, p - begin, length};
    p += length;
  }
  return count;
}

int64_t Bands::result_place(int64_t z, int64_t y) const {
  const CorrelationAxis &a = c.axis[0], &b = c.axis[1], &d = c.axis[2];
  return ((a.first + z * a.place_step) * b.extent + b.first + y * b.place_step) * d.extent + d.first;
}

double nanoseconds(const Correlation& c, double rate) {
  return static_cast<double>(c.batch * c.groups * c.results) * static_cast<double>(c.terms() + 1) *
         static_cast<double>(c.places()) / rate;
}

}  // namespace wengert
