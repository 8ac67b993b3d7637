// Steps of optimizers. A method is a functor on vectors: it gets the parameter, the gradient and the states of some elements
// and changes them. The order of operations, and which products are fused with a sum, is PyTorch's (its for-loop form), so that
// float32 results agree to the last bits; see Note [Rounded products] in simd/pair.h for opaque().
#include "kernels/optimize.h"

#include "simd/math.h"
#include "simd/pair.h"

namespace wengert::WENGERT_ISA {
namespace {

// What every method does first: the sign, and weight decay of either kind.
template <class T>
struct Method {
  using V = Vec<T>;

  explicit Method(const StepArgs& args)
      : c(args.constants),
        maximize(c.sign < 0),
        decays(c.decay != 0),
        shrinks(c.shrink != 1),
        decay(T(c.decay)),
        shrink(T(c.shrink)) {}

  V gradient(V grad, V param) const {
    if (maximize) grad = -grad;
    return decays ? fma(decay, param, grad) : grad;
  }
  void shorten(V& param) const {
    if (shrinks) param = opaque(param * shrink);
  }

  const StepConstants& c;
  bool maximize, decays, shrinks;
  V decay, shrink;
};

// The moving average m + weight (x - m), from the nearer end.
template <class T>
struct Average {
  explicit Average(double w) : near_new(!(w < 0.5)), weight(near_new ? T(w) - T(1) : T(w)) {}
  Vec<T> operator()(Vec<T> m, Vec<T> x) const { return fma(weight, x - m, near_new ? x : m); }
  bool near_new;
  Vec<T> weight;
};

// The moving average of squares, keep v + second x^2.
template <class T>
struct SquareAverage {
  explicit SquareAverage(const StepConstants& c) : keep(T(c.keep)), second(T(c.second)) {}
  Vec<T> operator()(Vec<T> v, Vec<T> x) const { return fma(second * x, x, opaque(v * keep)); }
  Vec<T> keep, second;
};

// The larger; NaN where either is.
template <class T>
Vec<T> maximum(Vec<T> a, Vec<T> b) {
  return blend(unordered(a, a), a, larger(a, b));
}

// Robbins & Monro 1951; momentum as in Sutskever et al. 2013, with the rate outside of the buffer.
template <class T>
struct Sgd : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 1;
  explicit Sgd(const StepArgs& args)
      : Method<T>(args),
        has_buffer(args.state[0]),
        begins(this->c.begins),
        nesterov(this->c.nesterov),
        momentum(T(this->c.momentum)),
        first(T(this->c.first)),
        rate(T(-this->c.rate)) {}
  void operator()(V& param, V grad, V* state) const {
    V step = this->gradient(grad, param);
    if (has_buffer) {
      V& buffer = state[0];
      buffer = begins ? step : fma(first, step, opaque(buffer * momentum));
      step = nesterov ? fma(momentum, buffer, step) : buffer;
    }
    param = fma(rate, step, param);
  }
  bool has_buffer, begins, nesterov;
  V momentum, first, rate;
};

// Kingma & Ba 2015; Reddi et al. 2018 (the largest second moment so far); Loshchilov & Hutter 2019 (decoupled decay).
template <class T>
struct Adam : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 3;
  explicit Adam(const StepArgs& args)
      : Method<T>(args),
        has_largest(args.state[2]),
        mean(this->c.first),
        square(this->c),
        correct(T(this->c.correct)),
        epsilon(T(this->c.epsilon)),
        rate(T(-this->c.rate)) {}
  void operator()(V& param, V grad, V* state) const {
    this->shorten(param);
    grad = this->gradient(grad, param);
    state[0] = mean(state[0], grad);
    state[1] = square(state[1], grad);
    V second = state[1];
    if (has_largest) second = state[2] = maximum(state[2], second);
    param = param + rate * state[0] / (sqrt(second) / correct + epsilon);
  }
  bool has_largest;
  Average<T> mean;
  SquareAverage<T> square;
  V correct, epsilon, rate;
};

