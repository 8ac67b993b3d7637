// Activations of networks, and their derivatives times what comes from behind: (cotangent, input, numbers). Then losses of
// single elements, with their slopes.
#include "kernels/math_loop.h"
#include "simd/erf.h"
#include "simd/exp.h"
#include "simd/hyperbolic.h"
#include "simd/log.h"
#include "simd/mask.h"

namespace wengert::WENGERT_ISA {
namespace {

// a where x > limit, else b; b where x is NaN.
template <class T>
Vec<T> above(Vec<T> x, Vec<T> limit, Vec<T> a, Vec<T> b) {
  return blend(greater(x, limit), a, b);
}

template <class T>
constexpr T kHalfRoot = T(0.70710678118654752440);  // 1 / sqrt(2)
template <class T>
constexpr T kDensity = T(0.39894228040143267794);  // 1 / sqrt(2 pi)

struct Gelu {  // x Phi(x)
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return T(0.5) * x * (T(1) + erf(x * kHalfRoot<T>));
  }
};
struct GeluGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x) const {
    const Vec<T> below = T(0.5) * (T(1) + erf(x * kHalfRoot<T>)), density = kDensity<T> * exp(T(-0.5) * x * x);
    // The density is 0 where x is infinite, and so is their product.
    const Vec<T> slope = fma(x, density, below);
    return g * blend(greater(density, Vec<T>(T(0))), slope, blend(unordered(x, x), x, below));
  }
};

// sqrt(2 / pi) (x + 0.044715 x^3)
template <class T>
Vec<T> gelu_argument(Vec<T> x) {
  return T(0.79788456080286535588) * x * (T(1) + T(0.044715) * x * x);
}
struct GeluTanh {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return T(0.5) * x * (T(1) + tanh(gelu_argument(x)));
  }
};
struct GeluTanhGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x) const {
    const Vec<T> t = tanh(gelu_argument(x)), slope = T(0.79788456080286535588) * (T(1) + T(3 * 0.044715) * x * x);
    const Vec<T> rest = (T(1) - t) * (T(1) + t);
    return g * (T(0.5) * (T(1) + t) + blend(equal(rest, Vec<T>(T(0))), rest, T(0.5) * x * rest * slope));
  }
};

struct Silu {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return x / (T(1) + exp(-x));
  }
};
struct SiluGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x) const {
    const Vec<T> s = sigmoid(x);
    return g * (s * (T(1) + x * (T(1) - s)));
  }
};

// log(1 + e^x)
template <class T>
Vec<T> log_of_one_and_exp(Vec<T> x) {
  const Vec<T> zero(T(0)), magnitude = above(x, zero, x, -x);
  return above(x, zero, x, zero) + log1p(exp(-magnitude));
}

// With e = e^x and n = e (e + 2): tanh(log(1 + e)) = n / (n + 2), 1 less its square 4 (n + 1) / (n + 2)^2. It is 1 from x = 20
// on.
struct Mish {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    const Vec<T> e = exp(smaller(Vec<T>(T(20)), x)), n = e * (e + T(2));
    return x * (n / (n + T(2)));
  }
};
struct MishGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x) const {
    const Vec<T> bounded = smaller(Vec<T>(T(20)), x), e = exp(bounded), n = e * (e + T(2)), q = T(1) / (n + T(2));
    const Vec<T> rest = T(4) * (n + T(1)) * q * q * (e / (T(1) + e));
    return g * fma(bounded, rest, n * q);
  }
};

struct Softplus {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> beta, Vec<T> threshold) const {
    const Vec<T> z = beta * x;
    return above(z, threshold, x, log_of_one_and_exp(z) / beta);
  }
};
struct SoftplusGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x, Vec<T> beta, Vec<T> threshold) const {
    const Vec<T> z = beta * x;
    return g * above(z, threshold, Vec<T>(T(1)), sigmoid(z));
  }
};

struct LogSigmoid {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return -log_of_one_and_exp(-x);
  }
};
struct LogSigmoidGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x) const {
    return g * sigmoid(-x);
  }
};

