#include "ops/reduce.h"

#include <algorithm>

#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/elementwise.h"
#include "ops/reduce_frame.h"

namespace wengert {
namespace {

Dims given_dims(const Value& dims) { return dims.given() ? dims.ints : Dims(); }

// A reduction with a value for no elements, which fills the result of an empty input.
Tensor reduce_or_fill(const Reducer& reducer, const Tensor& input, const DimSet& reduced, bool keepdim, Scalar empty) {
  if (input.numel() > 0) return reduce(reducer, input, reduced, keepdim);
  return full(reduced_sizes(input, reduced, keepdim), empty, reducer.dtype);
}

// ---- sums and products, which widen integers to 64 bits

using Total = Tensor (*)(const Tensor& input, const DimSet& reduced, bool keepdim, DType target);

Tensor sum_of(const Reduction& first, const Tensor& input, const DimSet& reduced, bool keepdim) {
  const DType dtype = widened(input.dtype());
  const ReducePass next = pass_of(kernels().sums->sum, dtype, dtype);
  return reduce_or_fill({pass_of(first, input.dtype(), dtype), next, dtype}, input, reduced, keepdim,
                        Scalar::of(std::int64_t{0}));
}

// Integers that wrap may be added wide and cast afterwards; the rest is cast first.
const Tensor& cast_first(const Tensor& input, DType target, Tensor* made) {
  if (input.dtype() == target || (is_integral(target) && !is_floating(input.dtype()))) return input;
  return *made = to_dtype(input, target);
}

Tensor total_sum(const Tensor& input, const DimSet& reduced, bool keepdim, DType target) {
  Tensor made;
  return to_dtype(sum_of(kernels().sums->sum, cast_first(input, target, &made), reduced, keepdim), target);
}

Tensor total_nansum(const Tensor& input, const DimSet& reduced, bool keepdim, DType target) {
  Tensor made;
  const Tensor& cast = cast_first(input, target, &made);
  const SumKernels& sums = *kernels().sums;
  return to_dtype(sum_of(is_floating(cast.dtype()) ? sums.sum_without_nan : sums.sum, cast, reduced, keepdim), target);
}

template <class T>
void narrow_products(const char* partial, char* out, char*, std::int64_t n, double) {
  for (std::int64_t i = 0; i < n; ++i)
    reinterpret_cast<T*>(out)[i] = static_cast<T>(reinterpret_cast<const double*>(partial)[i]);
}

Tensor total_prod(const Tensor& input, const DimSet& reduced, bool keepdim, DType target) {
  const ProductKernels& products = *kernels().products;
  const Scalar one = Scalar::of(std::int64_t{1});
  if (!is_floating(target)) {
    const DType wide = target == DType::boolean ? DType::boolean : DType::int64;
    const Tensor cast = to_dtype(to_dtype(input, wide), DType::int64);
    const ReducePass pass = {products.product_of_int64[0], products.product_of_int64[1], 8, 8};
    return to_dtype(reduce_or_fill({pass, pass, DType::int64}, cast, reduced, keepdim, one), target);
  }
  Tensor made;
  const Tensor& cast = input.dtype() == target ? input : made = to_dtype(input, target);
  Reducer reducer = {pass_of(products.product, target, DType::float64),
                     pass_of(products.product, DType::float64, DType::float64), target};
  if (target == DType::float32) reducer.finish = narrow_products<float>;
  return reduce_or_fill(reducer, cast, reduced, keepdim, one);
}

template <Total total>
Result total_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const char* name = call.op.public_name.c_str();
  const DimSet reduced = a[1].tag == Value::Tag::number ? one_dim(input, checked_dim(name, input, a[1].integer()))
                                                        : dim_set(name, input, given_dims(a[1]));
  const bool keepdim = a[2].truth();
  const DType target = a[3].given() ? a[3].dtype : call.out ? call.out->dtype() : widened(input.dtype());
  if (call.out) check_exact_out(name, call.out, reduced_sizes(input, reduced, keepdim), target);
  return give(call, total(input, reduced, keepdim, target));
}

// ---- extremes

struct Extreme {
  const char* name;
  const char* elementwise;
  const Reduction ExtremeKernels::* value;
  const Reduction ExtremeKernels::* position;
};
constexpr Extreme kMax = {"max", "maximum", &ExtremeKernels::max, &ExtremeKernels::max_index};
constexpr Extreme kMin = {"min", "minimum", &ExtremeKernels::min, &ExtremeKernels::min_index};

Tensor extreme_of(const Extreme& which, const Tensor& input, const DimSet& reduced, bool keepdim) {
  const ReducePass pass = pass_of(kernels().extremes->*which.value, input.dtype(), input.dtype());
  return reduce({pass, pass, input.dtype()}, input, reduced, keepdim);
}

// The extreme along at most one dimension, and the position of it there.
Tensor indexed_extreme(const Extreme& which, const Tensor& input, const DimSet& reduced, bool keepdim, Tensor* index) {
  const ReducePass pass = pass_of(kernels().extremes->*which.position, input.dtype(), input.dtype());
  Reducer reducer = {pass, pass, input.dtype()};
  reducer.indexed = true;
  return reduce(reducer, input, reduced, keepdim, index);
}

// PyTorch's sentences for reductions of no elements that have no value.
void check_not_empty(const char* op, ErrorKind kind, const Tensor& input) {
  if (input.numel() == 0)
    fail(
        kind, op,
        "(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.",
        reduce_context(op, input));
}
void check_dim_not_empty(const char* op, const Tensor& input, std::int64_t dim) {  // dim may be negative
  const std::int64_t d = dim < 0 ? dim + input.dim() : dim;
  if (input.dim() > 0 && input.size(static_cast<int>(d)) == 0)
    fail(ErrorKind::index, op, "(): Expected reduction dim ", dim, " to have non-zero size.", reduce_context(op, input));
}

Tensor extreme(const Extreme& which, const Tensor& input) {
  check_not_empty(which.name, ErrorKind::runtime, input);
  return extreme_of(which, input, dim_set(which.name, input, {}), false);
}

template <const Extreme& which>
Result extreme_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  if (call.out) {
    if (input.numel() > 0) check_out(which.name, call.out, {}, input.dtype());
    check_no_partial_overlap(*call.out, input);
  }
  return give(call, extreme(which, input));
}

