// Several operands walked together, whatever their layouts: the common core of the elementwise, copy and reduction frames.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "core/parallel.h"
#include "core/tensor.h"

namespace wengert {

// The iteration space, innermost dimension first, and each operand's steps through it in bytes. Operand 0 is the one written.
struct Walk {
  static constexpr int kOperands = 5;

  int dims = 0;
  int operands = 0;
  std::int64_t size[kMaxDims];
  std::int64_t step[kOperands][kMaxDims];
  char* data[kOperands];

  // PyTorch's order of dimensions over `tensors` (null: a number, which has no say), for a result of shape `sizes`:
  // dimension order[i] of the shape is the i-th, counted from the innermost.
  static void order(const Dims& sizes, const Tensor* const* tensors, int count, int* order);
  // The strides of a new dense result laid out in that order (row-major where it is the usual one, also for no elements).
  static Dims result_strides(const Dims& sizes, const int* order);

  void start(const Dims& sizes, const int* order);
  void add(const Tensor& tensor, const int* order);  // broadcast to the sizes
  void add_number(char* element);                    // the same element everywhere
  // Turns dimensions that operand 0 walks backwards, drops those of size 1 and joins neighbours that every operand walks as
  // one.
  void merge();
  void exchange(int a, int b);  // two dimensions

  static constexpr std::int64_t kElementUnit = 1024;  // whole cache lines and pages of every dtype

  std::int64_t numel() const {
    std::int64_t n = 1;
    for (int d = 0; d < dims; ++d) n *= size[d];
    return n;
  }
  bool repeated(int operand) const {
    for (int d = 0; d < dims; ++d)
      if (step[operand][d] != 0) return false;
    return true;
  }
  // A dimension other than the innermost along which the operand is contiguous, for copies through transposed tiles; 0: none
  // is worth it.
  int unit_dim(int operand, std::int64_t itemsize) const;
};

// A piece of a walk: `rows` rows (dimension 1) of `n` elements (dimension 0). Its steps are the walk's.
struct WalkPiece {
  char* data[Walk::kOperands];
  std::int64_t n, rows;
};

namespace detail {
using PieceBody = void (*)(void* context, const WalkPiece& piece);
void for_each_piece(const Walk& walk, double ns, std::int64_t row_unit, std::int64_t unit, PieceBody body, void* context);
}  // namespace detail

// Calls body(piece) on pieces that cover the walk once, over threads where `ns` nanoseconds of serial work deserve them. Rows
// are split among threads in multiples of row_unit or, where they are few, each row in multiples of unit.
template <class F>
void for_each_piece(const Walk& walk, double ns, std::int64_t row_unit, std::int64_t unit, F&& body) {
  detail::for_each_piece(
      walk, ns, row_unit, unit,
      [](void* context, const WalkPiece& piece) { (*static_cast<std::remove_reference_t<F>*>(context))(piece); }, &body);
}

// Results of more bytes than this are written past the caches: half of the last-level cache.
std::int64_t stream_bytes();

bool is_dense(const Tensor& tensor);        // its elements fill their extent, each place once, with strides > 0
Tensor dense_layout(const Tensor& tensor);  // a tensor with the strides of its dense clone, to ask about; never to read
bool may_overlap(const Tensor& a, const Tensor& b);  // their extents meet

}  // namespace wengert
