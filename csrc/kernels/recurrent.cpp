// Cells of recurrent layers, as passes over a tile of rows that stays in the first-level cache. Each pass is a functor on
// vectors: the long bodies, those of sigmoid and tanh, stand once in the code.
#include "kernels/recurrent.h"

#include "simd/hyperbolic.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
struct Rows {
  T* at;
  int64_t step;

  Rows(T* at, int64_t step) : at(at), step(step) {}
  Rows(const CellRows& rows, int64_t column = 0) : at(static_cast<T*>(rows.at) + column), step(rows.step) {}
};

// f(inputs, outputs) for each vector of the rows. Outputs are written after all inputs of their place have been read.
template <class F, class T, int In, int Out>
[[gnu::noinline]] void pass(int64_t rows, int64_t n, const Rows<T> (&in)[In], const Rows<T> (&out)[Out]) {
  using V = Vec<T>;
  constexpr int W = V::width;
  for (int64_t r = 0; r < rows; ++r) {
    const T* x[In];
    T* y[Out];
    for (int k = 0; k < In; ++k) x[k] = in[k].at + r * in[k].step;
    for (int k = 0; k < Out; ++k) y[k] = out[k].at + r * out[k].step;
    V from[In], to[Out];
    int64_t i = 0;
    for (; i + W <= n; i += W) {
#pragma GCC unroll 16
      for (int k = 0; k < In; ++k) from[k] = V::load(x[k] + i);
      F::apply(from, to);
#pragma GCC unroll 16
      for (int k = 0; k < Out; ++k) to[k].store(y[k] + i);
    }
    if (const int lanes = static_cast<int>(n - i); lanes > 0) {
#pragma GCC unroll 16
      for (int k = 0; k < In; ++k) from[k] = V::load(x[k] + i, lanes);
      F::apply(from, to);
#pragma GCC unroll 16
      for (int k = 0; k < Out; ++k) to[k].store(y[k] + i, lanes);
    }
  }
}

// x, bias
struct Sigmoid {
  template <class V>
  static void apply(const V* x, V* y) {
    y[0] = sigmoid(x[0] + x[1]);
  }
};
struct Tanh {
  template <class V>
  static void apply(const V* x, V* y) {
    y[0] = tanh(x[0] + x[1]);
  }
};
struct Relu {
  template <class V>
  static void apply(const V* x, V* y) {
    y[0] = larger(V(0), x[0] + x[1]);
  }
};

// The gate's value s or h, d of the loss by it, to d by the gate's sum.
template <class V>
V through_sigmoid(V d, V s) {
  return d * s * (V(1) - s);
}
template <class V>
V through_tanh(V d, V h) {
  return d * (V(1) - h * h);
}

// ---- LSTM: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000
//   c' = f c + i g,  h' = o tanh(c')

// i f g c: c'
struct LstmState {
  template <class V>
  static void apply(const V* x, V* y) {
    y[0] = fma(x[1], x[3], x[0] * x[2]);
  }
};
struct Product {
  template <class V>
  static void apply(const V* x, V* y) {
    y[0] = x[0] * x[1];
  }
};

// i f g o c tanh(c'), the gradients of h' and c': those of i f g o c
struct LstmBackward {
  template <class V>
  static void apply(const V* x, V* y) {
    const V i = x[0], f = x[1], g = x[2], o = x[3], th = x[5], dh = x[6];
    const V dc = x[7] + through_tanh(dh * o, th);
    y[0] = through_sigmoid(dc * g, i);
    y[1] = through_sigmoid(dc * x[4], f);
    y[2] = through_tanh(dc * i, g);
    y[3] = through_sigmoid(dh * th, o);
    y[4] = dc * f;
  }
};

// Rows of which four gates fill half of a first-level cache of 32 KB.
template <class T>
int64_t tile_rows(int64_t units) {
  const int64_t rows = 16384 / (4 * units * static_cast<int64_t>(sizeof(T)));
  return rows < 1 ? 1 : rows;
}

// f(args of a tile) for all of them.
template <class T, class F>
void each_tile(CellArgs args, F f) {
  const int64_t rows = args.rows, most = tile_rows<T>(args.units);
  CellRows* all[] = {&args.gates,       &args.inner,       &args.before,     &args.state,     &args.output,
                     &args.grad_output, &args.grad_before, &args.grad_state, &args.grad_gates};
  for (int64_t r = 0; r < rows; r += most) {
    args.rows = rows - r < most ? rows - r : most;
    f(args);
    for (CellRows* moved : all) moved->at = static_cast<T*>(moved->at) + most * moved->step;
  }
}

template <class T>
void lstm_forward(const CellArgs& all) {
  each_tile<T>(all, [](const CellArgs& a) {
    const int64_t rows = a.rows, n = a.units;
    const auto gate = [&](int k) { return Rows<T>(a.gates, k * a.hidden); };
    const auto bias = [&](int k) { return Rows<T>(a.bias, k * a.hidden); };
    for (int k = 0; k < 4; ++k)
      if (k != 2) pass<Sigmoid, T, 2, 1>(rows, n, {gate(k), bias(k)}, {gate(k)});
    pass<Tanh, T, 2, 1>(rows, n, {gate(2), bias(2)}, {gate(2)});
    pass<LstmState, T, 4, 1>(rows, n, {gate(0), gate(1), gate(2), a.before}, {a.state});
    pass<Tanh, T, 2, 1>(rows, n, {a.state, a.zeros}, {a.output});
    pass<Product, T, 2, 1>(rows, n, {gate(3), a.output}, {a.output});
  });
}