template <const Extreme& which>
Result extreme_dim_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const int dim = checked_dim(which.name, input, call.args[1].integer());
  const DimSet reduced = one_dim(input, dim);
  const bool keepdim = call.args[2].truth();
  check_dim_not_empty(which.name, input, dim);
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (call.out) {
    check_exact_out(which.name, call.out, sizes, input.dtype());
    check_exact_out(which.name, call.out2, sizes, DType::int64);
    check_no_overlap(*call.out, input);
    check_no_overlap(*call.out2, input);
    check_no_overlap(*call.out, *call.out2);
  }
  if (input.numel() == 0) return give(call, Tensor::empty(sizes, input.dtype()), Tensor::empty(sizes, DType::int64));
  Tensor index;
  Tensor values = indexed_extreme(which, input, reduced, keepdim, &index);
  return give(call, std::move(values), std::move(index));
}

template <const Extreme& which>
Result extreme_other_call(const Call& call) {
  static const ElementwiseRow& row = *find_op(which.elementwise).row;
  const Operand inputs[] = {*call.args[0].tensor, *call.args[1].tensor};
  return elementwise(row, inputs, call.out);
}

template <const Extreme& which>
Result amax_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const char* name = call.op.public_name.c_str();
  const Dims dims = given_dims(call.args[1]);
  if (input.numel() == 0) {
    for (std::int64_t dim : dims) {
      checked_dim(name, input, dim);
      check_dim_not_empty(name, input, dim);
    }
  }
  const DimSet reduced = dim_set(name, input, dims);
  const bool keepdim = call.args[2].truth();
  if (call.out && call.out->dtype() != input.dtype())
    fail(ErrorKind::runtime, "Expected the dtype for input and out to match, but got ", info(input.dtype()).scalar,
         " for input's dtype and ", info(call.out->dtype()).scalar, " for out's dtype.", reduce_context(name, input));
  if (dims.empty()) check_not_empty(name, ErrorKind::runtime, input);
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (call.out) check_out(name, call.out, sizes, input.dtype());
  return give(call, input.numel() == 0 ? Tensor::empty(sizes, input.dtype()) : extreme_of(which, input, reduced, keepdim));
}

