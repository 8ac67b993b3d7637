// All steps of a recurrent layer in one direction: the sums of the gates are the products of input and hidden state with their
// weights, which the kernel of the cell makes values and states of.
#include "ops/recurrent.h"

#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/recurrent_layer.h"

namespace wengert {
namespace {

using std::int64_t;

// The sums of both biases; `own` elements at the end stay b_ih's, and those of b_hh follow them.
Tensor sum_of_biases(const Layer& layer, const Tensor* b_ih, const Tensor* b_hh, int64_t own) {
  const int64_t count = layer.gates * layer.hidden;
  const Tensor sum = layer.zeros({count + own});
  for (const Tensor* bias : {b_ih, b_hh}) {
    if (!bias) continue;
    check_matrix(layer, bias == b_ih ? "b_ih" : "b_hh", *bias, count, -1);
    const Tensor flat = contiguous(*bias);
    dispatch(layer.dtype, [&]<class T>() {
      T* to = sum.data<T>();
      const T* from = flat.data<T>();
      for (int64_t i = 0; i < count; ++i) to[i < count - own || bias == b_ih ? i : i + own] += from[i];
    });
  }
  return sum;
}

constexpr int64_t kFusedWeights = 512 << 10;  // bytes of both weights up to which each step adds its part of the input
constexpr int64_t kFusedRows = 8;             // a product of fewer rows costs as much

// The sums of the gates begin as input w_ih^T: at each step, by `weight`, where both weights stay in a second-level cache, so
// that the sums are in the first-level cache of the thread that needs them next. Else `weight` stays empty and `to` is written
// here.
void begin_sums(const Layer& layer, const Sharing& sharing, const Tensor& to, std::optional<StepWeight>* weight) {
  const int64_t columns = layer.gates * layer.hidden;
  const bool fused = sharing.packed && layer.features > 0 && layer.batch() >= kFusedRows;
  if (fused && (layer.features + layer.outputs) * columns * layer.size() <= kFusedWeights)
    weight->emplace(sharing, layer.w_ih.data(), layer.w_ih.stride(1), layer.w_ih.stride(0), layer.features,
                    static_cast<int>(layer.gates), layer.hidden);
  else
    product(layer.dtype, layer.rows(), columns, layer.features, layer.input.data(), layer.features, 1, layer.w_ih.data(),
            layer.w_ih.stride(1), layer.w_ih.stride(0), to.data(), columns);
}

// Block after block of the transposed rows [first, first + blocks * hidden) of w_hh: (outputs, blocks * hidden).
StepWeight recurrent_weight(const Layer& layer, const Sharing& sharing, int first, int blocks) {
  return {sharing,
          layer.w_hh.data() + first * layer.hidden * layer.w_hh.stride(0) * layer.size(),
          layer.w_hh.stride(1),
          layer.w_hh.stride(0),
          layer.outputs,
          blocks,
          layer.hidden};
}

// The states after each sequence's last step.
Tensor last_states(const Layer& layer, const Tensor& states) {
  const Tensor last = Tensor::empty({layer.batch(), states.size(1)}, layer.dtype);
  for (int64_t s = 0; s < layer.steps->count(); ++s)
    layer.steps->each_end(s, [&](int64_t begin, int64_t end, int64_t row) {
      std::memcpy(at(last, begin), at(states, row), static_cast<std::size_t>((end - begin) * states.size(1) * layer.size()));
    });
  return last;
}

Result lstm_call(const Call& call) {
  const Value* a = call.args;
  Layer layer = make_layer("_lstm_layer", 4, *a[0].tensor, given(a[1]), *a[3].tensor, *a[4].tensor, given(a[7]), given(a[8]),
                           a[9].truth());
  layer.c = checked_state(layer, "c", given(a[2]), layer.hidden);
  const bool projects = layer.w_hr.defined();
  const int64_t hidden = layer.hidden;
  const Tensor bias = sum_of_biases(layer, given(a[5]), given(a[6]), 0), zeros = layer.zeros({hidden});
  const Tensor gates = layer.matrix(4 * hidden), cells = layer.matrix(hidden), output = layer.matrix(layer.outputs),
               raw = projects ? layer.matrix(hidden) : output;
  const Sharing sharing(layer.dtype, *layer.steps, 4, hidden);
  std::optional<StepWeight> of_input;
  begin_sums(layer, sharing, gates, &of_input);
  const Groups groups = sharing.cut(hidden);
  const StepWeight weight = recurrent_weight(layer, sharing, 0, 4);
  std::optional<StepWeight> projection;
  if (projects)
    projection.emplace(sharing, layer.w_hr.data(), layer.w_hr.stride(1), layer.w_hr.stride(0), hidden, 1, layer.outputs);
  const CellLoop loop = loop_of(layer, kernels().recurrent->lstm.forward);
  sharing.run(*layer.steps, projects ? 2 : 1, false, [&](int phase, int64_t step, int64_t begin, int64_t end, int group) {
    const Place place(layer, groups, step, group);
    layer.steps->each_source(step, begin, end, [&](int64_t first, int64_t last, int64_t source) {
      const int64_t row = place.row + first, count = last - first;
      if (phase == 1) return projection->multiply(group, count, at(raw, row), hidden, at(output, row), layer.outputs, false);
      const bool begins = source < 0;
      if (of_input) of_input->multiply(group, count, at(layer.input, row), layer.features, at(gates, row), 4 * hidden, false);
      weight.multiply(group, count, begins ? at(layer.h, first) : at(output, source), layer.outputs, at(gates, row), 4 * hidden,
                      true);
      CellArgs args = place.args(layer, count);
      args.gates = rows_of(gates, row, place.unit);
      args.bias = repeated(bias, place.unit);
      args.before = begins ? rows_of(layer.c, first, place.unit) : rows_of(cells, source, place.unit);
      args.state = rows_of(cells, row, place.unit);
      args.output = rows_of(raw, row, place.unit);
      args.zeros = repeated(zeros, 0);
      loop(args);
    });
  });
  return std::vector<Tensor>{
      reshaped(output, layer.sizes(layer.outputs)),    last_states(layer, output), last_states(layer, cells), gates, cells,
      projects ? raw : Tensor::empty({0}, layer.dtype)};
}

Result gru_call(const Call& call) {
  const Value* a = call.args;
  const Layer layer =
      make_layer("_gru_layer", 3, *a[0].tensor, given(a[1]), *a[2].tensor, *a[3].tensor, nullptr, given(a[6]), a[7].truth());
  const int64_t hidden = layer.hidden;
  const Tensor bias = sum_of_biases(layer, given(a[4]), given(a[5]), hidden);
  const Tensor gates = layer.matrix(3 * hidden), inner = layer.matrix(hidden), output = layer.matrix(hidden);
  const Sharing sharing(layer.dtype, *layer.steps, 3, hidden);
  std::optional<StepWeight> of_input;
  begin_sums(layer, sharing, gates, &of_input);
  const Groups groups = sharing.cut(hidden);
  const StepWeight of_gates = recurrent_weight(layer, sharing, 0, 2), of_inner = recurrent_weight(layer, sharing, 2, 1);
  const CellLoop loop = loop_of(layer, kernels().recurrent->gru.forward);
  sharing.run(*layer.steps, 1, false, [&](int, int64_t step, int64_t begin, int64_t end, int group) {
    const Place place(layer, groups, step, group);
    layer.steps->each_source(step, begin, end, [&](int64_t first, int64_t last, int64_t source) {
      const int64_t row = place.row + first, count = last - first;
      const Tensor& states = source < 0 ? layer.h : output;
      const int64_t before = source < 0 ? first : source;
      if (of_input) of_input->multiply(group, count, at(layer.input, row), layer.features, at(gates, row), 3 * hidden, false);
      of_gates.multiply(group, count, at(states, before), hidden, at(gates, row), 3 * hidden, true);
      of_inner.multiply(group, count, at(states, before), hidden, at(inner, row), hidden, false);
      CellArgs args = place.args(layer, count);
      args.gates = rows_of(gates, row, place.unit);
      args.bias = repeated(bias, place.unit);
      args.inner = rows_of(inner, row, place.unit);
      args.inner_bias = repeated(bias, 3 * hidden + place.unit);
      args.before = rows_of(states, before, place.unit);
      args.output = rows_of(output, row, place.unit);
      loop(args);
    });
  });
  return std::vector<Tensor>{reshaped(output, layer.sizes(hidden)), last_states(layer, output), gates, inner};
}

Result rnn_call(const Call& call) {
  const Value* a = call.args;
  const CellLoop(&loops)[2] = rnn_cell(a[6]).forward;
  const Layer layer =
      make_layer("_rnn_layer", 1, *a[0].tensor, given(a[1]), *a[2].tensor, *a[3].tensor, nullptr, given(a[7]), a[8].truth());
  const int64_t hidden = layer.hidden;
  const Tensor bias = sum_of_biases(layer, given(a[4]), given(a[5]), 0), output = layer.matrix(hidden);
  const Sharing sharing(layer.dtype, *layer.steps, 1, hidden);
  std::optional<StepWeight> of_input;
  begin_sums(layer, sharing, output, &of_input);
  const Groups groups = sharing.cut(hidden);
  const StepWeight weight = recurrent_weight(layer, sharing, 0, 1);
  const CellLoop loop = loop_of(layer, loops);
  sharing.run(*layer.steps, 1, false, [&](int, int64_t step, int64_t begin, int64_t end, int group) {
    const Place place(layer, groups, step, group);
    layer.steps->each_source(step, begin, end, [&](int64_t first, int64_t last, int64_t source) {
      const int64_t row = place.row + first, count = last - first;
      if (of_input) of_input->multiply(group, count, at(layer.input, row), layer.features, at(output, row), hidden, false);
      weight.multiply(group, count, source < 0 ? at(layer.h, first) : at(output, source), hidden, at(output, row), hidden,
                      true);
      CellArgs args = place.args(layer, count);
      args.bias = repeated(bias, place.unit);
      args.output = rows_of(output, row, place.unit);
      loop(args);
    });
  });
  return std::pair{reshaped(output, layer.sizes(hidden)), last_states(layer, output)};
}

#define LAYER_ARGS ", batch_sizes: Tensor? = None, reverse: bool = False"
#define BIASES ", b_ih: Tensor? = None, b_hh: Tensor? = None"

constexpr OpRow kRows[] = {
    {"_lstm_layer", "",
     "input: Tensor, h: Tensor?, c: Tensor?, w_ih: Tensor, w_hh: Tensor" BIASES ", w_hr: Tensor? = None" LAYER_ARGS
     " -> (output, h_n, c_n, gates, cells, raw)",
     kFunction, lstm_call,
     "One layer and direction of nn.LSTM: input is (time, batch, features), or (rows, features) with the batch_sizes of a "
     "PackedSequence. For the way back it also gives the values of the gates, the cells' states, and with a projection w_hr "
     "the hidden states before it.\n\n"
     ">>> x, w = wengert.ones(2, 1, 3), wengert.ones(4, 3)\n"
     ">>> wengert._lstm_layer(x, None, None, w, w[:, :1]).output.flatten()\ntensor([0.7038, 0.9332])"},
    {"_gru_layer", "",
     "input: Tensor, h: Tensor?, w_ih: Tensor, w_hh: Tensor" BIASES LAYER_ARGS " -> (output, h_n, gates, inner)", kFunction,
     gru_call,
     "One layer and direction of nn.GRU, as _lstm_layer; inner is the hidden state's part of the candidate.\n\n"
     ">>> x, w = wengert.ones(2, 1, 3), wengert.ones(3, 3)\n"
     ">>> wengert._gru_layer(x, None, w, w[:, :1]).output.flatten()\ntensor([0.0472, 0.0902])"},
    {"_rnn_layer", "",
     "input: Tensor, h: Tensor?, w_ih: Tensor, w_hh: Tensor" BIASES ", nonlinearity: str = tanh" LAYER_ARGS " -> (output, h_n)",
     kFunction, rnn_call,
     "One layer and direction of nn.RNN, as _lstm_layer; nonlinearity is 'tanh' or 'relu'.\n\n"
     ">>> x, w = wengert.ones(2, 1, 3), wengert.ones(1, 3)\n"
     ">>> wengert._rnn_layer(x, None, w, w[:, :1], nonlinearity='relu').output.flatten()\ntensor([3., 6.])"},
};

}  // namespace

constinit const std::span<const OpRow> kRecurrentOps = kRows;

}  // namespace wengert