template <class T>
void lstm_backward(const CellArgs& all) {
  each_tile<T>(all, [](const CellArgs& a) {
    const int64_t rows = a.rows, n = a.units;
    const auto gate = [&](int k) { return Rows<T>(a.gates, k * a.hidden); };
    const auto grad = [&](int k) { return Rows<T>(a.grad_gates, k * a.hidden); };
    pass<Tanh, T, 2, 1>(rows, n, {a.state, a.zeros}, {grad(3)});
    pass<LstmBackward, T, 8, 5>(rows, n, {gate(0), gate(1), gate(2), gate(3), a.before, grad(3), a.grad_output, a.grad_state},
                                {grad(0), grad(1), grad(2), grad(3), a.grad_state});
  });
}

// ---- GRU: Cho et al. 2014, with the reset gate behind the product
//   q = W h + b,  n = tanh(x + r q),  h' = n + z (h - n)

// product, bias, x, r: q, the sum of n
struct GruInner {
  template <class V>
  static void apply(const V* x, V* y) {
    y[0] = x[0] + x[1];
    y[1] = fma(x[3], y[0], x[2]);
  }
};
// z n h: h'
struct GruState {
  template <class V>
  static void apply(const V* x, V* y) {
    y[0] = fma(x[0], x[2] - x[1], x[1]);
  }
};

// r z n q h, the gradients of h' and, so far, of h: those of r z n q and h
struct GruBackward {
  template <class V>
  static void apply(const V* x, V* y) {
    const V r = x[0], z = x[1], n = x[2], q = x[3], dh = x[5];
    const V dn = through_tanh(dh * (V(1) - z), n);
    y[0] = through_sigmoid(dn * q, r);
    y[1] = through_sigmoid(dh * (x[4] - n), z);
    y[2] = dn;
    y[3] = dn * r;
    y[4] = fma(dh, z, x[6]);
  }
};

template <class T>
void gru_forward(const CellArgs& all) {
  each_tile<T>(all, [](const CellArgs& a) {
    const int64_t rows = a.rows, n = a.units;
    const auto gate = [&](int k) { return Rows<T>(a.gates, k * a.hidden); };
    const auto bias = [&](int k) { return Rows<T>(a.bias, k * a.hidden); };
    for (int k = 0; k < 2; ++k) pass<Sigmoid, T, 2, 1>(rows, n, {gate(k), bias(k)}, {gate(k)});
    pass<GruInner, T, 4, 2>(rows, n, {a.inner, a.inner_bias, gate(2), gate(0)}, {a.inner, gate(2)});
    pass<Tanh, T, 2, 1>(rows, n, {gate(2), bias(2)}, {gate(2)});
    pass<GruState, T, 3, 1>(rows, n, {gate(1), gate(2), a.before}, {a.output});
  });
}

template <class T>
void gru_backward(const CellArgs& all) {
  const auto gate = [&](int k) { return Rows<T>(all.gates, k * all.hidden); };
  const auto grad = [&](int k) { return Rows<T>(all.grad_gates, k * all.hidden); };
  pass<GruBackward, T, 7, 5>(all.rows, all.units,
                             {gate(0), gate(1), gate(2), all.inner, all.before, all.grad_output, all.grad_before},
                             {grad(0), grad(1), grad(2), grad(3), all.grad_before});
}

// ---- Elman 1990

// h' and its gradient: that of the sum
struct TanhBackward {
  template <class V>
  static void apply(const V* x, V* y) {
    y[0] = through_tanh(x[1], x[0]);
  }
};
struct ReluBackward {
  template <class V>
  static void apply(const V* x, V* y) {
    y[0] = blend(not_below(V(0), x[0]), V(0), x[1]);
  }
};

template <class T, class F>
void rnn_forward(const CellArgs& a) {
  pass<F, T, 2, 1>(a.rows, a.units, {a.output, a.bias}, {a.output});
}
template <class T, class F>
void rnn_backward(const CellArgs& a) {
  pass<F, T, 2, 1>(a.rows, a.units, {a.output, a.grad_output}, {a.grad_gates});
}

}  // namespace

extern const RecurrentKernels kRecurrent;
const RecurrentKernels kRecurrent = {
    .lstm = {{lstm_forward<float>, lstm_forward<double>}, {lstm_backward<float>, lstm_backward<double>}},
    .gru = {{gru_forward<float>, gru_forward<double>}, {gru_backward<float>, gru_backward<double>}},
    .rnn_tanh = {{rnn_forward<float, Tanh>, rnn_forward<double, Tanh>},
                 {rnn_backward<float, TanhBackward>, rnn_backward<double, TanhBackward>}},
    .rnn_relu = {{rnn_forward<float, Relu>, rnn_forward<double, Relu>},
                 {rnn_backward<float, ReluBackward>, rnn_backward<double, ReluBackward>}},
};

}  // namespace wengert::WENGERT_ISA
