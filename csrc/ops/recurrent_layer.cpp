#include "ops/recurrent_layer.h"

#include <cstring>

#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"

namespace wengert {

using std::int64_t;

Tensor Layer::zeros(const Dims& sizes) const { return full(sizes, Scalar::of(0.0), dtype); }

void check_matrix(const Layer& layer, const char* what, const Tensor& tensor, int64_t rows, int64_t columns) {
  check(tensor.dtype() == layer.dtype, layer.name, ": expected all tensors to have the dtype of input, ",
        info(layer.dtype).scalar, ", but ", what, " has ", info(tensor.dtype()).scalar);
  const bool fits = columns < 0 ? tensor.dim() == 1 && tensor.size(0) == rows
                                : tensor.dim() == 2 && tensor.size(0) == rows && tensor.size(1) == columns;
  check(fits, layer.name, ": ", what, " has the shape ", tuple_of(tensor.sizes()), " but should have (", rows,
        columns < 0 ? str(",)") : str(", ", columns, ")"));
}

namespace {

Steps checked_steps(Layer& layer, const Tensor& input, const Tensor* batch_sizes, bool reverse) {
  if (!batch_sizes) {
    check(input.dim() == 3, layer.name, ": input should have three dimensions without batch_sizes, got ",
          tuple_of(input.sizes()));
    check(input.size(0) > 0, "Expected sequence length to be larger than 0 in RNN");
    layer.leading = {input.size(0), input.size(1)};
    return {input.size(0), input.size(1), nullptr, reverse};
  }
  check(input.dim() == 2, layer.name, ": input should have two dimensions with batch_sizes, got ", tuple_of(input.sizes()));
  check(batch_sizes->dim() == 1 && batch_sizes->dtype() == DType::int64 && batch_sizes->numel() > 0, layer.name,
        ": batch_sizes should be a vector of int64, not empty");
  layer.batch_sizes = contiguous(*batch_sizes);
  const int64_t *sizes = layer.batch_sizes.data<int64_t>(), count = layer.batch_sizes.numel();
  int64_t rows = 0;
  for (int64_t t = 0; t < count; ++t) {
    check(sizes[t] > 0 && (t == 0 || sizes[t] <= sizes[t - 1]), layer.name,
          ": batch_sizes should be positive and no larger than the one before");
    check(sizes[t] <= input.size(0) - rows, layer.name, ": batch_sizes add up to more than the ", input.size(0),
          " rows of input");
    rows += sizes[t];
  }
  check(rows == input.size(0), layer.name, ": batch_sizes add up to ", rows, ", but input has ", input.size(0), " rows");
  layer.leading = {rows};
  return {count, sizes[0], sizes, reverse};
}

}  // namespace

Tensor checked_state(const Layer& layer, const char* what, const Tensor* state, int64_t columns) {
  if (!state) return layer.zeros({layer.batch(), columns});
  check_matrix(layer, what, *state, layer.batch(), columns);
  return contiguous(*state);
}

Layer make_layer(const char* name, int64_t gates, const Tensor& input, const Tensor* h, const Tensor& w_ih, const Tensor& w_hh,
                 const Tensor* w_hr, const Tensor* batch_sizes, bool reverse) {
  Layer layer;
  layer.name = name;
  layer.dtype = input.dtype();
  if (!is_floating(layer.dtype)) [[unlikely]]
    fail(ErrorKind::not_implemented, '"', name, "\" not implemented for '", info(layer.dtype).scalar, '\'');
  layer.steps.emplace(checked_steps(layer, input, batch_sizes, reverse));
  layer.gates = gates;
  layer.features = input.size(input.dim() - 1);
  layer.hidden = w_hh.dim() == 2 ? w_hh.size(0) / gates : 0;
  check(layer.hidden > 0, name, ": w_hh should be a matrix of at least ", gates, " rows, got ", tuple_of(w_hh.sizes()));
  layer.outputs = w_hr && w_hr->dim() == 2 ? w_hr->size(0) : layer.hidden;
  check(layer.outputs > 0, name, ": w_hr has no rows");
  check_matrix(layer, "w_ih", w_ih, gates * layer.hidden, layer.features);
  check_matrix(layer, "w_hh", w_hh, gates * layer.hidden, layer.outputs);
  if (w_hr) check_matrix(layer, "w_hr", *w_hr, layer.outputs, layer.hidden);
  layer.w_ih = w_ih, layer.w_hh = w_hh;
  if (w_hr) layer.w_hr = *w_hr;
  layer.input = reshaped(contiguous(input), {layer.rows(), layer.features});
  layer.h = checked_state(layer, "h", h, layer.outputs);
  return layer;
}

const Cell& rnn_cell(const Value& nonlinearity) {
  const RecurrentKernels& kernel = *kernels().recurrent;
  if (std::strcmp(nonlinearity.text, "tanh") == 0) return kernel.rnn_tanh;
  check_value(std::strcmp(nonlinearity.text, "relu") == 0, "Unknown nonlinearity: ", nonlinearity.text);
  return kernel.rnn_relu;
}

}  // namespace wengert
