// The core of every operator that reads or writes at indices: a list of places in one tensor, a list of runs in another, and
// what moves between them.
#pragma once

#include <cstdint>

#include "core/tensor.h"
#include "kernels/index.h"
#include "ops/op.h"

namespace wengert {

// Places along one dimension of a tensor, or anywhere in it.
struct Places {
  std::int64_t n = 0;
  const char* index = nullptr;            // contiguous indices into that dimension, or null:
  const std::int64_t* offsets = nullptr;  // where they are in bytes, already checked
  bool wide = true;                       // the indices are int64, not int32
  bool wrap = true;                       // negative ones count from the end
  std::int64_t size = 0, stride = 0;      // of the dimension; the stride in bytes
  std::int64_t low = 0, high = 0;         // all offsets lie in [low, high)

  Places() = default;
  // Along dimension dim of `tensor`, at the elements of `index` (int32 or int64, contiguous).
  Places(const Tensor& tensor, int dim, const Tensor& index, bool wrap);
  // The position of the first index out of range, n where there is none; and the index there.
  std::int64_t first_out_of_range() const;
  std::int64_t at(std::int64_t i) const;
};

bool is_index_dtype(DType dtype);  // int32 or int64

// Place i of `base` stands against step i of `side`, for every combination of the dimensions they have besides.
struct Sweep {
  Places places;
  char* base;
  char* side;
  std::int64_t step;  // bytes between the list's entries in side
  std::int64_t item;
  int dims = 0;  // innermost first, joined where both walk them as one
  std::int64_t size[kMaxDims], base_step[kMaxDims], side_step[kMaxDims];
  bool exclusive = true;  // two combinations of the dimensions never meet in base

  void add(std::int64_t size, std::int64_t base_step, std::int64_t side_step);  // in bytes
  std::int64_t combinations() const;
};

// Places along dimension dim of `base`, against the same dimension of `side`; the two have the same dimensions besides.
Sweep sweep_along(const Tensor& base, int dim, const Places& places, const Tensor& side);
// `value` (0-d) for all of `sizes`, to be written to base at places of dimension dim: as a row of memory where that makes the
// moves of runs possible.
Tensor repeated(const Tensor& value, const Tensor& base, int dim, const Dims& sizes);

// side = base at the places. False, with some of side written, where an index is out of range.
bool gather(const Sweep& sweep);
// base at the places = side. Of equal places the last one stays. False as above: what others may see is written to after
// places.first_out_of_range() has been asked.
bool scatter(const Sweep& sweep);
// base at the places = op(base, side), in the order of the list; likewise.
bool accumulate(const Sweep& sweep, Accumulate op, DType dtype);

// Frames keep what they make of their arguments in a tensor of their own, and use the argument itself where nothing is to be
// made: a copy of a tensor counts references with locked instructions, which a small call feels.

// A 0-d tensor as the 1-d one that it counts as.
const Tensor& at_least_1d(const Tensor& tensor, Tensor* made);

// Where operators write that change a copy of input, input itself (in place) or out=. The copy is row-major or, with
// keep_layout, laid out as input. The checks of out= are made here.
class Target {
 public:
  Target(const Call& call, const Tensor& input, bool keep_layout);
  const Tensor& operator*() const { return *tensor_; }
  Result finished();  // once it is written

 private:
  const Call& call_;
  Tensor made_;
  const Tensor* tensor_;
};

// `read`, to be read while `written` is written: a copy of it where the two may overlap, as far as PyTorch allows that (two
// dense tensors may not).
const Tensor& separated(const Tensor& written, const Tensor& read, Tensor* made);

// out=, if given, has input's dtype.
void check_same_out_dtype(const Call& call, const Tensor& input);
// A new result, in out= if given.
Tensor given_to(const Call& call, Tensor result);

constexpr int log2_of(std::int64_t itemsize) { return itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : 3; }

}  // namespace wengert
