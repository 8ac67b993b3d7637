#include "ops/matmul.h"

#include <initializer_list>
#include <limits>
#include <string>

#include "ops/copy.h"
#include "ops/elementwise.h"
#include "ops/matmul_errors.h"
#include "ops/product.h"
#include "ops/view.h"

namespace wengert {
namespace {

const Scalar kZero = Scalar::of(std::int64_t{0});

// out=, after every check: nothing is written before. `read` must not overlap it.
[[gnu::noinline]] Tensor checked_out(const Names& names, Tensor* out, const Dims& sizes, DType dtype,
                                     std::initializer_list<const Tensor*> read) {
  if (out->dtype() != dtype) [[unlikely]]
    fail_out_dtype(names, *out, dtype);
  check_out(names.op, out, sizes, dtype);
  check_writable(*out);
  for (const Tensor* t : read) check_no_overlap(*out, *t);
  return *out;
}

Tensor destination(const Names& names, Tensor* out, const Dims& sizes, DType dtype, const Tensor& a, const Tensor& b) {
  return out ? checked_out(names, out, sizes, dtype, {&a, &b}) : Tensor::empty(sizes, dtype);
}

Tensor finished(const Tensor& result, const Tensor* out) {
  if (out) out->bump_version();
  return result;
}

// ---- dot, mv, mm ----

Tensor dot_as(const Names& names, const Tensor& a, const Tensor& b, Tensor* out) {
  if (a.dim() != 1 || b.dim() != 1 || a.dtype() != b.dtype() || a.numel() != b.numel() || a.dtype() == DType::boolean)
      [[unlikely]]
    fail_dot(names, a, b);
  if (out && out->dtype() != a.dtype()) [[unlikely]]
    fail_dot_out(names, *out, a);
  const Tensor result = destination(names, out, {}, a.dtype(), a, b);
  const std::int64_t K = a.numel();
  if (K == 0)
    fill(result, kZero);
  else
    multiply_vector(a.dtype(), 1, K, a.data(), K, a.stride(0), b.data(), b.stride(0), result.data(), 1);
  return finished(result, out);
}

Tensor mv_as(const Names& names, const Tensor& a, const Tensor& x, Tensor* out) {
  if (a.dim() != 2 || x.dim() != 1 || a.dtype() != x.dtype() || a.size(1) != x.size(0) || a.dtype() == DType::boolean)
      [[unlikely]]
    check_mv(names, a, x);
  if (out && out->dtype() != a.dtype() && out->numel() > 0) [[unlikely]]
    fail_mv_out(names, *out, a);
  const std::int64_t M = a.size(0), K = a.size(1);
  const Tensor result = destination(names, out, {M}, a.dtype(), a, x);
  if (M > 0) {
    if (K == 0)
      fill(result, kZero);
    else
      multiply_vector(a.dtype(), M, K, a.data(), a.stride(0), a.stride(1), x.data(), x.stride(0), result.data(),
                      result.stride(0));
  }
  return finished(result, out);
}

Product matrices(const Tensor& a, const Tensor& b, const Tensor& c) {
  return {a.dtype(), a.size(0),   b.size(1),   a.size(1), a.data(),    a.stride(0), a.stride(1),
          b.data(),  b.stride(0), b.stride(1), c.data(),  c.stride(0), c.stride(1)};
}

template <class Multiply>
Tensor mm_as(const Names& names, const Tensor& a, const Tensor& b, Tensor* out, Multiply run) {
  if (a.dim() != 2 || b.dim() != 2 || a.dtype() != b.dtype() || a.size(1) != b.size(0) || a.dtype() == DType::boolean)
      [[unlikely]]
    check_mm(names, a, b);
  const Tensor result = destination(names, out, {a.size(0), b.size(1)}, a.dtype(), a, b);
  if (result.numel() > 0) {
    if (a.size(1) == 0)
      fill(result, kZero);
    else
      run(matrices(a, b, result));
  }
  return finished(result, out);
}

// ---- batches ----

// The strides of t's leading dimensions over `batch`, 0 where t repeats.
Dims batch_strides(const Tensor& t, int matrix_dims, const Dims& batch) {
  Dims strides(batch.size());
  const int own = t.dim() - matrix_dims, missing = batch.size() - own;
  for (int i = 0; i < own; ++i) strides[missing + i] = t.size(i) == 1 ? 0 : t.stride(i);
  return strides;
}

// A is (..., M, K) or (K); B is (..., K, N) or (K); C is batch + (M, unless A is a vector) + (N, unless B is one).
Product batched(const Tensor& a, const Tensor& b, const Tensor& c, const Dims& batch) {
  const int da = a.dim(), db = b.dim(), dc = c.dim();
  const bool row = da == 1, column = db == 1;
  Product p;
  p.dtype = a.dtype();
  p.a = a.data(), p.b = b.data(), p.c = c.data();
  p.K = a.size(da - 1), p.a_col = a.stride(da - 1);
  p.M = row ? 1 : a.size(da - 2), p.a_row = row ? 1 : a.stride(da - 2);
  p.b_row = b.stride(column ? 0 : db - 2);
  p.N = column ? 1 : b.size(db - 1), p.b_col = column ? 1 : b.stride(db - 1);
  p.c_col = column ? 1 : c.stride(dc - 1);
  p.c_row = row ? 1 : c.stride(column ? dc - 1 : dc - 2);
  p.batch = batch;
  p.a_batch = batch_strides(a, row ? 1 : 2, batch);
  p.b_batch = batch_strides(b, column ? 1 : 2, batch);
  p.c_batch = batch_strides(c, 2 - row - column, batch);
  return p;
}

Dims leading(const Tensor& t) {
  const int count = t.dim() > 2 ? t.dim() - 2 : 0;
  return Dims(std::span(t.sizes().begin(), static_cast<std::size_t>(count)));
}

Tensor batched_matmul(const Tensor& a, const Tensor& b, Tensor* out) {
  const Dims batch = check_batched_matmul(a, b, leading(a), leading(b));
  Dims sizes = batch;
  if (a.dim() > 1) sizes.push_back(a.size(a.dim() - 2));
  if (b.dim() > 1) sizes.push_back(b.sizes().back());
  const Tensor result = destination(kMatmulNames, out, sizes, a.dtype(), a, b);
  if (result.numel() > 0) {
    if (a.sizes().back() == 0)
      fill(result, kZero);
    else
      multiply(batched(a, b, result, batch));
  }
  return finished(result, out);
}

// ---- beta * input + alpha * product ----

// beta or alpha as a number of `dtype`; PyTorch refuses those that do not fit.
Scalar converted(Scalar s, DType dtype) {
  return dispatch(dtype, [&]<class T>() -> Scalar {
    using Limits = std::numeric_limits<T>;
    const auto v = s.to<double>();
    if constexpr (dtype_of<T>::value == DType::boolean) {
      return s;  // no product of bools comes here
    } else if constexpr (!Limits::is_integer) {
      if (v - v == 0 && (v < Limits::lowest() || v > Limits::max())) [[unlikely]]
        fail_overflow(dtype);
      return Scalar::of(v);
    } else {
      if (dtype == DType::int64 && !s.is_floating()) return s;
      // Negative integers wrap into an unsigned type.
      const auto most = static_cast<double>(Limits::max());
      const double least = Limits::is_signed ? static_cast<double>(Limits::lowest()) : s.is_floating() ? 0 : -most;
      if (!(v >= least && (dtype == DType::int64 ? v < most : v <= most))) [[unlikely]]
        fail_overflow(dtype);
      return Scalar::of(s.to<std::int64_t>());
    }
  });
}

Tensor expanded(const Names& names, const Tensor& input, const Dims& sizes, const Tensor& a, const Tensor& b) {
  try {
    return expand(input, sizes);
  } catch (const Error& error) {
    fail_expand(names, error, input, a, b);
  }
}

// Where the sum goes, holding beta * input already unless beta is 0.
Tensor begin_sum(const Names& names, const Tensor& input, const Dims& sizes, Scalar beta, const Blend& blend, const Tensor& a,
                 const Tensor& b) {
  Tensor result;
  if (blend.inplace) {
    if (input.sizes() != sizes) [[unlikely]]
      fail_inplace_shape(names, input, sizes);
    check_writable(input);
    check_no_overlap(input, a);
    check_no_overlap(input, b);
    result = input;
  } else {
    result = destination(names, blend.out, sizes, a.dtype(), a, b);
  }
  if (beta.is(0) || result.numel() == 0) return result;
  const Tensor start = expanded(names, input, sizes, a, b);
  const bool same = same_elements(start, result);
  if (!same && blend.out) check_no_overlap(result, start);
  if (beta.is(1)) {
    if (!same) copy_into(result, start);
  } else {
    const Operand operands[] = {start, beta};
    elementwise(*find_op("mul").row, operands, &result);
  }
  return result;
}

// `skip_zero`: alpha = 0 leaves even NaN and infinity of the matrices out, as PyTorch's BLAS calls do.
void add_product(Product p, const Tensor& result, Scalar beta, Scalar alpha, bool skip_zero) {
  if (result.numel() == 0) return;
  if (p.K == 0 || (skip_zero && alpha.is(0))) {
    if (beta.is(0)) fill(result, kZero);
    return;
  }
  p.alpha = alpha;
  p.accumulate = !beta.is(0);
  multiply(std::move(p));
}

const Tensor& tensor_of(const Call& call, int i) { return *call.args[i].tensor; }
Blend blend_of(const Call& call) { return {call.args[3].number, call.args[4].number, call.out, call.inplace}; }

Result dot_op(const Call& call) { return dot(tensor_of(call, 0), tensor_of(call, 1), call.out); }
Result outer_op(const Call& call) { return outer(tensor_of(call, 0), tensor_of(call, 1), call.out); }
Result mv_op(const Call& call) { return mv(tensor_of(call, 0), tensor_of(call, 1), call.out); }
Result mm_op(const Call& call) { return mm(tensor_of(call, 0), tensor_of(call, 1), call.out); }
Result bmm_op(const Call& call) { return bmm(tensor_of(call, 0), tensor_of(call, 1), call.out); }
Result matmul_op(const Call& call) { return matmul(tensor_of(call, 0), tensor_of(call, 1), call.out); }
Result mm_gemm_op(const Call& call) { return mm_through_gemm(tensor_of(call, 0), tensor_of(call, 1)); }
Result addmv_op(const Call& call) { return addmv(tensor_of(call, 0), tensor_of(call, 1), tensor_of(call, 2), blend_of(call)); }
Result addmm_op(const Call& call) { return addmm(tensor_of(call, 0), tensor_of(call, 1), tensor_of(call, 2), blend_of(call)); }
Result baddbmm_op(const Call& call) {
  return baddbmm(tensor_of(call, 0), tensor_of(call, 1), tensor_of(call, 2), blend_of(call));
}

constexpr unsigned kProductForms = kFunction | kMethod | kOut, kSumForms = kProductForms | kInplace;

constexpr OpRow kRows[] = {
    {"dot", "", "input: Tensor, tensor: Tensor", kProductForms, dot_op,
     "The scalar product of two vectors of the same length.\n\n"
     ">>> wengert.dot(wengert.tensor([1, 2, 3]), wengert.tensor([4, 5, 6]))\ntensor(32)"},
    {"outer", "ger", "input: Tensor, vec2: Tensor", kProductForms, outer_op,
     "The matrix input[i] * vec2[j] of two vectors.\n\n"
     ">>> wengert.outer(wengert.tensor([1, 2]), wengert.tensor([1, 10]))\ntensor([[ 1, 10],\n        [ 2, 20]])"},
    {"mv", "", "input: Tensor, vec: Tensor", kProductForms, mv_op,
     "The product of a matrix (M, K) and a vector (K).\n\n"
     ">>> wengert.mv(wengert.tensor([[1, 2], [3, 4]]), wengert.tensor([1, 1]))\ntensor([3, 7])"},
    {"mm", "", "input: Tensor, mat2: Tensor", kProductForms, mm_op,
     "The product of a matrix (M, K) and a matrix (K, N).\n\n"
     ">>> wengert.mm(wengert.arange(1, 7).view(2, 3), wengert.arange(1, 7).view(3, 2))\n"
     "tensor([[22, 28],\n        [49, 64]])"},
    {"bmm", "", "input: Tensor, mat2: Tensor", kProductForms, bmm_op,
     "The products of as many matrices: (B, M, K) and (B, K, N) give (B, M, N). Nothing is broadcast; matmul does that.\n\n"
     ">>> wengert.bmm(wengert.ones(5, 2, 3), wengert.ones(5, 3, 4)).shape\ntorch.Size([5, 2, 4])"},
    {"matmul", "", "input: Tensor, other: Tensor", kProductForms, matmul_op,
     "The product by the dimensions of its operands, also written input @ other: two vectors give their scalar product, two\n"
     "matrices theirs, a vector counts as a row on the left and as a column on the right, and is gone from the result. With "
     "more\n"
     "dimensions the last two are the matrices and those before them are broadcast.\n\n"
     ">>> (wengert.ones(5, 1, 2, 3) @ wengert.ones(4, 3, 6)).shape\ntorch.Size([5, 4, 2, 6])"},
    {"addmv", "", "input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1", kSumForms, addmv_op,
     "beta * input + alpha * (mat @ vec). input is broadcast; with beta 0 it is not read, so its NaN do not matter.\n\n"
     ">>> wengert.addmv(wengert.ones(2), wengert.ones(2, 3), wengert.ones(3), alpha=2)\ntensor([7., 7.])"},
    {"addmm", "", "input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1", kSumForms, addmm_op,
     "beta * input + alpha * (mat1 @ mat2). input is broadcast; with beta 0 it is not read, so its NaN do not matter.\n\n"
     ">>> wengert.addmm(wengert.ones(2), wengert.ones(2, 3), wengert.ones(3, 2), alpha=2)\n"
     "tensor([[7., 7.],\n        [7., 7.]])"},
    {"baddbmm", "", "input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1", kSumForms,
     baddbmm_op,
     "beta * input + alpha * bmm(batch1, batch2). input is broadcast; with beta 0 it is not read, so its NaN do not matter.\n\n"
     ">>> wengert.baddbmm(wengert.ones(2), wengert.ones(5, 2, 3), wengert.ones(5, 3, 2)).shape\ntorch.Size([5, 2, 2])"},
    {"_mm_gemm", "", "input: Tensor, mat2: Tensor", kFunction, mm_gemm_op,
     "mm by the blocked kernel whatever the shape: the benchmark measures against it what mv saves."},
};

}  // namespace

constinit const std::span<const OpRow> kMatrixOps = kRows;

Tensor dot(const Tensor& input, const Tensor& tensor, Tensor* out) { return dot_as(kDotNames, input, tensor, out); }

Tensor outer(const Tensor& input, const Tensor& vec2, Tensor* out) {
  if (input.dim() != 1 || vec2.dim() != 1) [[unlikely]]
    fail_outer(input, vec2);
  const Tensor column = input.view_as({input.size(0), 1}, {input.stride(0), 0});
  const Operand operands[] = {column, vec2};
  return elementwise(*find_op("mul").row, operands, out);
}

Tensor mv(const Tensor& input, const Tensor& vec, Tensor* out) { return mv_as(kMvNames, input, vec, out); }

Tensor mm(const Tensor& input, const Tensor& mat2, Tensor* out) { return mm_as(kMmNames, input, mat2, out, multiply); }

Tensor mm_through_gemm(const Tensor& input, const Tensor& mat2) { return mm_as(kMmNames, input, mat2, nullptr, gemm); }

Tensor bmm(const Tensor& input, const Tensor& mat2, Tensor* out) {
  check_bmm(kBmmNames, input, mat2);
  const Dims batch{input.size(0)};
  const Tensor result = destination(kBmmNames, out, {input.size(0), input.size(1), mat2.size(2)}, input.dtype(), input, mat2);
  if (result.numel() > 0) {
    if (input.size(2) == 0)
      fill(result, kZero);
    else
      multiply(batched(input, mat2, result, batch));
  }
  return finished(result, out);
}

Tensor matmul(const Tensor& input, const Tensor& other, Tensor* out) {
  const int a = input.dim(), b = other.dim();
  if (a == 2 && b == 2) return mm_as(kMatmulNames, input, other, out, multiply);
  if (a == 2 && b == 1) return mv_as(kMatmulNames, input, other, out);
  if (a == 1 && b == 1) return dot_as(kMatmulNames, input, other, out);
  return batched_matmul(input, other, out);
}

Tensor addmv(const Tensor& input, const Tensor& mat, const Tensor& vec, const Blend& blend) {
  check_addmv(input, mat, vec);
  const Scalar beta = converted(blend.beta, mat.dtype()), alpha = converted(blend.alpha, mat.dtype());
  const Tensor result = begin_sum(kAddmvNames, input, {mat.size(0)}, beta, blend, mat, vec);
  add_product({mat.dtype(), mat.size(0), 1, mat.size(1), mat.data(), mat.stride(0), mat.stride(1), vec.data(), vec.stride(0), 1,
               result.data(), result.stride(0), 1},
              result, beta, alpha, true);
  return finished(result, blend.out);
}

Tensor addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2, const Blend& blend) {
  check_addmm(input, mat1, mat2);
  const Dims sizes{mat1.size(0), mat2.size(1)};
  if (!blend.inplace) expanded(kAddmmNames, input, sizes, mat1, mat2);  // raises where it cannot be
  const Scalar beta = converted(blend.beta, mat1.dtype()), alpha = converted(blend.alpha, mat1.dtype());
  const Tensor result = begin_sum(kAddmmNames, input, sizes, beta, blend, mat1, mat2);
  add_product(matrices(mat1, mat2, result), result, beta, alpha, true);
  return finished(result, blend.out);
}

Tensor baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2, const Blend& blend) {
  check_baddbmm(input, batch1, batch2);
  const Dims sizes{batch1.size(0), batch1.size(1), batch2.size(2)};
  if (!blend.inplace) expanded(kBaddbmmNames, input, sizes, batch1, batch2);
  const Scalar beta = converted(blend.beta, batch1.dtype()), alpha = converted(blend.alpha, batch1.dtype());
  const Tensor result = begin_sum(kBaddbmmNames, input, sizes, beta, blend, batch1, batch2);
  add_product(batched(batch1, batch2, result, {batch1.size(0)}), result, beta, alpha, false);
  return finished(result, blend.out);
}

}  // namespace wengert