Result aminmax_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  DimSet reduced;
  if (call.args[1].given()) {
    reduced = one_dim(input, checked_dim("aminmax", input, call.args[1].integer()));
    for (int d = 0; d < input.dim(); ++d)
      check_index(!reduced[d] || input.size(d) > 0, "aminmax: Expected reduction dim ", d, " to have non-zero size.");
  } else {
    check(input.numel() > 0, "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity.");
    reduced = dim_set("aminmax", input, {});
  }
  const bool keepdim = call.args[2].truth();
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (call.out) {
    check_exact_out("aminmax", call.out, sizes, input.dtype());
    check_exact_out("aminmax", call.out2, sizes, input.dtype());
    check_no_overlap(*call.out, *call.out2);
  }
  if (input.numel() == 0) return give(call, Tensor::empty(sizes, input.dtype()), Tensor::empty(sizes, input.dtype()));
  Tensor low = extreme_of(kMin, input, reduced, keepdim);
  return give(call, std::move(low), extreme_of(kMax, input, reduced, keepdim));
}

// The position of the extreme among n contiguous elements: that of each chunk, then the first of the best chunk.
std::int64_t flat_position(const Extreme& which, const Tensor& flat) {
  const ReduceLoop rows = (kernels().extremes->*which.position).rows[index_of(flat.dtype())];
  const std::int64_t n = flat.numel(), item = flat.itemsize(), chunks = n / kReduceChunk, rest = n % kReduceChunk;
  std::int64_t position;
  if (chunks < 2) {
    alignas(8) char value[8];
    rows({value, &position, flat.data(), 0, 0, 0, item, 1, n});
    return position;
  }
  Tensor values = Tensor::empty({chunks + 1}, flat.dtype()), positions = Tensor::empty({chunks + 1}, DType::int64), index;
  const Tensor whole =
      indexed_extreme(which, flat.view_as({chunks, kReduceChunk}, {kReduceChunk, 1}), DimSet(2), false, &index);
  std::copy_n(whole.data(), chunks * item, values.data());
  std::copy_n(index.data<std::int64_t>(), chunks, positions.data<std::int64_t>());
  if (rest > 0)
    rows({values.data() + chunks * item, positions.data<std::int64_t>() + chunks, flat.data() + chunks * kReduceChunk * item, 0,
          0, 0, item, 1, rest});
  alignas(8) char value[8];
  std::int64_t best;
  rows({value, &best, values.data(), 0, 0, 0, item, 1, chunks + (rest > 0)});
  return best * kReduceChunk + positions.data<std::int64_t>()[best];
}

template <const Extreme& which>
Result position_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const char* name = call.op.public_name.c_str();
  check(input.dtype() != DType::boolean, name, "(): does not support bool input");
  const bool keepdim = call.args[2].truth(), flat = !call.args[1].given();
  DimSet reduced;
  if (flat) {
    check_not_empty(name, ErrorKind::index, input);
    reduced = dim_set(name, input, {});
  } else {
    const int dim = checked_dim(name, input, call.args[1].integer());
    reduced = one_dim(input, dim);
    check_dim_not_empty(name, input, dim);
  }
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (call.out) check_exact_out(name, call.out, sizes, DType::int64);
  if (input.numel() == 0) return give(call, Tensor::empty(sizes, DType::int64));
  Tensor index;
  if (flat) {
    index = Tensor::empty(sizes, DType::int64);
    *index.data<std::int64_t>() = flat_position(which, contiguous(input).view_as({input.numel()}, {1}));
  } else {
    indexed_extreme(which, input, reduced, keepdim, &index);
  }
  return give(call, std::move(index));
}

// ---- counts and logic

void not_zero(const char* partial, char* out, char*, std::int64_t n, double) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = reinterpret_cast<const std::int64_t*>(partial)[i] != 0;
}
void is_all(const char* partial, char* out, char*, std::int64_t n, double count) {
  for (std::int64_t i = 0; i < n; ++i)
    out[i] = reinterpret_cast<const std::int64_t*>(partial)[i] == static_cast<std::int64_t>(count);
}

Reducer counting(const Reduction& test, DType input) {
  return {pass_of(test, input, DType::int64), pass_of(kernels().sums->sum, DType::int64, DType::int64), DType::int64};
}

