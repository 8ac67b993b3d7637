// Gradients of a recurrent layer. The gradients of the gates' sums are found step by step, backward; those of weights, biases
// and input are products of all of them at the end.
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/product.h"
#include "ops/recurrent.h"
#include "ops/recurrent_layer.h"

namespace wengert {
namespace {

using std::int64_t;

// A matrix's columns [begin, begin + count).
struct Columns {
  int64_t begin, count;
};

// What every layer's gradients are made of.
struct Backward {
  const Layer& layer;
  Sharing sharing;
  Groups groups;
  Tensor grad_output;  // of the hidden state after each step, from outside and, once reached, from the next step
  Tensor grad_h;       // of the states that sequences began with
  Tensor grad_sums;    // of the gates' sums

  Backward(const Layer& layer, const Tensor* outside, const Tensor* grad_h_n, int64_t sums)
      : layer(layer),
        sharing(layer.dtype, *layer.steps, layer.gates, layer.hidden),
        groups(sharing.cut(layer.hidden)),
        grad_output(outside ? own(*outside, layer.sizes(layer.outputs), "grad_output")
                            : layer.zeros({layer.rows(), layer.outputs})),
        grad_h(layer.zeros({layer.batch(), layer.outputs})),
        grad_sums(layer.matrix(sums)) {
    grad_output = reshaped(grad_output, {layer.rows(), layer.outputs});
    if (!grad_h_n) return;
    const Tensor last = own(*grad_h_n, grad_h.sizes(), "grad_h");
    dispatch(layer.dtype, [&]<class T>() {
      for (int64_t s = 0; s < layer.steps->count(); ++s)
        layer.steps->each_end(s, [&](int64_t begin, int64_t end, int64_t row) {
          T *to = grad_output.data<T>() + row * layer.outputs, *from = last.data<T>() + begin * layer.outputs;
          for (int64_t i = 0; i < (end - begin) * layer.outputs; ++i) to[i] += from[i];
        });
    });
  }

  // A contiguous tensor that may be written to.
  Tensor own(const Tensor& given, const Dims& sizes, const char* what) const {
    check(given.dtype() == layer.dtype && given.sizes() == sizes, layer.name, "_backward: ", what, " has the shape ",
          tuple_of(given.sizes()), " but should have ", tuple_of(sizes));
    const Tensor result = Tensor::empty(sizes, layer.dtype);
    copy_unchecked(result, given);
    return result;
  }

  // Rows [row, ...) of the gradients of the states that sequences of a step came from.
  std::pair<const Tensor&, int64_t> before(int64_t first, int64_t source) const {
    return source < 0 ? std::pair<const Tensor&, int64_t>(grad_h, first)
                      : std::pair<const Tensor&, int64_t>(grad_output, source);
  }

  // Transposed blocks of w_hh: (blocks * hidden, outputs).
  StepWeight weight(int first, int blocks) const {
    return {sharing,
            layer.w_hh.data() + first * layer.hidden * layer.w_hh.stride(0) * layer.size(),
            layer.w_hh.stride(0),
            layer.w_hh.stride(1),
            blocks * layer.hidden,
            1,
            layer.outputs};
  }

  // Adds what the step's sums, columns from `column`, give to the states before it.
  void pull(const StepWeight& weight, int64_t column, int64_t step, int64_t begin, int64_t end, int group) const {
    const int64_t row = layer.steps->first(layer.steps->time(step));
    layer.steps->each_source(step, begin, end, [&](int64_t first, int64_t last, int64_t source) {
      const auto [to, to_row] = before(first, source);
      weight.multiply(group, last - first, at(grad_sums, row + first, column), grad_sums.size(1), at(to, to_row), layer.outputs,
                      true);
    });
  }

