// The optimizers as data: names, what they keep, and the numbers of a step. Formulas and the order of their operations are
// PyTorch's, computed in float64 as Python does.
#include <cmath>

#include "ops/optimize.h"

namespace wengert {
namespace {

// The constants that most methods share. The first options of every row are these, in this order.
enum Option { kLr, kWeightDecay, kMaximize, kOwn };

StepConstants common(const double* options) {
  StepConstants c;
  c.rate = options[kLr];
  c.decay = options[kWeightDecay];
  c.sign = options[kMaximize] != 0 ? -1 : 1;
  return c;
}

// Weight decay of the parameter instead of the gradient.
void decouple(StepConstants& c, const double* options) {
  c.decay = 0;
  c.shrink = options[kWeightDecay] != 0 ? 1 - options[kLr] * options[kWeightDecay] : 1;
}

double count(StepScalar& step) {
  step.set(step.value + 1);
  return step.value;
}

unsigned needs_all(const double*) { return ~0u; }

// momentum, dampening, nesterov
unsigned sgd_needs(const double* o) { return o[kOwn] != 0; }
StepConstants sgd(const double* o, StepScalar*, bool fresh) {
  StepConstants c = common(o);
  c.momentum = o[kOwn];
  c.first = 1 - o[kOwn + 1];
  c.nesterov = o[kOwn + 2] != 0;
  c.begins = fresh;
  return c;
}

void moments(StepConstants& c, const double* betas, double epsilon) {
  c.first = 1 - betas[0];
  c.keep = betas[1];
  c.second = 1 - betas[1];
  c.epsilon = epsilon;
}

// betas/2, eps, amsgrad, decoupled_weight_decay
unsigned adam_needs(const double* o) { return 3 | (o[kOwn + 3] != 0 ? 4 : 0); }
StepConstants adam(const double* o, StepScalar* scalars, bool) {
  StepConstants c = common(o);
  const double* betas = o + kOwn;
  if (o[kOwn + 4] != 0) decouple(c, o);
  moments(c, betas, o[kOwn + 2]);
  const double step = count(scalars[0]);
  c.rate = o[kLr] / (1 - std::pow(betas[0], step));
  c.correct = std::sqrt(1 - std::pow(betas[1], step));
  return c;
}

// alpha, eps, momentum, centered
unsigned rmsprop_needs(const double* o) { return 1 | (o[kOwn + 2] > 0 ? 2 : 0) | (o[kOwn + 3] != 0 ? 4 : 0); }
StepConstants rmsprop(const double* o, StepScalar* scalars, bool) {
  StepConstants c = common(o);
  count(scalars[0]);
  c.keep = o[kOwn];
  c.second = 1 - c.keep;
  c.epsilon = o[kOwn + 1];
  c.momentum = o[kOwn + 2];
  return c;
}

// lr_decay, eps
StepConstants adagrad(const double* o, StepScalar* scalars, bool) {
  StepConstants c = common(o);
  c.rate = o[kLr] / (1 + (count(scalars[0]) - 1) * o[kOwn]);
  c.epsilon = o[kOwn + 1];
  return c;
}

// rho, eps
StepConstants adadelta(const double* o, StepScalar* scalars, bool) {
  StepConstants c = common(o);
  count(scalars[0]);
  c.keep = o[kOwn];
  c.second = 1 - c.keep;
  c.epsilon = o[kOwn + 1];
  return c;
}

// betas/2, eps
StepConstants adamax(const double* o, StepScalar* scalars, bool) {
  StepConstants c = common(o);
  moments(c, o + kOwn, o[kOwn + 2]);
  c.rate = o[kLr] / (1 - std::pow(o[kOwn], count(scalars[0])));
  return c;
}

// betas/2, eps, momentum_decay, decoupled_weight_decay
StepConstants nadam(const double* o, StepScalar* scalars, bool) {
  StepConstants c = common(o);
  const double *betas = o + kOwn, decay = o[kOwn + 3];
  if (o[kOwn + 4] != 0) decouple(c, o);
  moments(c, betas, o[kOwn + 2]);
  const double step = count(scalars[0]);
  c.correct = 1 - std::pow(betas[1], step);
  const double mu = betas[0] * (1.0 - 0.5 * std::pow(0.96, step * decay));
  const double next = betas[0] * (1.0 - 0.5 * std::pow(0.96, (step + 1) * decay));
  StepScalar& product = scalars[1];
  product.set(product.value * product.rounded(mu));
  c.rate = o[kLr] * (1.0 - mu) / (1.0 - product.value);
  c.extra[0] = o[kLr] * next / (1.0 - product.value * next);
  return c;
}

// betas/2, eps, decoupled_weight_decay
StepConstants radam(const double* o, StepScalar* scalars, bool) {
  StepConstants c = common(o);
  const double* betas = o + kOwn;
  if (o[kOwn + 3] != 0) decouple(c, o);
  moments(c, betas, o[kOwn + 2]);
  const double step = count(scalars[0]);
  const double correct = 1 - std::pow(betas[1], step);
  c.correct = std::sqrt(correct);
  c.extra[0] = 1 - std::pow(betas[0], step);
  const double limit = 2 / (1 - betas[1]) - 1;  // of the length of the average
  const double length = limit - 2 * step * std::pow(betas[1], step) / correct;
  if (length > 5.0) c.extra[1] = std::sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length));
  return c;
}

