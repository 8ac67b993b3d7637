// Steps of optimizers against their formulas in float64.
#include "selftest/check.h"

namespace wengert::selftest {
namespace {

using Formula = void (*)(const StepConstants& c, double& p, double g, double* s);

double average(double mean, double x, double weight) { return mean + weight * (x - mean); }
void square(double& v, double x, const StepConstants& c) { v = c.keep * v + c.second * x * x; }

void sgd(const StepConstants& c, double& p, double g, double* s) {
  s[0] = c.begins ? g : c.momentum * s[0] + c.first * g;
  p -= c.rate * (c.nesterov ? g + c.momentum * s[0] : s[0]);
}
void adam(const StepConstants& c, double& p, double g, double* s) {
  s[0] = average(s[0], g, c.first);
  square(s[1], g, c);
  s[2] = std::max(s[1], s[2]);
  p -= c.rate * s[0] / (std::sqrt(s[2]) / c.correct + c.epsilon);
}
void rmsprop(const StepConstants& c, double& p, double g, double* s) {
  square(s[0], g, c);
  s[2] = average(s[2], g, c.second);
  s[1] = c.momentum * s[1] + g / (std::sqrt(s[0] - s[2] * s[2]) + c.epsilon);
  p -= c.rate * s[1];
}
void adagrad(const StepConstants& c, double& p, double g, double* s) {
  s[0] += g * g;
  p -= c.rate * g / (std::sqrt(s[0]) + c.epsilon);
}
void adadelta(const StepConstants& c, double& p, double g, double* s) {
  square(s[0], g, c);
  const double step = std::sqrt(s[1] + c.epsilon) / std::sqrt(s[0] + c.epsilon) * g;
  square(s[1], step, c);
  p -= c.rate * step;
}
void adamax(const StepConstants& c, double& p, double g, double* s) {
  s[0] = average(s[0], g, c.first);
  s[1] = std::max(c.keep * s[1], std::abs(g) + c.epsilon);
  p -= c.rate * s[0] / s[1];
}
void nadam(const StepConstants& c, double& p, double g, double* s) {
  s[0] = average(s[0], g, c.first);
  square(s[1], g, c);
  p -= (c.rate * g + c.extra[0] * s[0]) / (std::sqrt(s[1] / c.correct) + c.epsilon);
}
void radam(const StepConstants& c, double& p, double g, double* s) {
  s[0] = average(s[0], g, c.first);
  square(s[1], g, c);
  p -= c.rate * s[0] / c.extra[0] * c.extra[1] * c.correct / (std::sqrt(s[1]) + c.epsilon);
}
void rprop(const StepConstants& c, double& p, double g, double* s) {
  const double agreement = g * s[0];
  const double size = s[1] * (agreement > 0 ? c.extra[1] : agreement < 0 ? c.extra[0] : 1);
  s[1] = std::clamp(size, c.epsilon, c.extra[2]);
  s[0] = agreement < 0 ? 0 : g;
  p -= s[1] * (s[0] > 0 ? 1 : s[0] < 0 ? -1 : 0);
}
void asgd(const StepConstants& c, double& p, double g, double* s) {
  p -= c.rate * g;
  s[0] += c.extra[0] * (p - s[0]);
}

constexpr struct {
  const char* name;
  StepLoop (StepKernels::*loops)[2];
  Formula formula;
  int states;
  bool shrinks = false;
} kMethods[] = {
    {"sgd", &StepKernels::sgd, sgd, 1},
    {"adam", &StepKernels::adam, adam, 3, true},
    {"rmsprop", &StepKernels::rmsprop, rmsprop, 3},
    {"adagrad", &StepKernels::adagrad, adagrad, 1},
    {"adadelta", &StepKernels::adadelta, adadelta, 2},
    {"adamax", &StepKernels::adamax, adamax, 2},
    {"nadam", &StepKernels::nadam, nadam, 2, true},
    {"radam", &StepKernels::radam, radam, 2, true},
    {"rprop", &StepKernels::rprop, rprop, 2},
    {"asgd", &StepKernels::asgd, asgd, 1, true},
};

// Constants of which every one tells; `variant` counts through what a method decides by them.
StepConstants constants(int variant) {
  StepConstants c;
  c.sign = variant & 1 ? -1 : 1;
  c.decay = variant & 2 ? 0.25 : 0;
  c.shrink = (variant & 6) == 4 ? 0.875 : 1;  // either kind of decay
  c.begins = c.nesterov = variant & 8;
  c.rate = 0.125;
  c.first = variant & 8 ? 0.75 : 0.375;  // either end of the average
  c.keep = 0.75, c.second = 0.25, c.correct = 0.5, c.epsilon = 0.125, c.momentum = 0.625;
  c.extra[0] = 0.5, c.extra[1] = 1.25, c.extra[2] = 1.5;
  return c;
}

template <class T>
void test(const KernelTable& table, Report& report) {
  Source source;
  for (const auto& method : kMethods) {
    for (const std::int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100}) {
      const StepConstants c = constants(static_cast<int>(source.below(16)));
      Operand<T> param(1, n, 0, 1), grad(1, n, 0, 1), first(1, n, 0, 1), second(1, n, 0, 1), third(1, n, 0, 1);
      Operand<T>* states[] = {&first, &second, &third};
      param.fill([&] { return source.value<T>(); });
      grad.fill([&] { return source.value<T>(); });
      // Mean squares are positive, and no less than that of the mean.
      for (Operand<T>* state : states) state->fill([&] { return std::abs(source.value<T>()); });
      if (method.formula == rmsprop) first.fill([&] { return 4 + std::abs(source.value<T>()); });
      Operand<T> wanted[] = {param, first, second, third};
      for (std::int64_t i = 0; i < n; ++i) {
        double p = param.at(0, i), g = c.sign * grad.at(0, i) + c.decay * p;
        if (method.shrinks) p *= c.shrink;
        double s[] = {double(first.at(0, i)), double(second.at(0, i)), double(third.at(0, i))};
        method.formula(c, p, g, s);
        wanted[0].at(0, i) = static_cast<T>(p);
        for (int k = 0; k < method.states; ++k) wanted[k + 1].at(0, i) = static_cast<T>(s[k]);
      }
      StepArgs args{param.first, grad.first, {}, n, c};
      for (int k = 0; k < method.states; ++k) args.state[k] = states[k]->first;
      (table.steps->*method.loops)[sizeof(T) == 4 ? 0 : 1](args);
      const double tolerance = sizeof(T) == 4 ? 0x1p-19 : 0x1p-48;
      report.add(agree(param, wanted[0], tolerance) && agree(first, wanted[1], tolerance) &&
                     agree(second, wanted[2], tolerance) && agree(third, wanted[3], tolerance) && grad.memory.intact(),
                 text("%s %s float%d: %d", table.isa, method.name, int(8 * sizeof(T)), int(n)));
    }
  }
}

}  // namespace

void test_optimize(const KernelTable& table, Report& report) {
  test<float>(table, report);
  test<double>(table, report);
}

}  // namespace wengert::selftest
