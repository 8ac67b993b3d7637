// Contract of the copies: casts, strided copies, fills, transposing copies.
#pragma once

#include <stdint.h>

#include "core/dtype.h"

namespace wengert {

// `rows` rows of `n` elements; steps in bytes. The two sides do not overlap.
struct CopyArgs {
  char* out;
  const char* in;
  int64_t out_step, in_step;  // between elements of a row; in_step 0 repeats one element (a fill)
  int64_t out_row_step, in_row_step;
  int64_t n, rows;
  bool stream;  // write past the caches
};

using CopyLoop = void (*)(const CopyArgs&);

// From one dtype, by the dtype to cast to.
struct CopyCasts {
  CopyLoop to[kDTypes];
};

struct CopyKernels {
  // By the dtype to cast from. Floats become integers by truncation, through int64 for uint8 and through int32 for int8, int16
  // and uint16, keeping the low bits; NaN and what that integer cannot hold become its smallest number, as PyTorch's do on x86.
  // uint32 and uint64 take x - 2^31 (2^63) through the signed integer of their width where x is that large, else x.
  // Equal dtypes copy.
  CopyCasts cast[kDTypes];
  // By log2 of the element's bytes: out_step and in_row_step are that size, the input's elements lie in_step apart along a row.
  CopyLoop transpose[4];
};

}  // namespace wengert