struct Elu {  // scale 1, of the exponential's argument `inner`
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> alpha, Vec<T> inner) const {
    return above(x, Vec<T>(T(0)), x, alpha * expm1(x * inner));
  }
};
struct EluGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x, Vec<T> alpha, Vec<T> inner) const {
    return g * above(x, Vec<T>(T(0)), Vec<T>(T(1)), alpha * inner * exp(x * inner));
  }
};

constexpr double kSeluAlpha = 1.6732632423543772848170429916717, kSeluScale = 1.0507009873554804934193349852946;
struct Selu {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return above(x, Vec<T>(T(0)), x * T(kSeluScale), T(kSeluScale * kSeluAlpha) * expm1(x));
  }
};
struct SeluGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x) const {
    return g * above(x, Vec<T>(T(0)), Vec<T>(T(kSeluScale)), T(kSeluScale * kSeluAlpha) * exp(x));
  }
};

struct LeakyRelu {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> slope) const {
    return above(x, Vec<T>(T(0)), x, x * slope);
  }
};
struct LeakyReluGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x, Vec<T> slope) const {
    return above(x, Vec<T>(T(0)), g, g * slope);
  }
};

// Into [low, high]; NaN stays.
template <class T>
Vec<T> between(Vec<T> x, T low, T high) {
  return smaller(Vec<T>(high), larger(Vec<T>(low), x));
}
struct Hardsigmoid {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return between(x + T(3), T(0), T(6)) / T(6);
  }
};
struct HardsigmoidGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x) const {
    const auto inside = greater(x, Vec<T>(T(-3))) & less(x, Vec<T>(T(3)));
    return blend(inside, g / T(6), Vec<T>(T(0)));
  }
};
struct Hardswish {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return x * between(x + T(3), T(0), T(6)) / T(6);
  }
};
struct HardswishGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x) const {
    const Vec<T> zero(T(0));
    return above(x, Vec<T>(T(-3)), blend(less(x, Vec<T>(T(3))), g * (x / T(3) + T(0.5)), g), zero);
  }
};

struct Hardtanh {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> low, Vec<T> high) const {
    return smaller(high, larger(low, x));
  }
};
struct HardtanhGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x, Vec<T> low, Vec<T> high) const {
    return blend(not_below(low, x) | not_below(x, high), Vec<T>(T(0)), g);
  }
};
struct Softshrink {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> lambda) const {
    const Vec<T> zero(T(0));
    return above(x, lambda, x - lambda, blend(less(x, -lambda), x + lambda, blend(unordered(x, x), x, zero)));
  }
};
struct Hardshrink {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> lambda) const {
    return blend(not_below(x, -lambda) & not_below(lambda, x), Vec<T>(T(0)), x);
  }
};
struct ShrinkGradient {  // of both: where the input is not shrunk to 0
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x, Vec<T> lambda) const {
    return blend(not_below(x, -lambda) & not_below(lambda, x), Vec<T>(T(0)), g);
  }
};
struct Threshold {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> threshold, Vec<T> value) const {
    return blend(not_below(threshold, x), value, x);
  }
};
struct ThresholdGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x, Vec<T> threshold) const {
    return blend(not_below(threshold, x), Vec<T>(T(0)), g);
  }
};

// Of what they return.
struct SigmoidGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> y) const {
    return g * (T(1) - y) * y;
  }
};
struct TanhGradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> y) const {
    return g * (T(1) - y * y);
  }
};

struct SquaredDifference {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> t) const {
    const Vec<T> d = x - t;
    return d * d;
  }
};
struct ScaledDifference {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x, Vec<T> t) const {
    return g * (x - t);
  }
};
// A parabola up to the distance beta, then a line of slope `outer`.
struct SmoothL1 {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> t, Vec<T> beta, Vec<T> outer) const {
    const Vec<T> d = magnitude(x - t);
    return outer * blend(less(d, beta), T(0.5) * d * d / beta, d - T(0.5) * beta);
  }
};
struct SmoothL1Gradient {
  template <class T>
  Vec<T> operator()(Vec<T> g, Vec<T> x, Vec<T> t, Vec<T> beta) const {
    return g * between((x - t) / beta, T(-1), T(1));
  }
};

