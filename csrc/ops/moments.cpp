#include "ops/moments.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/reduce.h"

namespace wengert {
namespace {

template <class T, bool Root>
void finish(const char* partial, char* out, char* second, std::int64_t n, double divisor) {
  const auto* moments = reinterpret_cast<const Moments*>(partial);
  for (std::int64_t i = 0; i < n; ++i) {
    const double variance = moments[i].deviations / divisor;
    reinterpret_cast<T*>(out)[i] = static_cast<T>(Root ? std::sqrt(variance) : variance);
    if (second) reinterpret_cast<T*>(second)[i] = static_cast<T>(moments[i].mean);
  }
}

enum class What { variance, deviation };

Result moments(const Call& call, What what, bool with_mean, const Dims& dims, double correction, bool keepdim) {
  const Tensor& input = *call.args[0].tensor;
  const char* name = call.op.public_name.c_str();
  const DType dtype = input.dtype();
  check(is_floating(dtype), with_mean ? name : "std and var", " only support floating point and complex dtypes");
  const DimSet reduced = dim_set(name, input, dims);
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (call.out) check_out(name, call.out, sizes, dtype);
  const std::int64_t count = input.numel() == 0 ? 0 : elements_each(input, reduced);
  const double divisor = static_cast<double>(count) - correction;
  if (divisor <= 0 && interpreter.warn)
    interpreter.warn(str(name,
                         "(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input "
                         "numel divided by output numel).")
                         .c_str());
  auto result = [&]() -> std::pair<Tensor, Tensor> {
    if (input.numel() == 0) {
      const Scalar nan = Scalar::of(std::nan(""));
      return {full(sizes, nan, dtype), with_mean ? full(sizes, nan, dtype) : Tensor()};
    }
    const MomentKernels& kernel = *kernels().moments;
    const bool single = dtype == DType::float32, root = what == What::deviation;
    Reducer reducer = {
        pass_of(kernel.moments, dtype, sizeof(Moments)),
        {kernel.join, kernel.join, sizeof(Moments), sizeof(Moments)},
        dtype,
        single ? (root ? finish<float, true> : finish<float, false>) : (root ? finish<double, true> : finish<double, false>),
        std::max(divisor, 0.0)};
    Tensor mean;
    Tensor first = reduce(reducer, input, reduced, keepdim, with_mean ? &mean : nullptr);
    return {std::move(first), std::move(mean)};
  }();
  if (with_mean) return result;
  return give(call, std::move(result.first));
}

template <What what, bool with_mean>
Result all_call(const Call& call) {
  return moments(call, what, with_mean, {}, call.args[1].truth() ? 1 : 0, false);
}
template <What what, bool with_mean>
Result correction_call(const Call& call) {
  const Value* a = call.args;
  return moments(call, what, with_mean, a[1].given() ? a[1].ints : Dims(), a[2].given() ? a[2].number.to<double>() : 1,
                 a[3].truth());
}
template <What what, bool with_mean>
Result unbiased_call(const Call& call) {
  const Value* a = call.args;
  return moments(call, what, with_mean, a[1].given() ? a[1].ints : Dims(), a[2].truth() ? 1 : 0, a[3].truth());
}

#define UNBIASED "input: Tensor, unbiased: bool"
#define CORRECTION "input: Tensor, dim: int[]? = None, *, correction: Number? = None, keepdim: bool = False"
#define DIM_UNBIASED "input: Tensor, dim: int[]?, unbiased: bool, keepdim: bool = False"

constexpr unsigned kForms = kFunction | kMethod;
constexpr What kVar = What::variance, kStd = What::deviation;

// The form with `correction` is the first that a call without arguments fits.
constexpr OpRow kRows[] = {
    {"var.unbiased", "", UNBIASED, kForms, all_call<kVar, false>,
     "The variance of all elements, with n - 1 in the denominator if unbiased, else n.\n\n"
     ">>> wengert.tensor([1.0, 2.0, 3.0]).var(False)\ntensor(0.6667)"},
    {"var", "", CORRECTION, kForms | kOut, correction_call<kVar, false>,
     "The variance over dim, a number, a tuple, or by default everything: the sum of squared deviations from the mean, divided "
     "by "
     "n - correction (1 by default). Computed in float64. A UserWarning where n <= correction.\n\n"
     ">>> wengert.tensor([[1.0, 3.0], [2.0, 6.0]]).var(dim=1)\ntensor([2., 8.])"},
    {"var.dim", "", DIM_UNBIASED, kForms | kOut, unbiased_call<kVar, false>,
     "The variance over dim, with n - 1 in the denominator if unbiased, else n.\n\n"
     ">>> wengert.tensor([[1.0, 3.0], [2.0, 6.0]]).var(1, unbiased=False)\ntensor([1., 4.])"},
    {"std.unbiased", "", UNBIASED, kForms, all_call<kStd, false>,
     "The standard deviation of all elements, with n - 1 in the denominator if unbiased, else n.\n\n"
     ">>> wengert.tensor([1.0, 3.0]).std(False)\ntensor(1.)"},
    {"std", "", CORRECTION, kForms | kOut, correction_call<kStd, false>,
     "The standard deviation over dim: the square root of var.\n\n"
     ">>> wengert.tensor([[1.0, 3.0], [2.0, 6.0]]).std(dim=1, correction=0)\ntensor([1., 2.])"},
    {"std.dim", "", DIM_UNBIASED, kForms | kOut, unbiased_call<kStd, false>,
     "The standard deviation over dim, with n - 1 in the denominator if unbiased, else n.\n\n"
     ">>> wengert.tensor([[1.0, 3.0], [2.0, 6.0]]).std(1, unbiased=False)\ntensor([1., 2.])"},
    {"var_mean.unbiased", "", UNBIASED " -> Tensor[]", kFunction, all_call<kVar, true>,
     "The variance and the mean of all elements, in one pass.\n\n"
     ">>> wengert.var_mean(wengert.tensor([1.0, 3.0]), False)\n(tensor(1.), tensor(2.))"},
    {"var_mean", "", CORRECTION " -> Tensor[]", kFunction, correction_call<kVar, true>,
     "The variance, as var has it, and the mean over dim, in one pass.\n\n"
     ">>> wengert.var_mean(wengert.tensor([[1.0, 3.0], [2.0, 6.0]]), dim=1)\n(tensor([2., 8.]), tensor([2., 4.]))"},
    {"var_mean.dim", "", DIM_UNBIASED " -> Tensor[]", kFunction, unbiased_call<kVar, true>,
     "The variance and the mean over dim, in one pass.\n\n"
     ">>> wengert.var_mean(wengert.tensor([[1.0, 3.0]]), 1, unbiased=False)\n(tensor([1.]), tensor([2.]))"},
    {"std_mean.unbiased", "", UNBIASED " -> Tensor[]", kFunction, all_call<kStd, true>,
     "The standard deviation and the mean of all elements, in one pass.\n\n"
     ">>> wengert.std_mean(wengert.tensor([1.0, 3.0]), False)\n(tensor(1.), tensor(2.))"},
    {"std_mean", "", CORRECTION " -> Tensor[]", kFunction, correction_call<kStd, true>,
     "The standard deviation, as std has it, and the mean over dim, in one pass.\n\n"
     ">>> wengert.std_mean(wengert.tensor([[1.0, 3.0], [2.0, 6.0]]), dim=1, correction=0)\n"
     "(tensor([1., 2.]), tensor([2., 4.]))"},
    {"std_mean.dim", "", DIM_UNBIASED " -> Tensor[]", kFunction, unbiased_call<kStd, true>,
     "The standard deviation and the mean over dim, in one pass.\n\n"
     ">>> wengert.std_mean(wengert.tensor([[1.0, 3.0]]), 1, unbiased=False)\n(tensor([1.]), tensor([2.]))"},
};

}  // namespace

constinit const std::span<const OpRow> kMomentOps = kRows;

}  // namespace wengert
