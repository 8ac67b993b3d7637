// The numbers of a convolution or pooling along its axes, and the axes of the correlations that it and its gradient are.
#pragma once

#include "core/shape.h"
#include "ops/correlate.h"
#include "ops/op.h"

namespace wengert {

inline constexpr int kSpatial = 3;

struct SpatialAxes {
  CorrelationAxis axis[kSpatial];
};

// The inputs of one residue modulo the stride, as results of the outputs: for these, the kernel's elements that meet one are
// the same, every `every`-th from `first` on.
struct InputClass {
  CorrelationAxis axis;
  std::int64_t first, every;
};

// Output o is made of inputs stride o - padding + dilation k for k < kernel. Right-aligned in three: fewer axes have leading
// ones of size 1.
struct Spatial {
  int dims;
  std::int64_t groups;
  std::int64_t input[kSpatial] = {1, 1, 1}, output[kSpatial] = {1, 1, 1}, kernel[kSpatial] = {1, 1, 1};
  std::int64_t stride[kSpatial] = {1, 1, 1}, padding[kSpatial] = {}, dilation[kSpatial] = {1, 1, 1};

  Spatial(int dims, std::int64_t groups) : dims(dims), groups(groups) {}
  std::int64_t* at(std::int64_t (&values)[kSpatial]) const { return values + kSpatial - dims; }
  const std::int64_t* at(const std::int64_t (&values)[kSpatial]) const { return values + kSpatial - dims; }

  SpatialAxes forward() const;
  InputClass to_input(int axis, std::int64_t residue) const;
};

void set_sizes(const Dims& sizes, int dims, std::int64_t* out);  // the last `dims` of them
int axes_of(const Op& op);                                       // the number in its name: 2 of conv2d

}  // namespace wengert
