// Contract of the running results along one dimension.
#pragma once

#include <stdint.h>

#include "core/dtype.h"

namespace wengert {

// n lines of `count` elements, element j of line i at i * line + j * step, counted in elements and alike for input, result and
// positions. The result may be the input.
struct ScanArgs {
  char* out;
  int64_t* index;  // for the extremes; else null
  const char* in;
  int64_t line, step;
  int64_t n, count;
};

using ScanLoop = void (*)(const ScanArgs&);

struct Scan {
  ScanLoop rows;     // step is 1
  ScanLoop columns;  // line is 1
};

struct ScanKernels {
  // Integers in 64 bits, wrapping; float32 in float64, rounded once when written; float64: a row adds 2^k neighbours first.
  Scan sum[3], product[3];  // int64, float32, float64
  // The last of equal extremes counts, and a NaN from where it stands; by dtype.
  Scan max[kDTypes], min[kDTypes];
  ScanLoop log_sum_exp[2];  // float32, float64, with any line and step; in float64
};

}  // namespace wengert