  // cell(step, begin, end, group) of every step, the last one first, and between two steps `pull`, at last, if wanted, to the
  // states that sequences began with. phases: 2 where what is pulled must be whole before the cell.
  template <class Pull, class CellOf>
  void run(int phases, bool to_start, Pull&& pull, CellOf&& cell) const {
    const int64_t count = layer.steps->count();
    sharing.run(*layer.steps, phases, true, [&](int phase, int64_t step, int64_t begin, int64_t end, int group) {
      if (phase == 0 && step + 1 < count) pull(step + 1, begin, end, group);
      if (phase == phases - 1) cell(step, begin, end, group);
    });
    if (!to_start) return;
    if (sharing.groups == 1) return pull(int64_t{0}, int64_t{0}, layer.batch(), 0);
    parallel_run(sharing.groups, [&](int thread, int threads) {
      for (int group = thread; group < sharing.groups; group += threads) pull(int64_t{0}, int64_t{0}, layer.batch(), group);
    });
  }

  // ---- at the end

  // sums^T other, into rows of `to` from `to_row`.
  void add_transposed(Columns sums, int64_t sums_row, const Tensor& other, int64_t other_row, int64_t rows, const Tensor& to,
                      int64_t to_row, bool accumulate) const {
    product(layer.dtype, sums.count, other.size(1), rows, at(grad_sums, sums_row, sums.begin), 1, grad_sums.size(1),
            at(other, other_row), other.size(1), 1, at(to, to_row), to.size(1), accumulate);
  }

  Tensor of_input(Columns sums) const {
    const Tensor result = layer.matrix(layer.features);
    product(layer.dtype, layer.rows(), layer.features, sums.count, at(grad_sums, 0, sums.begin), grad_sums.size(1), 1,
            layer.w_ih.data(), layer.w_ih.stride(0), layer.w_ih.stride(1), result.data(), layer.features);
    return reshaped(result, layer.sizes(layer.features));
  }

  Tensor of_w_ih(Columns sums) const {
    const Tensor result = Tensor::empty({sums.count, layer.features}, layer.dtype);
    add_transposed(sums, 0, layer.input, 0, layer.rows(), result, 0, false);
    return result;
  }

  // parts: the columns of the sums for w_hh, block after block of its rows.
  Tensor of_w_hh(const Tensor& output, std::initializer_list<Columns> parts) const {
    const Steps& steps = *layer.steps;
    const Tensor result = Tensor::empty({layer.gates * layer.hidden, layer.outputs}, layer.dtype);
    Tensor before;  // of packed sequences: the states before each row
    if (!steps.uniform()) {
      before = layer.matrix(layer.outputs);
      const auto bytes = [&](int64_t rows) { return static_cast<std::size_t>(rows * layer.outputs * layer.size()); };
      for (int64_t s = 0; s < steps.count(); ++s)
        steps.each_source(s, 0, steps.batch(), [&](int64_t first, int64_t last, int64_t source) {
          std::memcpy(at(before, steps.first(steps.time(s)) + first), source < 0 ? at(layer.h, first) : at(output, source),
                      bytes(last - first));
        });
    }
    int64_t to = 0;
    for (const Columns& sums : parts) {
      if (before.defined()) {
        add_transposed(sums, 0, before, 0, layer.rows(), result, to, false);
      } else {
        const int64_t batch = steps.batch(), later = layer.rows() - batch, reverse = steps.reverse();
        add_transposed(sums, reverse ? later : 0, layer.h, 0, batch, result, to, false);
        add_transposed(sums, reverse ? 0 : batch, output, reverse ? batch : 0, later, result, to, true);
      }
      to += sums.count;
    }
    return result;
  }