// etas/2, step_sizes/2
StepConstants rprop(const double* o, StepScalar* scalars, bool) {
  StepConstants c = common(o);
  count(scalars[0]);
  c.extra[0] = o[kOwn];
  c.extra[1] = o[kOwn + 1];
  c.epsilon = o[kOwn + 2];
  c.extra[2] = o[kOwn + 3];
  return c;
}

// lambd, alpha, t0; scalars step, eta, mu
StepConstants asgd(const double* o, StepScalar* scalars, bool) {
  StepConstants c = common(o);
  const double lambd = o[kOwn], step = count(scalars[0]);
  c.rate = scalars[1].value;
  c.shrink = 1 - lambd * c.rate;
  c.extra[0] = scalars[2].value;
  scalars[1].set(o[kLr] / std::pow(1 + lambd * o[kLr] * step, o[kOwn + 1]));
  scalars[2].set(1 / std::fmax(1, step - o[kOwn + 2]));
  return c;
}

template <auto Member>
const StepLoop* loops(const StepKernels& kernels) {
  return kernels.*Member;
}

#define COMMON "lr weight_decay maximize"

constexpr OptimizerRow kRows[] = {
    {"sgd", COMMON " momentum dampening nesterov", "momentum_buffer", "", sgd_needs, sgd, loops<&StepKernels::sgd>, 0.06},
    {"adam", COMMON " betas/2 eps amsgrad decoupled_weight_decay", "exp_avg exp_avg_sq max_exp_avg_sq", "step", adam_needs,
     adam, loops<&StepKernels::adam>, 0.18},
    {"rmsprop", COMMON " alpha eps momentum centered", "square_avg momentum_buffer grad_avg", "step", rmsprop_needs, rmsprop,
     loops<&StepKernels::rmsprop>, 0.15},
    {"adagrad", COMMON " lr_decay eps", "sum", "step", needs_all, adagrad, loops<&StepKernels::adagrad>, 0.13},
    {"adadelta", COMMON " rho eps", "square_avg acc_delta", "step", needs_all, adadelta, loops<&StepKernels::adadelta>, 0.21},
    {"adamax", COMMON " betas/2 eps", "exp_avg exp_inf", "step", needs_all, adamax, loops<&StepKernels::adamax>, 0.12},
    {"nadam", COMMON " betas/2 eps momentum_decay decoupled_weight_decay", "exp_avg exp_avg_sq", "step mu_product", needs_all,
     nadam, loops<&StepKernels::nadam>, 0.22},
    {"radam", COMMON " betas/2 eps decoupled_weight_decay", "exp_avg exp_avg_sq", "step", needs_all, radam,
     loops<&StepKernels::radam>, 0.2},
    {"rprop", "lr - maximize etas/2 step_sizes/2", "prev step_size", "step", needs_all, rprop, loops<&StepKernels::rprop>,
     0.11},
    {"asgd", COMMON " lambd alpha t0", "ax", "step eta mu", needs_all, asgd, loops<&StepKernels::asgd>, 0.07},
};

#undef COMMON

}  // namespace

const std::span<const OptimizerRow> kOptimizerRows = kRows;

}  // namespace wengert
