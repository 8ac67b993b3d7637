#include "ops/scan.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/promote.h"
#include "ops/reduce.h"
#include "ops/strided.h"

namespace wengert {
namespace {

constexpr double kSumNs = 0.3;  // of an element
constexpr double kExtremeNs = 1.5;
constexpr double kLogSumExpNs = 25;

// ---- cumsum and cumprod

using Sums = Scan (ScanKernels::*)[3];

template <Sums sums>
Result accumulate_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const char* name = call.op.public_name.c_str();
  const int dim = checked_dim(name, input, call.args[1].integer());
  const Value& dtype = call.args[2];
  DType target = dtype.given() ? dtype.dtype : call.out ? call.out->dtype() : widened(input.dtype());
  if (call.inplace) {
    check(target == input.dtype(), "Bad in-place call: input tensor dtype ", cpp_name(input.dtype()),
          " and output tensor dtype ", cpp_name(target), " should match");
  } else if (call.out) {
    check_exact_out(name, call.out, input.sizes(), target);
  }
  if (call.out) check_writable(*call.out);
  if (target == DType::boolean) {
    if (input.numel() > 0 && input.dim() > 0)
      fail(ErrorKind::not_implemented, '"', name, "_out_cpu\" not implemented for 'Bool'");
    return give(call, clone(to_dtype(input, target)));
  }

  const DType wide = is_floating(target) ? target : DType::int64;
  Tensor made[2];
  const Tensor& cast = is_floating(input.dtype()) ? contiguous(input, target, &made[0]) : input;
  const Tensor& in = contiguous(cast, wide, &made[1]);
  // Straight into out= where it lies as the result does: over the input itself, or apart from it.
  const bool direct = call.out && call.out->dtype() == wide && call.out->is_contiguous() &&
                      (call.out->data() == in.data() || !may_overlap(*call.out, in));
  Tensor out = direct ? *call.out : Tensor::empty(input.sizes(), wide);
  const int kind = wide == DType::int64 ? 0 : wide == DType::float32 ? 1 : 2;
  run_scan((kernels().scans->*sums)[kind], in, out, nullptr, dim, kSumNs);
  if (!direct) return give(call, wide == target ? std::move(out) : to_dtype(out, target));
  call.out->bump_version();
  return *call.out;
}

// ---- cummax and cummin

template <Scan (ScanKernels::*extremes)[kDTypes]>
Result extreme_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const char* name = call.op.public_name.c_str();
  const std::int64_t wanted = call.args[1].integer();
  check_index(input.dim() > 0 || wanted == 0 || wanted == -1, name, "(): Expected reduction dim -1 or 0 for scalar but got ",
              wanted);
  const int dim = checked_dim(name, input, wanted);
  if (call.out) {
    for (const auto& [out, dtype] : {std::pair(call.out, input.dtype()), std::pair(call.out2, DType::int64)}) {
      check(out->dtype() == dtype, "expected scalar_type ", info(dtype).scalar, " but found ", info(out->dtype()).scalar);
      check_out(name, out, input.sizes(), dtype);
      check_no_overlap(*out, input);
    }
    check_no_overlap(*call.out, *call.out2);
  }
  Tensor values = Tensor::empty(input.sizes(), input.dtype()), index = Tensor::empty(input.sizes(), DType::int64);
  Tensor made;
  run_scan((kernels().scans->*extremes)[index_of(input.dtype())], contiguous(input, &made), values, &index, dim, kExtremeNs);
  return give(call, std::move(values), std::move(index));
}