  // The sums over all rows.
  Tensor totals() const {
    const int64_t columns = grad_sums.size(1);
    const Tensor result = layer.zeros({columns});
    alignas(8) char one[8];
    Scalar::of(1.0).store(layer.dtype, one);
    if (layer.rows() > 0)
      multiply_vector(layer.dtype, columns, layer.rows(), grad_sums.data(), 1, columns, one, 0, result.data(), 1);
    return result;
  }
};

const std::vector<Tensor>& listed(const char* name, const char* what, const Value& value, std::size_t least, std::size_t most) {
  check(value.tensors.size() >= least && value.tensors.size() <= most, name, "_backward: ", what, " should be ", most,
        " tensors, got ", value.tensors.size());
  return value.tensors;
}

Tensor none(const Layer& layer) { return Tensor::empty({0}, layer.dtype); }

void check_saved(const Layer& layer, const char* what, const Tensor& tensor, int64_t columns) {
  check_matrix(layer, what, tensor, layer.rows(), columns);
  check(tensor.is_contiguous(), layer.name, "_backward: ", what, " is not contiguous");
}

Tensor saved_output(const Layer& layer, const Tensor& output) {
  check(output.dtype() == layer.dtype && output.sizes() == layer.sizes(layer.outputs) && output.is_contiguous(), layer.name,
        "_backward: output has the shape ", tuple_of(output.sizes()), " but should have ",
        tuple_of(layer.sizes(layer.outputs)));
  return reshaped(output, {layer.rows(), layer.outputs});
}

// Which gradients are wanted, a number for each.
struct Needs {
  const Dims& wanted;
  Needs(const Layer& layer, const Value& value, int count) : wanted(value.ints) {
    check(wanted.size() == count, layer.name, "_backward: needs should be ", count, " numbers");
  }
  bool operator[](int i) const { return wanted[i] != 0; }
};

Result lstm_backward_call(const Call& call) {
  const Value* a = call.args;
  const std::vector<Tensor>&weights = listed("_lstm_layer", "weights", a[6], 2, 3),
        &saved = listed("_lstm_layer", "saved", a[7], 4, 4);
  Layer layer = make_layer("_lstm_layer", 4, *a[3].tensor, given(a[4]), weights[0], weights[1],
                           weights.size() == 3 ? &weights[2] : nullptr, given(a[8]), a[9].truth());
  layer.c = checked_state(layer, "c", given(a[5]), layer.hidden);
  const int64_t hidden = layer.hidden, batch = layer.batch();
  const bool projects = layer.w_hr.defined();
  const Tensor output = saved_output(layer, saved[0]), &gates = saved[1], &cells = saved[2], &raw = saved[3];
  check_saved(layer, "gates", gates, 4 * hidden);
  check_saved(layer, "cells", cells, hidden);
  if (projects) check_saved(layer, "raw", raw, hidden);
  const Needs needs(layer, a[10], 8);

  const Backward back(layer, given(a[0]), given(a[1]), 4 * hidden);
  const Tensor grad_c = given(a[2]) ? back.own(*a[2].tensor, {batch, hidden}, "grad_c") : layer.zeros({batch, hidden});
  const Tensor grad_raw = projects ? Tensor::empty({batch, hidden}, layer.dtype) : Tensor(), zeros = layer.zeros({hidden});
  const StepWeight weight = back.weight(0, 4);
  std::optional<StepWeight> projection;
  if (projects)
    projection.emplace(back.sharing, layer.w_hr.data(), layer.w_hr.stride(0), layer.w_hr.stride(1), layer.outputs, 1, hidden);
  const CellLoop loop = loop_of(layer, kernels().recurrent->lstm.backward);
  back.run(
      projects ? 2 : 1, needs[1],
      [&](int64_t step, int64_t begin, int64_t end, int group) { back.pull(weight, 0, step, begin, end, group); },
      [&](int64_t step, int64_t begin, int64_t end, int group) {
        const Place place(layer, back.groups, step, group);
        layer.steps->each_source(step, begin, end, [&](int64_t first, int64_t last, int64_t source) {
          const int64_t row = place.row + first;
          CellArgs args = place.args(layer, last - first);
          args.gates = rows_of(gates, row, place.unit);
          args.before = source < 0 ? rows_of(layer.c, first, place.unit) : rows_of(cells, source, place.unit);
          args.state = rows_of(cells, row, place.unit);
          args.zeros = repeated(zeros, 0);
          args.grad_output = rows_of(back.grad_output, row, place.unit);
          if (projects) {
            projection->multiply(group, last - first, at(back.grad_output, row), layer.outputs, at(grad_raw, first), hidden,
                                 false);
            args.grad_output = rows_of(grad_raw, first, place.unit);
          }
          args.grad_state = rows_of(grad_c, first, place.unit);
          args.grad_gates = rows_of(back.grad_sums, row, place.unit);
          loop(args);
        });
      });

  const Columns sums{0, 4 * hidden};
  std::vector<Tensor> grads(8, none(layer));
  if (needs[0]) grads[0] = back.of_input(sums);
  if (needs[1]) grads[1] = back.grad_h;
  if (needs[2]) grads[2] = grad_c;
  if (needs[3]) grads[3] = back.of_w_ih(sums);
  if (needs[4]) grads[4] = back.of_w_hh(output, {sums});
  if (needs[5] || needs[6]) grads[5] = back.totals();
  if (needs[6]) grads[6] = clone(grads[5]);
  if (needs[7] && projects) {
    grads[7] = Tensor::empty({layer.outputs, hidden}, layer.dtype);
    product(layer.dtype, layer.outputs, hidden, layer.rows(), back.grad_output.data(), 1, layer.outputs, raw.data(), hidden, 1,
            grads[7].data(), hidden);
  }
  return grads;
}

Result gru_backward_call(const Call& call) {
  const Value* a = call.args;
  const std::vector<Tensor>&weights = listed("_gru_layer", "weights", a[4], 2, 2),
        &saved = listed("_gru_layer", "saved", a[5], 3, 3);
  const Layer layer =
      make_layer("_gru_layer", 3, *a[2].tensor, given(a[3]), weights[0], weights[1], nullptr, given(a[6]), a[7].truth());
  const int64_t hidden = layer.hidden;
  const Tensor output = saved_output(layer, saved[0]), &gates = saved[1], &inner = saved[2];
  check_saved(layer, "gates", gates, 3 * hidden);
  check_saved(layer, "inner", inner, hidden);
  const Needs needs(layer, a[8], 6);

  const Backward back(layer, given(a[0]), given(a[1]), 4 * hidden);
  const StepWeight of_gates = back.weight(0, 2), of_inner = back.weight(2, 1);
  const CellLoop loop = loop_of(layer, kernels().recurrent->gru.backward);
  back.run(
      1, needs[1],
      [&](int64_t step, int64_t begin, int64_t end, int group) {
        back.pull(of_gates, 0, step, begin, end, group);
        back.pull(of_inner, 3 * hidden, step, begin, end, group);
      },
      [&](int64_t step, int64_t begin, int64_t end, int group) {
        const Place place(layer, back.groups, step, group);
        layer.steps->each_source(step, begin, end, [&](int64_t first, int64_t last, int64_t source) {
          const int64_t row = place.row + first;
          const auto [to, to_row] = back.before(first, source);
          CellArgs args = place.args(layer, last - first);
          args.gates = rows_of(gates, row, place.unit);
          args.inner = rows_of(inner, row, place.unit);
          args.before = source < 0 ? rows_of(layer.h, first, place.unit) : rows_of(output, source, place.unit);
          args.grad_output = rows_of(back.grad_output, row, place.unit);
          args.grad_before = rows_of(to, to_row, place.unit);
          args.grad_gates = rows_of(back.grad_sums, row, place.unit);
          loop(args);
        });
      });

  const Columns of_input{0, 3 * hidden}, resets{0, 2 * hidden}, candidates{3 * hidden, hidden};
  std::vector<Tensor> grads(6, none(layer));
  if (needs[0]) grads[0] = back.of_input(of_input);
  if (needs[1]) grads[1] = back.grad_h;
  if (needs[2]) grads[2] = back.of_w_ih(of_input);
  if (needs[3]) grads[3] = back.of_w_hh(output, {resets, candidates});
  if (needs[4] || needs[5]) {
    const Tensor totals = back.totals();
    const auto part = [&](Columns columns) { return totals.view_as({columns.count}, {1}, columns.begin); };
    grads[4] = clone(part(of_input));
    grads[5] = clone(part(of_input));
    copy_unchecked(grads[5].view_as({hidden}, {1}, 2 * hidden), part(candidates));
  }
  return grads;
}

Result rnn_backward_call(const Call& call) {
  const Value* a = call.args;
  const CellLoop(&loops)[2] = rnn_cell(a[6]).backward;
  const std::vector<Tensor>& weights = listed("_rnn_layer", "weights", a[4], 2, 2);
  const Layer layer =
      make_layer("_rnn_layer", 1, *a[2].tensor, given(a[3]), weights[0], weights[1], nullptr, given(a[7]), a[8].truth());
  const int64_t hidden = layer.hidden;
  const Tensor output = saved_output(layer, *a[5].tensor);
  const Needs needs(layer, a[9], 6);

  const Backward back(layer, given(a[0]), given(a[1]), hidden);
  const StepWeight weight = back.weight(0, 1);
  const CellLoop loop = loop_of(layer, loops);
  back.run(
      1, needs[1], [&](int64_t step, int64_t begin, int64_t end, int group) { back.pull(weight, 0, step, begin, end, group); },
      [&](int64_t step, int64_t begin, int64_t end, int group) {
        const Place place(layer, back.groups, step, group);
        end = std::min(end, layer.steps->size(layer.steps->time(step)));
        if (begin >= end) return;
        CellArgs args = place.args(layer, end - begin);
        args.output = rows_of(output, place.row + begin, place.unit);
        args.grad_output = rows_of(back.grad_output, place.row + begin, place.unit);
        args.grad_gates = rows_of(back.grad_sums, place.row + begin, place.unit);
        loop(args);
      });

  const Columns sums{0, hidden};
  std::vector<Tensor> grads(6, none(layer));
  if (needs[0]) grads[0] = back.of_input(sums);
  if (needs[1]) grads[1] = back.grad_h;
  if (needs[2]) grads[2] = back.of_w_ih(sums);
  if (needs[3]) grads[3] = back.of_w_hh(output, {sums});
  if (needs[4] || needs[5]) grads[4] = back.totals();
  if (needs[5]) grads[5] = clone(grads[4]);
  return grads;
}

#define GRADS "grad_output: Tensor?, grad_h: Tensor?"
#define LAYER_ARGS ", batch_sizes: Tensor?, reverse: bool, needs: tuple -> Tensor[]"

constexpr OpRow kRows[] = {
    {"_lstm_layer_backward", "",
     GRADS ", grad_c: Tensor?, input: Tensor, h: Tensor?, c: Tensor?, weights: Tensor[], saved: Tensor[]" LAYER_ARGS, kFunction,
     lstm_backward_call,
     "The gradients of _lstm_layer's input, h, c, w_ih, w_hh, b_ih, b_hh and w_hr, from those of its first three results; None "
     "stands for zeros. weights are w_ih, w_hh and w_hr, saved are the results output, gates, cells and raw. needs has a "
     "number "
     "for each gradient: those with 0 are empty tensors."},
    {"_gru_layer_backward", "", GRADS ", input: Tensor, h: Tensor?, weights: Tensor[], saved: Tensor[]" LAYER_ARGS, kFunction,
     gru_backward_call,
     "The gradients of _gru_layer's input, h, w_ih, w_hh, b_ih and b_hh, as _lstm_layer_backward; saved are output, gates and "
     "inner."},
    {"_rnn_layer_backward", "",
     GRADS ", input: Tensor, h: Tensor?, weights: Tensor[], output: Tensor, nonlinearity: str" LAYER_ARGS, kFunction,
     rnn_backward_call, "The gradients of _rnn_layer's input, h, w_ih, w_hh, b_ih and b_hh, as _lstm_layer_backward."},
};

}  // namespace

constinit const std::span<const OpRow> kRecurrentBackwardOps = kRows;

}  // namespace wengert
