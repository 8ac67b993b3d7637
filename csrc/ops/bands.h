// How the results of a correlation are cut into units, and the padded copy of the source (band) that each is made from.
#pragma once

#include <cmath>

#include "core/allocator.h"
#include "ops/correlate.h"

namespace wengert {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t round_up(std::int64_t a, std::int64_t unit) { return ceil_div(a, unit) * unit; }
// n cut into the fewest parts of at most `most`, all of nearly equal size: that size, in whole units.
constexpr std::int64_t balanced(std::int64_t n, std::int64_t most, std::int64_t unit) {
  return n <= most ? n : round_up(ceil_div(n, ceil_div(n, most)), unit);
}
constexpr std::size_t aligned(std::int64_t bytes) { return static_cast<std::size_t>(round_up(bytes, kAlignment)); }

// A unit: results of all channels of a group, of one image and place of axis 0, of some rows along axis 1; or of several images
// that have few results. Cutting never changes a bit of a result.
struct Bands {
  const Correlation& c;
  const ConvKernel& kernel;
  const std::int64_t size;                          // bytes of an element
  std::int64_t images = 1, rows, bands;             // of a unit: images, rows; units along axis 1
  std::int64_t first_column, columns, run, row;     // of a row of the band: its place in the source, its parts (kernels/conv.h)
  std::int64_t source_rows, plane, channel, image;  // rows of a plane of the band; elements of a plane, channel, image

  explicit Bands(const Correlation& c);  // one band of all rows

  void set_rows(std::int64_t most);
  void fit(std::int64_t channels);   // bands of at most 256 KB for so many channels, or one row
  void join_images();                // where one has few results
  void cut_for(std::int64_t units);  // at least so many in all groups, while each has a tile's worth of results

  std::int64_t units() const { return ceil_div(c.batch, images) * c.axis[0].count * bands; }  // of one group
  std::size_t bytes(std::int64_t channels) const { return aligned(images * channels * channel * size + kBandSlack); }

  struct Unit {
    std::int64_t image, images, z, y, rows;
  };
  Unit unit(std::int64_t index) const;

  // Makes the band of `channels` channels from first_channel of the source on.
  void load(const Unit& unit, std::int64_t first_channel, std::int64_t channels, double pad, char* band) const;
  // Where each tap of each of `channels` channels is read in it.
  void offsets(std::int64_t channels, std::int64_t* out) const;
  // Results [begin, end) of a unit as pieces of rows, for a band of `channels` channels; `to` counts from `begin`.
  std::int64_t runs(const Unit& unit, std::int64_t begin, std::int64_t end, std::int64_t channels, BandRun* out) const;

  // The results' layout: elements of a channel, and the place of the first of a row in it.
  std::int64_t result_channel() const { return c.axis[0].extent * c.axis[1].extent * c.axis[2].extent; }
  std::int64_t result_place(std::int64_t z, std::int64_t y) const;
  std::int64_t result_row() const { return c.axis[1].place_step * c.axis[2].extent; }
  bool dense_rows() const { return c.axis[2].place_step == 1; }
  bool dense_planes() const { return dense_rows() && c.axis[1].place_step == 1 && c.axis[2].extent == c.axis[2].count; }
};

// Serial nanoseconds of all the multiply-adds at `rate` a nanosecond.
double nanoseconds(const Correlation& c, double rate);

}  // namespace wengert
