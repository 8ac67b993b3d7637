#include "ops/spatial.h"

#include <algorithm>
#include <numeric>

namespace wengert {

using std::int64_t;

void set_sizes(const Dims& sizes, int dims, int64_t* out) { std::copy(sizes.end() - dims, sizes.end(), out); }

int axes_of(const Op& op) { return op.name[op.name.find_first_of("123")] - '0'; }

SpatialAxes Spatial::forward() const {
  SpatialAxes axes;
  for (int i = 0; i < kSpatial; ++i)
    axes.axis[i] = {.source = input[i],
                    .count = output[i],
                    .step = stride[i],
                    .tap = -padding[i],
                    .tap_step = dilation[i],
                    .taps = kernel[i],
                    .extent = output[i]};
  return axes;
}

// To input i = residue + stride j, output o gives what kernel element k = (i + padding - stride o) / dilation is: those k that
// leave a whole o are stride / gcd(stride, dilation) apart, and their o are j + (residue + padding - dilation k) / stride.
InputClass Spatial::to_input(int i, int64_t residue) const {
  const int64_t every = stride[i] / std::gcd(stride[i], dilation[i]), place = residue + padding[i];
  int64_t first = 0;
  while (first < every && (place - first * dilation[i]) % stride[i] != 0) ++first;
  const int64_t taps = first < every && first < kernel[i] ? (kernel[i] - first + every - 1) / every : 0;
  return {{.source = output[i],
           .count = residue < input[i] ? (input[i] - residue + stride[i] - 1) / stride[i] : 0,
           .step = 1,
           .tap = taps ? (place - first * dilation[i]) / stride[i] : 0,
           .tap_step = -every * dilation[i] / stride[i],
           .taps = taps,
           .first = residue,
           .place_step = stride[i],
           .extent = input[i]},
          first,
          every};
}

}  // namespace wengert
