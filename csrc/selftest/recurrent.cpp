// Cells of recurrent layers against their formulas in float64.
#include <vector>

#include "selftest/check.h"

namespace wengert::selftest {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// What a step of one unit of one sequence reads and writes; gates in the order of CellArgs.
struct Unit {
  double gates[4], bias[4], inner, inner_bias, before, state, output;
  double grad_output, grad_before, grad_state, grad_gates[4];
};

void lstm_forward(Unit& u) {
  for (int k = 0; k < 4; ++k) u.gates[k] = k == 2 ? std::tanh(u.gates[k] + u.bias[k]) : sigmoid(u.gates[k] + u.bias[k]);
  u.state = u.gates[1] * u.before + u.gates[0] * u.gates[2];
  u.output = u.gates[3] * std::tanh(u.state);
}
void lstm_backward(Unit& u) {
  const double i = u.gates[0], f = u.gates[1], g = u.gates[2], o = u.gates[3], t = std::tanh(u.state);
  const double d = u.grad_state + u.grad_output * o * (1 - t * t);
  const double grads[] = {d * g * i * (1 - i), d * u.before * f * (1 - f), d * i * (1 - g * g),
                          u.grad_output * t * o * (1 - o)};
  std::copy_n(grads, 4, u.grad_gates);
  u.grad_state = d * f;
}
void gru_forward(Unit& u) {
  for (int k = 0; k < 2; ++k) u.gates[k] = sigmoid(u.gates[k] + u.bias[k]);
  u.inner += u.inner_bias;
  u.gates[2] = std::tanh(u.gates[2] + u.gates[0] * u.inner + u.bias[2]);
  u.output = (1 - u.gates[1]) * u.gates[2] + u.gates[1] * u.before;
}
void gru_backward(Unit& u) {
  const double r = u.gates[0], z = u.gates[1], n = u.gates[2], d = u.grad_output * (1 - z) * (1 - n * n);
  const double grads[] = {d * u.inner * r * (1 - r), u.grad_output * (u.before - n) * z * (1 - z), d, d * r};
  std::copy_n(grads, 4, u.grad_gates);
  u.grad_before += u.grad_output * z;
}
void tanh_forward(Unit& u) { u.output = std::tanh(u.output + u.bias[0]); }
void tanh_backward(Unit& u) { u.grad_gates[0] = u.grad_output * (1 - u.output * u.output); }
void relu_forward(Unit& u) { u.output = std::max(0.0, u.output + u.bias[0]); }
void relu_backward(Unit& u) { u.grad_gates[0] = u.output > 0 ? u.grad_output : 0; }

constexpr struct {
  const char* name;
  Cell RecurrentKernels::* cell;
  void (*forward)(Unit&);
  void (*backward)(Unit&);
  int gates, sums;  // sums: of grad_gates
} kCells[] = {
    {"lstm", &RecurrentKernels::lstm, lstm_forward, lstm_backward, 4, 4},
    {"gru", &RecurrentKernels::gru, gru_forward, gru_backward, 3, 4},
    {"rnn_tanh", &RecurrentKernels::rnn_tanh, tanh_forward, tanh_backward, 1, 1},
    {"rnn_relu", &RecurrentKernels::rnn_relu, relu_forward, relu_backward, 1, 1},
};

// The rows of a layer's units [first, first + units) and those beside them, which must not change.
template <class T>
struct Rows {
  Operand<T> gates, bias, inner, inner_bias, before, state, output, zeros, grad_output, grad_before, grad_state, grad_gates;

  Rows(std::int64_t rows, std::int64_t hidden, int count, int sums)
      : gates(rows, count * hidden, count * hidden + 3, 1),
        bias(1, count * hidden, 0, 1),
        inner(rows, hidden, hidden, 1),
        inner_bias(1, hidden, 0, 1),
        before(rows, hidden, hidden + 1, 1),
        state(rows, hidden, hidden, 1),
        output(rows, hidden, hidden + 2, 1),
        zeros(1, hidden, 0, 1),
        grad_output(rows, hidden, hidden, 1),
        grad_before(rows, hidden, hidden, 1),
        grad_state(rows, hidden, hidden, 1),
        grad_gates(rows, sums * hidden, sums * hidden, 1) {}