Tensor count_of(const Reduction& test, const Tensor& input, const DimSet& reduced, bool keepdim) {
  return reduce_or_fill(counting(test, input.dtype()), input, reduced, keepdim, Scalar::of(std::int64_t{0}));
}

template <bool All>
Result logic_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const char* name = call.op.public_name.c_str();
  const Value& dim = call.args[1];
  // Unlike elsewhere, an empty tuple of dims reduces nothing.
  const DimSet reduced = dim.given() && dim.ints.empty() ? DimSet() : dim_set(name, input, given_dims(dim));
  const bool keepdim = call.args[2].truth();
  const DType dtype = input.dtype() == DType::uint8 ? DType::uint8 : DType::boolean;
  if (call.out) {
    const DType given = call.out->dtype();
    check(given == DType::boolean || given == DType::uint8, name,
          " only supports bool tensor for result, got: ", info(given).scalar);
    check_out(name, call.out, reduced_sizes(input, reduced, keepdim), given);
  }
  Reducer reducer = counting(kernels().counts->nonzero, input.dtype());
  reducer.dtype = dtype;
  reducer.finish = All ? is_all : not_zero;
  reducer.parameter = static_cast<double>(elements_each(input, reduced));
  return give(call, reduce_or_fill(reducer, input, reduced, keepdim, Scalar::of(All)));
}

Result count_nonzero_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const DimSet reduced = dim_set("count_nonzero", input, given_dims(call.args[1]));
  return count_of(kernels().counts->nonzero, input, reduced, false);
}

// ---- means

template <class T>
void divide(const char* partial, char* out, char*, std::int64_t n, double count) {
  const T divisor = static_cast<T>(count);
  for (std::int64_t i = 0; i < n; ++i) reinterpret_cast<T*>(out)[i] = reinterpret_cast<const T*>(partial)[i] / divisor;
}

Tensor mean_of(const Tensor& input, const DimSet& reduced, bool keepdim) {
  const DType dtype = input.dtype();
  const ReducePass pass = pass_of(kernels().sums->sum, dtype, dtype);
  return reduce_or_fill({pass, pass, dtype, dtype == DType::float32 ? divide<float> : divide<double>,
                         static_cast<double>(elements_each(input, reduced))},
                        input, reduced, keepdim, Scalar::of(__builtin_nan("")));
}

Tensor nanmean_of(const Tensor& input, const DimSet& reduced, bool keepdim) {
  static const ElementwiseRow& divide = *find_op("div").row;
  const Tensor sum = sum_of(kernels().sums->sum_without_nan, input, reduced, keepdim);
  const Tensor count = to_dtype(count_of(kernels().counts->numbers, input, reduced, keepdim), input.dtype());
  const Operand operands[] = {sum, count};
  return elementwise(divide, operands);
}

template <Tensor (*mean)(const Tensor&, const DimSet&, bool)>
Result mean_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const char* name = call.op.public_name.c_str();
  if (mean == nanmean_of)
    check(is_floating(input.dtype()), "nanmean(): expected input to have floating point or complex dtype but got ",
          info(input.dtype()).scalar);
  if (a[3].given())
    check(is_floating(a[3].dtype), name,
          "(): could not infer output dtype. Optional dtype must be either a floating point or "
          "complex dtype. Got: ",
          info(a[3].dtype).scalar);
  else
    check(is_floating(input.dtype()), name,
          "(): could not infer output dtype. Input dtype must be either a floating point or "
          "complex dtype. Got: ",
          info(input.dtype()).scalar);
  const DimSet reduced = dim_set(name, input, given_dims(a[1]));
  const bool keepdim = a[2].truth();
  DType dtype = a[3].given() ? a[3].dtype : input.dtype();
  if (call.out) {
    check_out(name, call.out, reduced_sizes(input, reduced, keepdim), dtype);
    if (!a[3].given()) dtype = call.out->dtype();
  }
  Tensor made;
  return give(call, mean(input.dtype() == dtype ? input : made = to_dtype(input, dtype), reduced, keepdim));
}

constexpr unsigned kForms = kFunction | kMethod | kOut;
constexpr const char* kTotalSignature = "input: Tensor, dim: int[]? = None, keepdim: bool = False, *, dtype: dtype? = None";

