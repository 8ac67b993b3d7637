#include "ops/softmax.h"

#include <cmath>

#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/promote.h"
#include "ops/reduce.h"
#include "ops/scan.h"

namespace wengert {
namespace {

constexpr double kElementNs = 0.3;

template <Scan (SoftmaxKernels::*loops)[2]>
Result softmax_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const char* name = call.op.public_name.c_str();
  const int dim = checked_dim(name, input, call.args[1].integer());
  const DType dtype = call.args[2].given() ? call.args[2].dtype : input.dtype();
  if (!is_floating(dtype) && input.numel() > 0)
    fail(ErrorKind::not_implemented, '"', name, dim + 1 >= input.dim() ? "_lastdim" : "",
         "_kernel_impl\" not implemented for '", info(dtype).scalar, '\'');
  if (call.out) check_exact_out(name, call.out, input.sizes(), dtype);
  Tensor out = Tensor::empty(input.sizes(), dtype), made;
  if (is_floating(dtype))
    run_scan((kernels().softmax->*loops)[dtype == DType::float64], contiguous(input, dtype, &made), out, nullptr, dim,
             kElementNs);
  return give(call, std::move(out));
}

template <class T>
void finish(const char* partial, char* out, char*, std::int64_t n, double) {
  const auto* sums = reinterpret_cast<const Exponentials*>(partial);
  for (std::int64_t i = 0; i < n; ++i) reinterpret_cast<T*>(out)[i] = static_cast<T>(std::log(sums[i].sum) + sums[i].shift);
}

Result logsumexp_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const DimSet reduced = dim_set("logsumexp", input, a[1].ints);
  const bool keepdim = a[2].truth();
  const DType dtype = is_floating(input.dtype()) ? input.dtype() : default_dtype();
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (call.out) check_out("logsumexp", call.out, sizes, dtype);
  if (input.numel() == 0) return give(call, full(sizes, Scalar::of(-HUGE_VAL), dtype));
  const SoftmaxKernels& kernel = *kernels().softmax;
  const Reducer reducer = {pass_of(kernel.exponentials, dtype, sizeof(Exponentials)),
                           {kernel.join, kernel.join, sizeof(Exponentials), sizeof(Exponentials)},
                           dtype,
                           dtype == DType::float32 ? finish<float> : finish<double>};
  Tensor made;
  return give(call, reduce(reducer, input.dtype() == dtype ? input : made = to_dtype(input, dtype), reduced, keepdim));
}

constexpr unsigned kForms = kFunction | kMethod | kOut;

constexpr OpRow kRows[] = {
    {"softmax", "", "input: Tensor, dim: int, dtype: dtype? = None", kForms, softmax_call<&SoftmaxKernels::softmax>,
     "The exponentials along dim in proportion to their sum, without overflow. Integers raise NotImplementedError unless "
     "dtype, "
     "to which elements are cast first, is a float.\n\n"
     ">>> wengert.tensor([0.0, 0.0, 1000.0]).softmax(0)\ntensor([0., 0., 1.])"},
    {"log_softmax", "", "input: Tensor, dim: int, dtype: dtype? = None", kForms, softmax_call<&SoftmaxKernels::log_softmax>,
     "The logarithm of softmax, which stays finite where softmax is 0.\n\n"
     ">>> wengert.tensor([0.0, 1000.0]).log_softmax(0)\ntensor([-1000.,     0.])"},
    {"logsumexp", "", "input: Tensor, dim: int[], keepdim: bool = False", kForms, logsumexp_call,
     "The logarithm of the sum of exponentials over dim, a number or a tuple, without overflow; of no elements -inf. Integers "
     "become the default float dtype.\n\n"
     ">>> wengert.tensor([1000.0, 1000.0]).logsumexp(0)\ntensor(1000.6932)"},
};

}  // namespace

constinit const std::span<const OpRow> kSoftmaxOps = kRows;

}  // namespace wengert