Result logcumsumexp_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const int dim = checked_dim("logcumsumexp", input, call.args[1].integer());
  if (!is_floating(input.dtype()))
    fail(ErrorKind::not_implemented, "\"logcumsumexp_out_cpu\" not implemented for '", info(input.dtype()).scalar, '\'');
  if (call.out) {
    check(call.out->dtype() == input.dtype(), "expected scalar_type ", info(input.dtype()).scalar, " but found ",
          info(call.out->dtype()).scalar);
    check_out("logcumsumexp", call.out, input.sizes(), input.dtype());
  }
  Tensor out = Tensor::empty(input.sizes(), input.dtype()), made;
  const ScanLoop loop = kernels().scans->log_sum_exp[input.dtype() == DType::float64];
  run_scan({loop, loop}, contiguous(input, &made), out, nullptr, dim, kLogSumExpNs);
  return give(call, std::move(out));
}

constexpr unsigned kForms = kFunction | kMethod | kOut;

constexpr OpRow kRows[] = {
    {"cumsum", "", "input: Tensor, dim: int, *, dtype: dtype? = None", kForms | kInplace, accumulate_call<&ScanKernels::sum>,
     "The running sum along dim. Integers and bool are added in int64; with dtype, elements are cast first. Floats are added "
     "in "
     "float64 and rounded when written.\n\n"
     ">>> wengert.tensor([1, 2, 3]).cumsum(0)\ntensor([1, 3, 6])"},
    {"cumprod", "", "input: Tensor, dim: int, *, dtype: dtype? = None", kForms | kInplace,
     accumulate_call<&ScanKernels::product>,
     "The running product along dim. Integers and bool are multiplied in int64, wrapping; with dtype, elements are cast first. "
     "Floats are multiplied in float64 and rounded when written.\n\n"
     ">>> wengert.tensor([1, 2, 3]).cumprod(0)\ntensor([1, 2, 6])"},
    {"cummax", "", "input: Tensor, dim: int -> (values, indices)", kForms, extreme_call<&ScanKernels::max>,
     "The largest element so far along dim, and the last position where it stands; from a NaN on, NaN.\n\n"
     ">>> wengert.tensor([1, 3, 2, 3]).cummax(0).indices\ntensor([0, 1, 1, 3])"},
    {"cummin", "", "input: Tensor, dim: int -> (values, indices)", kForms, extreme_call<&ScanKernels::min>,
     "The smallest element so far along dim, and the last position where it stands; from a NaN on, NaN.\n\n"
     ">>> wengert.tensor([3, 1, 2, 1]).cummin(0).values\ntensor([3, 1, 1, 1])"},
    {"logcumsumexp", "", "input: Tensor, dim: int", kForms, logcumsumexp_call,
     "The logarithm of the running sum of exponentials along dim, without overflow; computed in float64.\n\n"
     ">>> wengert.tensor([0.0, 0.0, 1000.0]).logcumsumexp(0)\ntensor([0.0000e+00, 6.9315e-01, 1.0000e+03])"},
};

}  // namespace

void run_scan(const Scan& loops, const Tensor& in, const Tensor& out, const Tensor* index, int dim, double element_ns) {
  if (in.numel() == 0) return;
  const std::int64_t count = in.dim() > 0 ? in.size(dim) : 1, item = in.itemsize();
  std::int64_t inner = 1;
  for (int d = dim + 1; d < in.dim(); ++d) inner *= in.size(d);
  const std::int64_t lines = in.numel() / count;
  const double ns = static_cast<double>(in.numel()) * element_ns;
  const auto run = [&](std::int64_t first, std::int64_t n) {  // lines of one row of `inner`
    const std::int64_t at = first / inner * inner * count + first % inner;
    (inner == 1 ? loops.rows : loops.columns)({out.data() + at * item, index ? index->data<std::int64_t>() + at : nullptr,
                                               in.data() + at * item, inner == 1 ? count : 1, inner, n, count});
  };
  LongWork work(ns);
  parallel_for(lines, inner == 1 ? 1 : 64, ns, [&](std::int64_t begin, std::int64_t end) {
    if (inner == 1) return run(begin, end - begin);
    while (begin < end) {
      const std::int64_t n = std::min(end - begin, inner - begin % inner);
      run(begin, n);
      begin += n;
    }
  });
}

constinit const std::span<const OpRow> kScanOps = kRows;

}  // namespace wengert
