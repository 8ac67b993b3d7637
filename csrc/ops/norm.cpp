#include "ops/norm.h"

#include <cmath>
#include <cstring>
#include <optional>

#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"

namespace wengert {
namespace {

template <class T, class From, bool Root>
void convert(const char* partial, char* out, char*, std::int64_t n, double) {
  for (std::int64_t i = 0; i < n; ++i) {
    const auto value = static_cast<double>(reinterpret_cast<const From*>(partial)[i]);
    reinterpret_cast<T*>(out)[i] = static_cast<T>(Root ? std::sqrt(value) : value);
  }
}

// Elementwise operators, looked up once.
struct Rows {
  const ElementwiseRow &abs = *find_op("abs").row, &pow = *find_op("pow").row, &sub = *find_op("sub").row,
                       &mul = *find_op("mul").row;
};
const Rows& rows() {
  static const Rows all;
  return all;
}

Tensor apply(const ElementwiseRow& row, std::initializer_list<Operand> operands) {
  return elementwise(row, std::span(operands.begin(), operands.size()));
}

Tensor norm_of(const Tensor& input, double order, const DimSet& reduced, bool keepdim) {
  const DType dtype = input.dtype();
  const bool single = dtype == DType::float32;
  const ReducePass add = pass_of(kernels().sums->sum, dtype, dtype);
  if (order == 2) {
    const Reduction& squares = kernels().products->sum_of_squares;
    return reduce({pass_of(squares, dtype, DType::float64), pass_of(kernels().sums->sum, DType::float64, DType::float64), dtype,
                   single ? convert<float, double, true> : convert<double, double, true>},
                  input, reduced, keepdim);
  }
  if (order == 1)
    return reduce({pass_of(kernels().sums->sum_of_magnitudes, dtype, dtype), add, dtype}, input, reduced, keepdim);
  if (order == 0)
    return reduce(
        {pass_of(kernels().counts->nonzero, dtype, DType::int64), pass_of(kernels().sums->sum, DType::int64, DType::int64),
         dtype, single ? convert<float, std::int64_t, false> : convert<double, std::int64_t, false>},
        input, reduced, keepdim);
  const Tensor magnitudes = apply(rows().abs, {input});
  if (std::isinf(order)) return order > 0 ? amax(magnitudes, reduced, keepdim) : amin(magnitudes, reduced, keepdim);
  const Tensor powers = apply(rows().pow, {magnitudes, Scalar::of(order)});
  return apply(rows().pow, {reduce({add, add, dtype}, powers, reduced, keepdim), Scalar::of(1 / order)});
}

constexpr const char* kName = "linalg.vector_norm";

// The dtype to compute in, with all checks of the arguments.
DType checked_norm(const Tensor& input, double order, const Dims& dims, const Value& dtype) {
  check(is_floating(input.dtype()), kName, ": Expected a floating point or complex tensor as input. Got ",
        info(input.dtype()).scalar);
  if (dtype.given()) {
    check(is_floating(dtype.dtype), kName, ": dtype should be floating point or complex, but got ", info(dtype.dtype).scalar);
    check(itemsize(dtype.dtype) >= itemsize(input.dtype()), kName, ": the dtype of the input (", info(input.dtype()).scalar,
          ") should be convertible without narrowing to the specified dtype (", info(dtype.dtype).scalar, ')');
  }
  if (input.numel() == 0 && (order < 0 || order == INFINITY)) {
    const auto text = [&] { return std::isinf(order) ? std::string(order > 0 ? "inf" : "-inf") : str(order); };
    check(!dims.empty(), kName, " cannot compute the ", text(),
          " norm on an empty tensor because the operation does not have an identity");
    for (std::int64_t dim : dims)
      check(input.dim() == 0 || input.size(wrap_dim(dim, input.dim())) != 0, kName, " cannot compute the ", text(),
            " norm on the dimension ", dim, " because this dimension is empty and the operation does not have an identity");
  }
  return dtype.given() ? dtype.dtype : input.dtype();
}

Result norm_result(const Call& call, double order, const Dims& dims, bool keepdim, const Value& dtype) {
  const Tensor& input = *call.args[0].tensor;
  if (call.out) {
    const DType target = checked_norm(input, order, dims, dtype);
    check_exact_out(kName, call.out, reduced_sizes(input, dim_set(kName, input, dims), keepdim), target);
  }
  return give(call, vector_norm(input, order, dims, keepdim, dtype));
}

Result vector_norm_call(const Call& call) {
  const Value* a = call.args;
  return norm_result(call, a[1].number.to<double>(), a[2].given() ? a[2].ints : Dims(), a[3].truth(), a[4]);
}

Result norm_call(const Call& call) {
  const Value* a = call.args;
  return norm_result(call, a[1].given() ? a[1].number.to<double>() : 2, a[2].given() ? a[2].ints : Dims(), a[3].truth(), a[4]);
}

Result norm_by_name_call(const Call& call) {
  const Value* a = call.args;
  const Dims dims = a[2].given() ? a[2].ints : Dims();
  check(std::strcmp(a[1].text, "nuc") != 0, "norm(): the nuclear norm is not covered; linalg.svdvals(input).sum(-1) is it");
  check(std::strcmp(a[1].text, "fro") == 0, "linalg.matrix_norm: Order ", a[1].text, " not supported.");
  if (dims.size() > 2) {
    const Tensor& input = *a[0].tensor;
    check(input.dim() >= 2, "linalg.matrix_norm: The input tensor A must have at least 2 dimensions.");
    check(is_floating(input.dtype()), "linalg.matrix_norm: Expected a floating point or complex tensor as input. Got ",
          info(input.dtype()).scalar);
    std::string text;
    for (std::int64_t dim : dims) text += str(' ', dim);
    fail(ErrorKind::runtime, "linalg.matrix_norm: dim must be a 2-tuple. Got", text);
  }
  return norm_result(call, 2, dims, a[3].truth(), a[4]);
}

Result dist_call(const Call& call) {
  const Tensor difference = apply(rows().sub, {*call.args[0].tensor, *call.args[1].tensor});
  check(is_floating(difference.dtype()), "norm(): input dtype should be either floating point or complex. Got ",
        info(difference.dtype()).scalar, " instead.");
  return vector_norm(difference, call.args[2].number.to<double>());
}

// What a row of norm x is to be multiplied by: PyTorch's 1e-7 keeps the result within maxnorm.
template <class T>
void to_factors(const Tensor& norms, double maxnorm) {
  T* p = norms.data<T>();
  for (std::int64_t i = 0; i < norms.numel(); ++i)
    p[i] = p[i] > static_cast<T>(maxnorm) ? static_cast<T>(maxnorm / (static_cast<double>(p[i]) + 1e-7)) : T(1);
}

Result renorm_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const double order = call.args[1].number.to<double>(), maxnorm = call.args[3].number.to<double>();
  check(order > 0, "renorm: non-positive-norm not supported");
  check(maxnorm >= 0, "renorm: expected maxnorm to be >= 0 but got ", maxnorm);
  check(input.dim() > 1, "renorm: input needs at least 2 dimensions, got ", input.dim(), " dimensions");
  const int dim = wrap_dim(call.args[2].integer(), input.dim());
  Dims others;
  for (int d = 0; d < input.dim(); ++d)
    if (d != dim) others.push_back(d);
  const Tensor factors = vector_norm(input, order, others, true);
  if (input.dtype() == DType::float32)
    to_factors<float>(factors, maxnorm);
  else
    to_factors<double>(factors, maxnorm);
  if (call.out && !call.inplace) check_out("renorm", call.out, input.sizes(), input.dtype());
  return give(call, contiguous(apply(rows().mul, {input, factors})));
}

constexpr unsigned kForms = kFunction | kMethod | kOut;

constexpr OpRow kRows[] = {
    {"norm", "", "input: Tensor, p: str = fro, dim: int[]? = None, keepdim: bool = False, *, dtype: dtype? = None", kForms,
     norm_by_name_call,
     "The Frobenius norm over dim, a number, a tuple, or by default everything: the square root of the sum of squares, which "
     "is "
     "added in float64.\n\n"
     ">>> wengert.tensor([3.0, 4.0]).norm()\ntensor(5.)"},
    {"norm.p", "", "input: Tensor, p: Number?, dim: int[]? = None, keepdim: bool = False, *, dtype: dtype? = None", kForms,
     norm_call,
     "The p-norm over dim: (sum of |x| ** p) ** (1 / p); the largest |x| for inf, the smallest for -inf, the count of what is "
     "not "
     "zero for 0.\n\n"
     ">>> wengert.tensor([3.0, -4.0]).norm(1)\ntensor(7.)"},
    {"_linalg_vector_norm", "",
     "input: Tensor, ord: Number = 2, dim: int[]? = None, keepdim: bool = False, *, dtype: dtype? = None", kFunction | kOut,
     vector_norm_call,
     "linalg.vector_norm: the norm of order ord over dim, of the elements as one vector.\n\n"
     ">>> wengert._linalg_vector_norm(wengert.tensor([3.0, -4.0]), float('inf'))\ntensor(4.)"},
    {"dist", "", "input: Tensor, other: Tensor, p: Number = 2", kFunction | kMethod, dist_call,
     "The p-norm of input - other, after broadcasting.\n\n"
     ">>> wengert.dist(wengert.tensor([1.0, 2.0]), wengert.tensor([4.0, 6.0]))\ntensor(5.)"},
    {"renorm", "", "input: Tensor, p: Number, dim: int, maxnorm: Number", kForms | kInplace, renorm_call,
     "input with each slice along dim whose p-norm is larger than maxnorm scaled down to it.\n\n"
     ">>> wengert.tensor([[3.0, 4.0], [0.3, 0.4]]).renorm(2, 0, 1)\n"
     "tensor([[0.6000, 0.8000],\n        [0.3000, 0.4000]])"},
};

}  // namespace

Tensor vector_norm(const Tensor& input, double order, const Dims& dims, bool keepdim, const Value& dtype) {
  const DType target = checked_norm(input, order, dims, dtype);
  const DimSet reduced = dim_set(kName, input, dims);
  if (input.numel() == 0) return full(reduced_sizes(input, reduced, keepdim), Scalar::of(0.0), target);
  return norm_of(to_dtype(input, target), order, reduced, keepdim);
}

constinit const std::span<const OpRow> kNormOps = kRows;

}  // namespace wengert