  std::vector<Operand<T>*> all() {
    return {&gates,  &bias,  &inner,       &inner_bias,  &before,     &state,
            &output, &zeros, &grad_output, &grad_before, &grad_state, &grad_gates};
  }

  CellArgs args(std::int64_t rows, std::int64_t units, std::int64_t hidden, std::int64_t first) {
    const auto at = [&](Operand<T>& operand) {
      return CellRows{operand.first + first, operand.rows == 1 ? 0 : operand.row_step};
    };
    CellArgs a{};
    a.rows = rows, a.units = units, a.hidden = hidden;
    a.gates = at(gates), a.bias = at(bias), a.inner = at(inner), a.inner_bias = at(inner_bias);
    a.before = at(before), a.state = at(state), a.output = at(output), a.zeros = {zeros.first, 0};
    a.grad_output = at(grad_output), a.grad_before = at(grad_before), a.grad_state = at(grad_state);
    a.grad_gates = at(grad_gates);
    return a;
  }

  // The formula in place of the kernel.
  void apply(void (*formula)(Unit&), int count, int sums, std::int64_t rows, std::int64_t units, std::int64_t hidden,
             std::int64_t first) {
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t j = first; j < first + units; ++j) {
        Unit u{};
        for (int k = 0; k < count; ++k) u.gates[k] = gates.at(r, k * hidden + j), u.bias[k] = bias.at(0, k * hidden + j);
        u.inner = inner.at(r, j), u.inner_bias = inner_bias.at(0, j), u.before = before.at(r, j);
        u.state = state.at(r, j), u.output = output.at(r, j);
        u.grad_output = grad_output.at(r, j), u.grad_before = grad_before.at(r, j), u.grad_state = grad_state.at(r, j);
        for (int k = 0; k < sums; ++k) u.grad_gates[k] = grad_gates.at(r, k * hidden + j);
        formula(u);
        for (int k = 0; k < count; ++k) gates.at(r, k * hidden + j) = static_cast<T>(u.gates[k]);
        for (int k = 0; k < sums; ++k) grad_gates.at(r, k * hidden + j) = static_cast<T>(u.grad_gates[k]);
        inner.at(r, j) = static_cast<T>(u.inner), state.at(r, j) = static_cast<T>(u.state);
        output.at(r, j) = static_cast<T>(u.output), grad_before.at(r, j) = static_cast<T>(u.grad_before);
        grad_state.at(r, j) = static_cast<T>(u.grad_state);
      }
  }
};

template <class T>
void test(const KernelTable& table, Report& report) {
  Source source;
  for (const auto& cell : kCells) {
    const Cell& loops = table.recurrent->*cell.cell;
    for (const std::int64_t units : {1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 100}) {
      for (const std::int64_t rows : {1, 3, 50}) {  // 50 of 100 units are more than one tile
        const std::int64_t first = source.below(3), hidden = units + first + source.below(3);
        for (const bool backward : {false, true}) {
          Rows<T> got(rows, hidden, cell.gates, cell.sums);
          for (Operand<T>* operand : got.all()) operand->fill([&] { return source.value<T>(); });
          got.zeros.fill([] { return T(0); });
          Rows<T> want = got;
          want.apply(backward ? cell.backward : cell.forward, cell.gates, cell.sums, rows, units, hidden, first);
          (backward ? loops.backward : loops.forward)[sizeof(T) == 4 ? 0 : 1](got.args(rows, units, hidden, first));
          bool ok = true;
          const auto results = got.all(), expected = want.all();
          for (std::size_t i = 0; i < results.size(); ++i)
            ok = ok && agree(*results[i], *expected[i], sizeof(T) == 4 ? 0x1p-17 : 0x1p-46);
          report.add(ok, text("%s %s float%d %s: %d rows, %d units of %d", table.isa, cell.name, int(8 * sizeof(T)),
                              backward ? "backward" : "forward", int(rows), int(units), int(hidden)));
        }
      }
    }
  }
}

}  // namespace

void test_recurrent(const KernelTable& table, Report& report) {
  test<float>(table, report);
  test<double>(table, report);
}

}  // namespace wengert::selftest
