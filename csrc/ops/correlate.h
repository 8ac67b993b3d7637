// Correlations of padded planes with small windows: what every convolution and both of its gradients become.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "kernels/conv.h"

namespace wengert {

// Result j of an axis is made of source positions j * step + tap + t * tap_step for t < taps; what lies outside of the source
// counts as zero. It is written to place first + j * place_step of `extent`.
struct CorrelationAxis {
  std::int64_t source, count, step;
  std::int64_t tap, tap_step, taps;
  std::int64_t first = 0, place_step = 1, extent;

  std::int64_t lowest() const { return tap_step < 0 ? tap + (taps - 1) * tap_step : tap; }
  std::int64_t span() const { return taps ? 1 + (taps - 1) * (tap_step < 0 ? -tap_step : tap_step) : 0; }
};

// Row-major blocks of float32 or float64.
struct Correlation {
  DType dtype;
  std::int64_t batch, groups, channels, results;  // channels of the source and results, of each group
  CorrelationAxis axis[3];                        // the last one is contiguous
  const char* source;                             // batch x (groups channels) x source[3]
  char* result;                                   // batch x (groups results) x extent[3]

  std::int64_t taps() const { return axis[0].taps * axis[1].taps * axis[2].taps; }
  std::int64_t terms() const { return channels * taps(); }
  std::int64_t places() const { return axis[0].count * axis[1].count * axis[2].count; }
};

// weight: groups x results x terms; with start, terms + 1, whose last is what a sum ends with (the bias). Each result is one
// sum over the terms in order.
void correlate(const Correlation& c, const char* weight, bool start);

// Likewise where each channel stands alone (channels = 1). Without weights they are ones.
void correlate_alone(const Correlation& c, const char* weight, bool start);
// The largest of the taps of each result, or the last NaN. With index: the places in the source, of the first of equals.
void window_extremes(const Correlation& c, std::int64_t* index);

// How many parts correlate_weight() adds up separately, and so how many it writes; by shape alone.
std::int64_t weight_parts(const Correlation& c);
// The gradient to the weight: parts x groups x terms x results. c.result, of which all places are results, is read.
void correlate_weight(const Correlation& c, char* parts);
void correlate_weight_alone(const Correlation& c, char* parts);

}  // namespace wengert