// Tieleman & Hinton 2012; Graves 2013 (centered).
template <class T>
struct RmsProp : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 3;
  explicit RmsProp(const StepArgs& args)
      : Method<T>(args),
        has_buffer(args.state[1]),
        centered(args.state[2]),
        square(this->c),
        mean(this->c.second),
        epsilon(T(this->c.epsilon)),
        momentum(T(this->c.momentum)),
        rate(T(-this->c.rate)) {}
  void operator()(V& param, V grad, V* state) const {
    grad = this->gradient(grad, param);
    V variance = state[0] = square(state[0], grad);
    if (centered) {
      state[2] = mean(state[2], grad);
      variance = fma(-state[2], state[2], variance);
    }
    const V deviation = sqrt(variance) + epsilon;
    if (has_buffer) {
      state[1] = opaque(state[1] * momentum) + grad / deviation;
      param = fma(rate, state[1], param);
    } else {
      param = param + rate * grad / deviation;
    }
  }
  bool has_buffer, centered;
  SquareAverage<T> square;
  Average<T> mean;
  V epsilon, momentum, rate;
};

// Duchi et al. 2011.
template <class T>
struct Adagrad : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 1;
  explicit Adagrad(const StepArgs& args) : Method<T>(args), epsilon(T(this->c.epsilon)), rate(T(-this->c.rate)) {}
  void operator()(V& param, V grad, V* state) const {
    grad = this->gradient(grad, param);
    state[0] = fma(grad, grad, state[0]);
    param = param + rate * grad / (sqrt(state[0]) + epsilon);
  }
  V epsilon, rate;
};

// Zeiler 2012.
template <class T>
struct Adadelta : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 2;
  explicit Adadelta(const StepArgs& args)
      : Method<T>(args), square(this->c), epsilon(T(this->c.epsilon)), rate(T(-this->c.rate)) {}
  void operator()(V& param, V grad, V* state) const {
    grad = this->gradient(grad, param);
    state[0] = square(state[0], grad);
    const V step = sqrt(state[1] + epsilon) / sqrt(state[0] + epsilon) * grad;
    state[1] = square(state[1], step);
    param = fma(rate, step, param);
  }
  SquareAverage<T> square;
  V epsilon, rate;
};

// Kingma & Ba 2015, section 7.1: Adam with the maximum norm.
template <class T>
struct Adamax : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 2;
  explicit Adamax(const StepArgs& args)
      : Method<T>(args), mean(this->c.first), keep(T(this->c.keep)), epsilon(T(this->c.epsilon)), rate(T(-this->c.rate)) {}
  void operator()(V& param, V grad, V* state) const {
    grad = this->gradient(grad, param);
    state[0] = mean(state[0], grad);
    state[1] = maximum(opaque(state[1] * keep), magnitude(grad) + epsilon);
    param = param + rate * state[0] / state[1];
  }
  Average<T> mean;
  V keep, epsilon, rate;
};

// Dozat 2016. `rate` is the gradient's, extra[0] that of the first moment.
template <class T>
struct Nadam : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 2;
  explicit Nadam(const StepArgs& args)
      : Method<T>(args),
        mean(this->c.first),
        square(this->c),
        correct(T(this->c.correct)),
        epsilon(T(this->c.epsilon)),
        rate(T(-this->c.rate)),
        mean_rate(T(-this->c.extra[0])) {}
  void operator()(V& param, V grad, V* state) const {
    this->shorten(param);
    grad = this->gradient(grad, param);
    state[0] = mean(state[0], grad);
    state[1] = square(state[1], grad);
    const V deviation = sqrt(state[1] / correct) + epsilon;
    param = param + rate * grad / deviation;
    param = param + mean_rate * state[0] / deviation;
  }
  Average<T> mean;
  SquareAverage<T> square;
  V correct, epsilon, rate, mean_rate;
};