#define ROW(row, pytorch, F, inputs, nanoseconds) \
  {.name = row, .kernel = pytorch, .arity = inputs, .ns = nanoseconds, .loops = math_loops<F, inputs>(), .hidden = true}

const ElementwiseRow kRows[] = {
    ROW("gelu", "GeluKernelImpl", Gelu, 1, 0.2f),
    ROW("_gelu_gradient", "GeluBackwardKernelImpl", GeluGradient, 2, 0.3f),
    ROW("gelu_tanh", "GeluKernelImpl", GeluTanh, 1, 0.2f),
    ROW("_gelu_tanh_gradient", "GeluBackwardKernelImpl", GeluTanhGradient, 2, 0.3f),
    ROW("silu", "silu_cpu", Silu, 1, 0.15f),
    ROW("_silu_gradient", "silu_backward_cpu", SiluGradient, 2, 0.2f),
    ROW("mish", "mish_cpu", Mish, 1, 0.5f),
    ROW("_mish_gradient", "mish_backward_cpu", MishGradient, 2, 0.6f),
    ROW("softplus", "softplus_cpu", Softplus, 3, 0.4f),
    ROW("_softplus_gradient", "softplus_backward_cpu", SoftplusGradient, 4, 0.2f),
    ROW("logsigmoid", "log_sigmoid_cpu", LogSigmoid, 1, 0.4f),
    ROW("_logsigmoid_gradient", "log_sigmoid_backward_cpu", LogSigmoidGradient, 2, 0.2f),
    ROW("elu", "elu_cpu", Elu, 3, 0.2f),
    ROW("_elu_gradient", "elu_backward_cpu", EluGradient, 4, 0.2f),
    ROW("selu", "elu_cpu", Selu, 1, 0.2f),
    ROW("_selu_gradient", "elu_backward_cpu", SeluGradient, 2, 0.2f),
    ROW("leaky_relu", "leaky_relu_cpu", LeakyRelu, 2, 0.02f),
    ROW("_leaky_relu_gradient", "leaky_relu_backward_cpu", LeakyReluGradient, 3, 0.02f),
    ROW("hardtanh", "hardtanh_cpu", Hardtanh, 3, 0.02f),
    ROW("_hardtanh_gradient", "hardtanh_backward_cpu", HardtanhGradient, 4, 0.02f),
    ROW("hardsigmoid", "hardsigmoid_cpu", Hardsigmoid, 1, 0.05f),
    ROW("_hardsigmoid_gradient", "hardsigmoid_backward_cpu", HardsigmoidGradient, 2, 0.05f),
    ROW("hardswish", "hardswish_cpu", Hardswish, 1, 0.05f),
    ROW("_hardswish_gradient", "hardswish_backward_cpu", HardswishGradient, 2, 0.05f),
    ROW("softshrink", "softshrink_cpu", Softshrink, 2, 0.02f),
    ROW("hardshrink", "hardshrink_cpu", Hardshrink, 2, 0.02f),
    ROW("_shrink_gradient", "shrink_backward_cpu", ShrinkGradient, 3, 0.02f),
    ROW("threshold", "threshold_cpu", Threshold, 3, 0.02f),
    ROW("_threshold_gradient", "threshold_backward_cpu", ThresholdGradient, 3, 0.02f),
    ROW("_sigmoid_gradient", "sigmoid_backward_cpu", SigmoidGradient, 2, 0.02f),
    ROW("_tanh_gradient", "tanh_backward_cpu", TanhGradient, 2, 0.02f),
    ROW("_squared_difference", "mse_cpu", SquaredDifference, 2, 0.02f),
    ROW("_scaled_difference", "mse_backward_cpu_out", ScaledDifference, 3, 0.02f),
    ROW("_smooth_l1", "smooth_l1_cpu", SmoothL1, 4, 0.1f),
    ROW("_smooth_l1_gradient", "smooth_l1_backward_cpu_out", SmoothL1Gradient, 4, 0.1f),
};

}  // namespace

extern const ElementwiseRows kActivation;
const ElementwiseRows kActivation = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