constexpr OpRow kRows[] = {
    {"sum", "", kTotalSignature, kForms, total_call<total_sum>,
     "The sum over dim, a number, a tuple, or by default everything. Integers and bool are added in int64 (uint64 in uint64); "
     "with dtype, elements are cast first. Floats are added pairwise: the error grows with the logarithm of their number.\n\n"
     ">>> wengert.tensor([[1, 2], [3, 4]]).sum(dim=0)\ntensor([4, 6])"},
    {"nansum", "", kTotalSignature, kForms, total_call<total_nansum>,
     "The sum over dim, with zero in the place of NaN; otherwise as sum.\n\n"
     ">>> wengert.tensor([1.0, float('nan'), 2.0]).nansum()\ntensor(3.)"},
    {"prod", "", "input: Tensor, dim: int? = None, keepdim: bool = False, *, dtype: dtype? = None", kForms,
     total_call<total_prod>,
     "The product over dim, or of everything. Integers and bool are multiplied in int64, wrapping; floats in float64; with "
     "dtype, "
     "elements are cast first. The product of no elements is 1.\n\n"
     ">>> wengert.tensor([[1, 2], [3, 4]]).prod(1)\ntensor([ 2, 12])"},
    {"mean", "", kTotalSignature, kForms, mean_call<mean_of>,
     "The mean over dim, a number, a tuple, or by default everything; of no elements NaN. Integers raise RuntimeError unless "
     "dtype, to which elements are cast first, is a float.\n\n"
     ">>> wengert.tensor([[1.0, 2.0], [3.0, 4.0]]).mean(dim=1)\ntensor([1.5000, 3.5000])"},
    {"nanmean", "", kTotalSignature, kForms, mean_call<nanmean_of>,
     "The mean over dim of the elements that are not NaN; NaN where there is none.\n\n"
     ">>> wengert.tensor([1.0, float('nan'), 2.0]).nanmean()\ntensor(1.5000)"},
    {"max", "", "input: Tensor", kForms, extreme_call<kMax>,
     "The largest element; NaN if there is one.\n\n"
     ">>> wengert.tensor([1, 3, 2]).max()\ntensor(3)"},
    {"max.other", "", "input: Tensor, other: Tensor", kForms, extreme_other_call<kMax>,
     "The larger of input and other, element by element: maximum.\n\n"
     ">>> wengert.max(wengert.tensor([1, 5]), wengert.tensor([3, 2]))\ntensor([3, 5])"},
    {"max.dim", "", "input: Tensor, dim: int, keepdim: bool = False -> (values, indices)", kForms, extreme_dim_call<kMax>,
     "The largest element along dim, a NaN if there is one, and the first position where it stands.\n\n"
     ">>> wengert.tensor([[1, 3], [4, 2]]).max(dim=1).indices\ntensor([1, 0])"},
    {"min", "", "input: Tensor", kForms, extreme_call<kMin>,
     "The smallest element; NaN if there is one.\n\n"
     ">>> wengert.tensor([1, 3, 2]).min()\ntensor(1)"},
    {"min.other", "", "input: Tensor, other: Tensor", kForms, extreme_other_call<kMin>,
     "The smaller of input and other, element by element: minimum.\n\n"
     ">>> wengert.min(wengert.tensor([1, 5]), wengert.tensor([3, 2]))\ntensor([1, 2])"},
    {"min.dim", "", "input: Tensor, dim: int, keepdim: bool = False -> (values, indices)", kForms, extreme_dim_call<kMin>,
     "The smallest element along dim, a NaN if there is one, and the first position where it stands.\n\n"
     ">>> wengert.tensor([[1, 3], [4, 2]]).min(dim=1).values\ntensor([1, 2])"},
    {"amax", "", "input: Tensor, dim: int[]? = (), keepdim: bool = False", kForms, amax_call<kMax>,
     "The largest element over dim, a number, a tuple, or by default everything; NaN if there is one.\n\n"
     ">>> wengert.tensor([[1, 3], [4, 2]]).amax(dim=0)\ntensor([4, 3])"},
    {"amin", "", "input: Tensor, dim: int[]? = (), keepdim: bool = False", kForms, amax_call<kMin>,
     "The smallest element over dim, a number, a tuple, or by default everything; NaN if there is one.\n\n"
     ">>> wengert.tensor([[1, 3], [4, 2]]).amin(dim=0)\ntensor([1, 2])"},
    {"aminmax", "", "input: Tensor, *, dim: int? = None, keepdim: bool = False -> (min, max)", kForms, aminmax_call,
     "The smallest and the largest element along dim, or of everything; NaN if there is one.\n\n"
     ">>> wengert.tensor([3, 1, 2]).aminmax().max\ntensor(3)"},
    {"argmax", "", "input: Tensor, dim: int? = None, keepdim: bool = False", kForms, position_call<kMax>,
     "The first position of the largest element, or of a NaN, along dim; without dim among all elements in row-major order.\n\n"
     ">>> wengert.tensor([[1, 3], [4, 2]]).argmax(dim=1)\ntensor([1, 0])"},
    {"argmin", "", "input: Tensor, dim: int? = None, keepdim: bool = False", kForms, position_call<kMin>,
     "The first position of the smallest element, or of a NaN, along dim; without dim among all elements in row-major "
     "order.\n\n"
     ">>> wengert.tensor([[1, 3], [4, 2]]).argmin()\ntensor(0)"},
    {"all", "", "input: Tensor, dim: int[]? = None, keepdim: bool = False", kForms, logic_call<true>,
     "Whether every element over dim is true (not zero; NaN is true); of no elements True. The result is bool, for uint8 "
     "uint8. An empty tuple of dims reduces nothing.\n\n"
     ">>> wengert.tensor([[1, 0], [2, 3]]).all(dim=1)\ntensor([False,  True])"},
    {"any", "", "input: Tensor, dim: int[]? = None, keepdim: bool = False", kForms, logic_call<false>,
     "Whether an element over dim is true (not zero; NaN is true); of no elements False. The result is bool, for uint8 uint8. "
     "An empty tuple of dims reduces nothing.\n\n"
     ">>> wengert.tensor([[0, 0], [2, 3]]).any(dim=1)\ntensor([False,  True])"},
    {"count_nonzero", "", "input: Tensor, dim: int[]? = None", kFunction | kMethod, count_nonzero_call,
     "How many elements over dim, a number, a tuple, or by default everything, are not zero; NaN is not.\n\n"
     ">>> wengert.tensor([[0, 1], [2, 3]]).count_nonzero(dim=0)\ntensor([1, 2])"},
    {"equal", "", "input: Tensor, other: Tensor -> bool", kFunction | kMethod, equal_call,
     "True if both have the same shape and the same elements.\n\n"
     ">>> wengert.equal(wengert.tensor([1, 2]), wengert.tensor([1, 2]))\nTrue"},
    {"allclose", "", "input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False -> bool",
     kFunction | kMethod, allclose_call,
     "True if |input - other| <= atol + |rtol * other| everywhere.\n\n"
     ">>> wengert.allclose(wengert.tensor([1.0]), wengert.tensor([1.0 + 1e-7]))\nTrue"},
};

}  // namespace

DType widened(DType dtype) {
  if (is_floating(dtype)) return dtype;
  return dtype == DType::int64 || itemsize(dtype) < 8 ? DType::int64 : dtype;
}

std::int64_t elements_each(const Tensor& input, const DimSet& reduced) {
  std::int64_t n = 1;
  for (int d = 0; d < input.dim(); ++d)
    if (reduced[d]) n *= input.size(d);
  return n;
}

Tensor sum(const Tensor& input, const Dims& dims, bool keepdim, std::optional<DType> dtype) {
  return total_sum(input, dim_set("sum", input, dims), keepdim, dtype.value_or(widened(input.dtype())));
}

Tensor max(const Tensor& input) { return extreme(kMax, input); }
Tensor min(const Tensor& input) { return extreme(kMin, input); }
Tensor amax(const Tensor& input, const DimSet& reduced, bool keepdim) { return extreme_of(kMax, input, reduced, keepdim); }
Tensor amin(const Tensor& input, const DimSet& reduced, bool keepdim) { return extreme_of(kMin, input, reduced, keepdim); }

constinit const std::span<const OpRow> kReduceOps = kRows;

}  // namespace wengert
