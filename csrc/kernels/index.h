// Contract of indexing by integers: indices become byte offsets, and elements or runs of bytes move to or from those places.
#pragma once

#include <stdint.h>

#include "core/dtype.h"

namespace wengert {

// out[i] = base + i * step + index[i] * stride, where base is `start` or, with `add`, what out[i] holds.
struct OffsetArgs {
  int64_t* out;
  const char* index;   // int32 or int64
  int64_t index_step;  // bytes between indices
  int64_t n;
  int64_t size;    // of the indexed dimension: indices lie in [0, size), or in [-size, size) with wrap
  int64_t stride;  // of the indexed dimension, in bytes
  int64_t start, step;
  bool wrap;
  bool add;
};
// False where an index is out of range; what was written then means nothing.
using OffsetLoop = bool (*)(const OffsetArgs&);

// The position of the first index out of range; n where there is none.
struct BoundsArgs {
  const char* index;
  int64_t index_step, n, size;
  bool wrap;
};
using BoundsLoop = int64_t (*)(const BoundsArgs&);

// Keeps the places whose offset lies in [low, high): their offsets, and the offsets i * step of what goes there. Either output
// may be the input's array or of the same length. Returns how many.
using PartLoop = int64_t (*)(const int64_t* offsets, int64_t n, int64_t low, int64_t high, int64_t step, int64_t* kept,
                             int64_t* positions);

// Run i goes from in_offsets[i] (null: i * in_step) bytes after `in` to out_offsets[i] (null: i * out_step) bytes after `out`,
// in the order of i. The two sides do not overlap.
struct MoveArgs {
  char* out;
  const char* in;
  const int64_t *out_offsets, *in_offsets;
  int64_t out_step, in_step;
  int64_t n;
  int64_t bytes;  // of a run; the loops of one width ignore it
  bool stream;    // write past the caches, where runs are whole aligned vectors
};
using MoveLoop = void (*)(const MoveArgs&);

// out = op(out, in) for runs of `run` elements, in the order of i.
struct AccumulateArgs {
  char* out;
  const char* in;
  const int64_t *out_offsets, *in_offsets;  // in_offsets may be null: i * in_step
  int64_t in_step;
  int64_t n;
  int64_t run;
};
using AccumulateLoop = void (*)(const AccumulateArgs&);

enum class Accumulate : uint8_t {
  add,
  multiply,
  maximum,
  minimum
};  // a NaN on either side gives NaN; of bool: or, and, or, and
inline constexpr int kAccumulates = 4;

struct IndexKernels {
  OffsetLoop offsets[2];  // int32, int64
  BoundsLoop bounds[2];
  PartLoop part;
  MoveLoop move[4];  // single elements, by log2 of their bytes
  MoveLoop move_runs;
  AccumulateLoop accumulate[kAccumulates][kDTypes];
};

}  // namespace wengert