// Liu et al. 2020. extra: the bias correction of the first moment; the rectification, 0 while the variance is intractable.
template <class T>
struct Radam : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 2;
  explicit Radam(const StepArgs& args)
      : Method<T>(args),
        rectified(this->c.extra[1] > 0),
        mean(this->c.first),
        square(this->c),
        correct(T(this->c.correct)),
        epsilon(T(this->c.epsilon)),
        rate(T(this->c.rate)),
        mean_correct(T(this->c.extra[0])),
        rectification(T(this->c.extra[1])) {}
  void operator()(V& param, V grad, V* state) const {
    this->shorten(param);
    grad = this->gradient(grad, param);
    state[0] = mean(state[0], grad);
    state[1] = square(state[1], grad);
    V step = state[0] / mean_correct * rate;
    if (rectified) step = step * (V(T(1)) / (sqrt(state[1]) + epsilon) * correct) * rectification;
    param = param - opaque(step);
  }
  bool rectified;
  Average<T> mean;
  SquareAverage<T> square;
  V correct, epsilon, rate, mean_correct, rectification;
};

// Riedmiller & Braun 1993, without weight backtracking. extra: eta-, eta+ and the largest step; epsilon: the smallest.
template <class T>
struct Rprop : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 2;
  explicit Rprop(const StepArgs& args)
      : Method<T>(args),
        shorter(T(this->c.extra[0])),
        longer(T(this->c.extra[1])),
        largest(T(this->c.extra[2])),
        smallest(T(this->c.epsilon)) {}
  void operator()(V& param, V grad, V* state) const {
    const V zero(T(0)), one(T(1));
    grad = this->gradient(grad, param);
    const V agreement = grad * state[0];
    const Mask<T> turned = less(agreement, zero);
    V& step = state[1];
    step = step * blend(greater(agreement, zero), longer, blend(turned, shorter, one));
    step = smaller(largest, larger(smallest, step));
    grad = blend(turned, zero, grad);
    const V down = blend(greater(grad, zero), -step, zero);
    param = param + blend(less(grad, zero), step, down);
    state[0] = grad;
  }
  V shorter, longer, largest, smallest;
};

// Polyak & Juditsky 1992. extra[0]: the weight of the parameter in its average; 1: it is the average.
template <class T>
struct Asgd : Method<T> {
  using V = Vec<T>;
  static constexpr int kStates = 1;
  explicit Asgd(const StepArgs& args)
      : Method<T>(args), averages(this->c.extra[0] != 1), rate(T(-this->c.rate)), weight(T(this->c.extra[0])) {}
  void operator()(V& param, V grad, V* state) const {
    grad = this->gradient(grad, param);
    this->shorten(param);
    param = fma(rate, grad, param);
    state[0] = averages ? state[0] + opaque((param - state[0]) * weight) : param;
  }
  bool averages;
  V rate, weight;
};

template <template <class> class M, class T>
void step(const StepArgs& args) {
  using V = Vec<T>;
  constexpr int kStates = M<T>::kStates;
  const M<T> method(args);
  auto* param = static_cast<T*>(args.param);
  const auto* grad = static_cast<const T*>(args.grad);
  T* state[kStates];
  for (int k = 0; k < kStates; ++k) state[k] = static_cast<T*>(args.state[k]);
  const auto part = [&](int64_t i, auto... lanes) __attribute__((always_inline)) {
    V x = V::load(param + i, lanes...), s[kStates];
#pragma GCC unroll 3
    for (int k = 0; k < kStates; ++k) s[k] = state[k] ? V::load(state[k] + i, lanes...) : x;
    method(x, V::load(grad + i, lanes...), s);
    x.store(param + i, lanes...);
#pragma GCC unroll 3
    for (int k = 0; k < kStates; ++k)
      if (state[k]) s[k].store(state[k] + i, lanes...);
  };
  int64_t i = 0;
  for (; i + V::width <= args.n; i += V::width) part(i);
  if (const int rest = static_cast<int>(args.n - i); rest > 0) part(i, rest);
}

}  // namespace

#define BOTH(M) {step<M, float>, step<M, double>}
extern const StepKernels kSteps;
const StepKernels kSteps = {BOTH(Sgd),    BOTH(Adam),  BOTH(RmsProp), BOTH(Adagrad), BOTH(Adadelta),
                            BOTH(Adamax), BOTH(Nadam), BOTH(Radam),   BOTH(Rprop),   BOTH(Asgd)};

}  // namespace wengert::WENGERT_ISA
