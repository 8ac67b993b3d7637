// What the recurrent operators share: their arguments, checked, and the places of a step in the matrices of a layer.
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/recurrent.h"
#include "ops/op.h"
#include "ops/recurrence.h"

namespace wengert {

struct Layer {
  const char* name;
  DType dtype;
  std::int64_t gates, features, hidden, outputs;  // outputs: of the hidden state, fewer than `hidden` with a projection
  Dims leading;                                   // of the result: all dimensions but the last
  Tensor input, h, c;                             // contiguous matrices; zeros for states that are not given
  Tensor w_ih, w_hh, w_hr;                        // of any strides. w_hr: undefined without a projection
  Tensor batch_sizes;
  std::optional<Steps> steps;

  bool single() const { return dtype == DType::float32; }
  std::int64_t size() const { return single() ? 4 : 8; }
  std::int64_t rows() const { return steps->rows(); }
  std::int64_t batch() const { return steps->batch(); }
  Tensor matrix(std::int64_t columns) const { return Tensor::empty({rows(), columns}, dtype); }
  Tensor zeros(const Dims& sizes) const;
  Dims sizes(std::int64_t columns) const {  // of a result
    Dims all = leading;
    all.push_back(columns);
    return all;
  }
};

// RuntimeError for shapes and dtypes that do not fit together, NotImplementedError for elements that are no floats.
Layer make_layer(const char* name, std::int64_t gates, const Tensor& input, const Tensor* h, const Tensor& w_ih,
                 const Tensor& w_hh, const Tensor* w_hr, const Tensor* batch_sizes, bool reverse);
// A state of one row a sequence, contiguous.
Tensor checked_state(const Layer& layer, const char* what, const Tensor* state, std::int64_t columns);
// columns < 0: a vector.
void check_matrix(const Layer& layer, const char* what, const Tensor& tensor, std::int64_t rows, std::int64_t columns);

inline const Tensor* given(const Value& value) { return value.given() ? value.tensor : nullptr; }
const Cell& rnn_cell(const Value& nonlinearity);

inline Tensor reshaped(const Tensor& contiguous, const Dims& sizes) {
  return contiguous.view_as(sizes, contiguous_strides(sizes));
}

// Rows of a contiguous matrix from `row`, their elements from `column`.
inline char* at(const Tensor& matrix, std::int64_t row, std::int64_t column = 0) {
  return matrix.data() + (row * matrix.size(1) + column) * matrix.itemsize();
}
inline CellRows rows_of(const Tensor& matrix, std::int64_t row, std::int64_t column) {
  return {at(matrix, row, column), matrix.size(1)};
}
inline CellRows repeated(const Tensor& vector, std::int64_t column) { return {vector.data() + column * vector.itemsize(), 0}; }

// Of a step and a group of hidden units: the step's first row, the first unit, how many.
struct Place {
  std::int64_t row, unit, units;
  Place(const Layer& layer, const Groups& groups, std::int64_t step, int group)
      : row(layer.steps->first(layer.steps->time(step))), unit(groups.begin(group)), units(groups.width(group)) {}

  CellArgs args(const Layer& layer, std::int64_t rows) const {
    CellArgs args{};
    args.rows = rows, args.units = units, args.hidden = layer.hidden;
    return args;
  }
};

inline CellLoop loop_of(const Layer& layer, const CellLoop (&loops)[2]) { return loops[layer.single() ? 0 : 1]; }

}  // namespace wengert
