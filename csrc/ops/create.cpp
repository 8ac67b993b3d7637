#include "ops/create.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/parallel.h"
#include "ops/copy.h"
#include "ops/promote.h"

namespace wengert {
namespace {

DType natural_dtype(const Scalar& value) {
  switch (value.kind) {
    case Scalar::Kind::boolean:
      return DType::boolean;
    case Scalar::Kind::integer:
      return DType::int64;
    default:
      return default_dtype();
  }
}

Result empty_op(const Call& call) {
  const Value* a = call.args;
  check_sizes(a[0].ints);
  return result_of(call, a[0].ints, dtype_or(a[1], default_dtype()));
}

Tensor filled(const Call& call, const Dims& sizes, Scalar value, DType dtype) {
  Tensor result = result_of(call, sizes, dtype);
  fill(result, value);
  return written(call, result);
}

Result zeros_op(const Call& call) {
  const Value* a = call.args;
  for (std::int64_t size : a[0].ints) check(size >= 0, "zeros: Dimension size must be non-negative.");
  check_sizes(a[0].ints);
  return filled(call, a[0].ints, Scalar::of(std::int64_t{0}), dtype_or(a[1], default_dtype()));
}

Result ones_op(const Call& call) {
  const Value* a = call.args;
  check_sizes(a[0].ints);
  return filled(call, a[0].ints, Scalar::of(std::int64_t{1}), dtype_or(a[1], default_dtype()));
}

Result full_op(const Call& call) {
  const Value* a = call.args;
  check_sizes(a[0].ints);
  return filled(call, a[0].ints, a[1].number, dtype_or(a[2], natural_dtype(a[1].number)));
}

Tensor eye(const Call& call, std::int64_t n, std::int64_t m, const Value& dtype) {
  check(n >= 0, "n must be greater or equal to 0, got ", n);
  check(m >= 0, "m must be greater or equal to 0, got ", m);
  check_sizes({n, m});
  Tensor result = filled(call, {n, m}, Scalar::of(std::int64_t{0}), dtype_or(dtype, default_dtype()));
  fill(result.view_as({std::min(n, m)}, {result.stride(0) + result.stride(1)}), Scalar::of(std::int64_t{1}));
  return written(call, result);
}

Result eye_op(const Call& call) {
  const Value* a = call.args;
  return eye(call, a[0].integer(), a[0].integer(), a[1]);
}

Result eye_m_op(const Call& call) {
  const Value* a = call.args;
  return eye(call, a[0].integer(), a[1].integer(), a[2]);
}

// The number of elements of start, start + step, ... below end; integers exactly, floats as ceil((end - start) / step) in
// double.
std::int64_t arange_size(const Scalar& start, const Scalar& end, const Scalar& step, bool floating) {
  const double s = start.to<double>(), e = end.to<double>(), d = step.to<double>();
  check(d != 0, "step must be nonzero");
  check(std::isfinite(s) && std::isfinite(e), "unsupported range: ", s, " -> ", e);
  check(d > 0 ? e >= s : e <= s, "upper bound and lower bound inconsistent with step sign");
  if (!floating) {
    const __int128 span = static_cast<__int128>(end.integer) - start.integer, stride = step.integer;
    return static_cast<std::int64_t>((span + stride - (stride > 0 ? 1 : -1)) / stride);
  }
  const double size = std::ceil((e - s) / d);
  check(size >= 0 && size < 9.2e18, "invalid size, possible overflow?");
  return static_cast<std::int64_t>(size);
}

Tensor arange(const Call& call, Scalar start, Scalar end, Scalar step, const Value& dtype) {
  const bool floats = start.is_floating() || end.is_floating() || step.is_floating();
  const DType result_dtype = dtype_or(dtype, call.out ? call.out->dtype() : floats ? default_dtype() : DType::int64);
  if (result_dtype == DType::boolean) fail(ErrorKind::not_implemented, "\"arange_cpu\" not implemented for 'Bool'");
  std::int64_t size = arange_size(start, end, step, floats);
  if (floats && !is_floating(result_dtype)) {  // as PyTorch: integer results are counted in integers, int64 also in its size
    for (Scalar* s : {&start, &end, &step}) *s = Scalar::of(s->to<std::int64_t>());
    check_value(step.integer != 0, "step must be nonzero");
    if (result_dtype == DType::int64) size = arange_size(start, end, step, false);
  }
  check_sizes({size});
  const Tensor result = result_of(call, {size}, result_dtype);
  const double ns = 0.5 * static_cast<double>(size);
  LongWork work(ns);
  dispatch(result_dtype, [&]<class T>() {
    T* out = result.data<T>();
    const std::int64_t stride = result.dim() ? result.stride(0) : 1;
    parallel_for(size, 1024, ns, [&](std::int64_t begin, std::int64_t stop) {
      if (is_floating(result_dtype)) {
        const double first = start.to<double>(), by = step.to<double>();
        for (std::int64_t i = begin; i < stop; ++i) out[i * stride] = static_cast<T>(first + by * static_cast<double>(i));
      } else {
        const auto first = static_cast<std::uint64_t>(start.integer), by = static_cast<std::uint64_t>(step.integer);
        for (std::int64_t i = begin; i < stop; ++i)
          out[i * stride] = static_cast<T>(static_cast<std::int64_t>(first + by * static_cast<std::uint64_t>(i)));
      }
    });
  });
  if (call.out) result.bump_version();
  return result;
}

const Scalar kZero = Scalar::of(std::int64_t{0}), kOne = Scalar::of(std::int64_t{1});

Result arange_end_op(const Call& call) {
  const Value* a = call.args;
  return arange(call, kZero, a[0].number, kOne, a[1]);
}

Result arange_op(const Call& call) {
  const Value* a = call.args;
  return arange(call, a[0].number, a[1].number, a[2].number, a[3]);
}

constexpr unsigned kForms = kFunction | kOut;

constexpr OpRow kRows[] = {
    {"empty", "", "size: int[], " WENGERT_CREATION_ARGS ", memory_format: memory_format? = None", kForms, empty_op,
     "A tensor of the given shape whose elements hold whatever was in memory.\n\n"
     ">>> wengert.empty(2, 3).shape\ntorch.Size([2, 3])"},
    {"zeros", "", "size: int[], " WENGERT_CREATION_ARGS, kForms, zeros_op,
     "A tensor of zeros.\n\n>>> wengert.zeros(2)\ntensor([0., 0.])"},
    {"ones", "", "size: int[], " WENGERT_CREATION_ARGS, kForms, ones_op,
     "A tensor of ones.\n\n>>> wengert.ones(2)\ntensor([1., 1.])"},
    {"full", "", "size: tuple, fill_value: Number, " WENGERT_CREATION_ARGS, kForms, full_op,
     "A tensor filled with one value; the dtype follows the value unless given.\n\n"
     ">>> wengert.full((2,), 7)\ntensor([7, 7])"},
    {"eye", "", "n: int, " WENGERT_CREATION_ARGS, kForms, eye_op,
     "The identity matrix, n by n.\n\n>>> wengert.eye(2)\ntensor([[1., 0.],\n        [0., 1.]])"},
    {"eye.m", "", "n: int, m: int, " WENGERT_CREATION_ARGS, kForms, eye_m_op,
     "Ones on the main diagonal of an n by m matrix, zeros elsewhere.\n\n"
     ">>> wengert.eye(1, 2)\ntensor([[1., 0.]])"},
    {"arange", "", "end: Number, " WENGERT_CREATION_ARGS, kForms, arange_end_op,
     "The numbers 0, 1, ... below end: int64 for integers, the default dtype for floats, unless dtype is given.\n\n"
     ">>> wengert.arange(3)\ntensor([0, 1, 2])"},
    {"arange.start", "", "start: Number, end: Number, step: Number = 1, " WENGERT_CREATION_ARGS, kForms, arange_op,
     "The numbers start, start + step, ... before end; floats are computed in double and rounded once.\n\n"
     ">>> wengert.arange(1, 2, 0.5)\ntensor([1.0000, 1.5000])"},
};

}  // namespace

constinit const std::span<const OpRow> kCreateOps = kRows;

DType dtype_or(const Value& value, DType otherwise) { return value.given() ? value.dtype : otherwise; }

void check_sizes(const Dims& sizes) {
  for (std::int64_t size : sizes) check(size >= 0, "Trying to create tensor with negative dimension ", size, ": ", sizes);
}

Tensor result_of(const Call& call, const Dims& sizes, DType dtype) {
  if (!call.out) return Tensor::empty(sizes, dtype);
  check_out(call.op.public_name.c_str(), call.out, sizes, dtype);
  return *call.out;
}

Tensor written(const Call& call, const Tensor& result) {
  if (!call.out) result.storage()->version = 0;
  return result;
}

Tensor full(const Dims& sizes, Scalar value, DType dtype) {
  Tensor result = Tensor::empty(sizes, dtype);
  fill(result, value);
  result.storage()->version = 0;
  return result;
}

}  // namespace wengert
