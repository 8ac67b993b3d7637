// Contract of the masks: bytes, of which any but zero selects.
#pragma once

#include <stdint.h>

namespace wengert {

struct MaskArgs {
  const uint8_t* mask;
  const char* in;
  char* out;
  int64_t n;  // of the mask
};
// Returns how many elements it moved: as many as the mask selects.
using MaskLoop = int64_t (*)(const MaskArgs&);

struct MaskKernels {
  int64_t (*count)(const uint8_t* mask, int64_t n);
  // first + i of every selected i, ascending; returns how many.
  int64_t (*positions)(const uint8_t* mask, int64_t n, int64_t first, int64_t* out);
  // By log2 of the element's bytes.
  MaskLoop compress[4];  // the selected elements of in, side by side
  MaskLoop expand[4];    // elements of in, side by side, to the selected places of out
  MaskLoop fill[4];      // the one element of in to the selected places of out; returns nothing of meaning
};

}  // namespace wengert
