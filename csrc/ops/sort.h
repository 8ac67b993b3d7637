// Sorting along a dimension, and what other frames need of it: rows in memory, keys, the order of a row.
#pragma once

#include <span>

#include "core/tensor.h"
#include "kernels/sort.h"
#include "ops/op.h"

namespace wengert {

// The slices along one dimension as rows of contiguous memory, in row-major order of the other dimensions.
struct Rows {
  Tensor made;       // where the input's own memory does not serve
  const char* data;  // of the first row
  Dims sizes;        // (..., n)
  std::int64_t count, n, row_bytes;
  const char* row(std::int64_t i) const { return data + i * row_bytes; }
};
Rows rows_along(const Tensor& input, int dim);  // to be used while input lives
// A result of rows of `size` elements, (..., size) contiguous, with its last dimension moved to `dim`; contiguous again.
Tensor moved_from_last(Tensor rows, int dim);

SortKeys sort_keys(DType dtype, bool descending);
void check_sortable(const char* op, std::int64_t n);  // fewer than 2^32 elements in a row

// Sorts the rows of contiguous memory `in`, stably, into values and indices (either may be null). Only the first `wanted` of
// each row need be right.
void sort_rows(DType dtype, bool descending, const char* in, std::int64_t count, std::int64_t n, char* values,
               std::int64_t* indices, std::int64_t wanted = INT64_MAX);

// Stably sorted, NaN above all; `indices` may be null.
Tensor sort(const Tensor& input, int dim, bool descending, Tensor* indices);

// The k largest or smallest elements along dim, in order, of equal ones the first; and their positions.
Tensor topk(const Tensor& input, std::int64_t k, int dim, bool largest, Tensor* indices);

// A pair's out=, which has to have the results' dtypes exactly; and the results, copied to it where it is given.
void check_pair_out(const Call& call, const Dims& sizes, DType values, DType indices = DType::int64);
Result give_pair(const Call& call, Tensor values, Tensor indices);
int sort_dim(const Tensor& input, std::int64_t dim);

extern const std::span<const OpRow> kSortOps;
extern const std::span<const OpRow> kSelectOps;  // select.cpp: topk, kthvalue, median, mode, quantile
extern const std::span<const OpRow> kSearchOps;  // search.cpp: searchsorted, bucketize, isin, unique
extern const std::span<const OpRow> kCountOps;   // count.cpp: bincount, histc, histogram

}  // namespace wengert
