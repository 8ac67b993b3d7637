// Contract of convolutions and poolings: padded copies of planes (bands), from which every tap of a window is read at unit
// stride; matrices of those taps for the matrix product; and sums and extremes over the taps where a plane stands alone.
#pragma once

#include <stdint.h>

namespace wengert {

// Row r, column q of a plane of the band is element (first_row + r, first_column + q) of the plane, or `pad` outside of it.
// Columns are split by q % step into runs of `run` elements: q is at (q % step) * run + q / step of its row.
struct BandArgs {
  const void* in;
  void* out;
  int64_t planes, in_plane, out_plane;        // steps from a plane to the next, in elements as all others
  int64_t rows, first_row, in_rows, out_row;  // out_row = step * run
  int64_t columns, first_column, in_columns;  // rows of `in` are in_columns apart
  int64_t step, run;
  double pad;
};

// A piece of a row of results: its first tap is read from `from`; it goes to `to`.
struct BandRun {
  int64_t from, to, length;
};

// out[k][to + j] = in[offset[k] + from + j] for the runs, in order of `to` and without gaps. Then, with `ones`, a row of them.
struct ColumnArgs {
  const void* in;
  const int64_t* offset;
  int64_t rows;
  void* out;
  int64_t pitch;
  const BandRun* runs;
  int64_t count;
  bool ones;
};

// out[m * out_row + to + j] = sum over t of weight[m * weight_row + t] * in[offset[t] + from + j], in order of t, and with
// `start` then weight[m * weight_row + terms], for m < rows and the runs, of at most a vector each.
struct TapArgs {
  const void* in;
  const int64_t* offset;
  int64_t terms;
  const void* weight;
  int64_t weight_row, rows;
  void* out;
  int64_t out_row;
  const BandRun* runs;
  int64_t count;
  bool start;
};

// out[m * out_row + n] = (+=) sum over the places of the runs, in order, of in[offset[m] + from + j] * factor, for m < terms
// and n < columns, at most a panel. `packed` holds the factors of place after place, in whole vectors.
struct TapProductArgs {
  const void* in;
  const int64_t* offset;
  int64_t terms;
  const BandRun* runs;
  int64_t count;
  const void* packed;
  void* out;
  int64_t out_row, columns;
  bool accumulate;
};

// out[m * out_row + to + j * out_step] = in[m * in_row + from + j]
struct SpreadArgs {
  const void* in;
  void* out;
  int64_t rows, in_row, out_row, out_step;
  const BandRun* runs;
  int64_t count;
};

// `rows` rows of `n` results each, row r from in + r * in_row. offset[t]: where tap t is read.
struct WindowArgs {
  const void* in;
  void* out;
  int64_t rows, n, in_row, out_row;
  const int64_t* offset;
  int64_t taps;
  const void* weight;    // sums: `taps` of them, then what the sum starts from
  const int64_t* place;  // extremes: where tap t is from the first one; below 2^24 for float32
  int64_t* index;        // extremes: the place of the extreme, where asked for; negative where all taps are -inf
  int64_t place_base, place_step, place_row;  // the first tap of result j of row r is at base + j * step + r * row
};

// Bands and what is made from them may be written and read up to kBandSlack bytes past their end.
inline constexpr int64_t kBandSlack = 256;

struct ConvKernel {
  int vector, panel;  // elements
  void (*band)(const BandArgs& args);
  void (*columns)(const ColumnArgs& args);
  void (*taps)(const TapArgs& args);
  void (*tap_products)(const TapProductArgs& args);
  void (*spread)(const SpreadArgs& args);
  // out = start + sum of weight[t] * tap t, in order of t
  void (*sums)(const WindowArgs& args);
  // weight[t] += sum over results of out * tap t (`out` is read): lane by lane, then over the lanes, for the rows of one call
  void (*products)(const WindowArgs& args, void* weight);
  // out = largest of the taps; the last NaN where there is one, else the first of equals. False if an index is negative
  bool (*extremes)(const WindowArgs& args);
};

struct ConvKernels {
  ConvKernel of[2];  // float32, float64
};

}  // namespace wengert
