#include "ops/matmul_errors.h"

#include "ops/promote.h"

#include <string>

#include "core/error.h"

namespace wengert {
namespace {

std::string named(const char* name, const Tensor& t, bool dtype) {
  return std::string(name) + ' ' + tuple_of(t.sizes()) + (dtype ? std::string(" ") + info(t.dtype()).name : std::string());
}

// " [mm: mat1 (3, 2), mat2 (3, 2)]", with dtypes where they are the trouble
std::string operands(const Names& names, const Tensor& a, const Tensor& b, bool dtypes = false, const std::string& fix = "") {
  return std::string(" [") + names.op + ": " + named(names.first, a, dtypes) + ", " + named(names.second, b, dtypes) + fix +
         ']';
}
std::string operands(const Names& names, const Tensor& input, const Tensor& a, const Tensor& b, bool dtypes = false,
                     const std::string& fix = "") {
  return std::string(" [") + names.op + ": " + named("input", input, dtypes) + ", " + named(names.first, a, dtypes) + ", " +
         named(names.second, b, dtypes) + fix + ']';
}

std::string turned(const char* name, const Tensor& t) {
  Dims sizes = t.sizes();
  const int n = sizes.size();
  std::swap(sizes[n - 1], sizes[n - 2]);
  return std::string("; ") + name + (n == 2 ? ".t()" : ".mT") + " would fit: " + tuple_of(sizes);
}

// Whether input, where there is one, broadcasts to the matrix or vector that ends in these sizes.
bool broadcasts(const Tensor* input, const Dims& sizes) {
  for (int i = 0; input && i < input->dim() && i < sizes.size(); ++i) {
    const std::int64_t have = input->size(input->dim() - 1 - i);
    if (have != 1 && have != sizes[sizes.size() - 1 - i]) return false;
  }
  return true;
}

// The transpose of one operand that makes the product possible, if there is one.
std::string transpose_fix(const Names& names, const Tensor& a, const Tensor& b, const Tensor* input = nullptr) {
  if (a.dtype() != b.dtype()) return "";
  const int da = a.dim(), db = b.dim();
  const std::int64_t k = a.sizes().back(), rows = b.size(db >= 2 ? db - 2 : 0);
  if (db >= 2 && b.sizes().back() == k && broadcasts(input, {da >= 2 ? a.size(da - 2) : 1, rows}))
    return turned(names.second, b);
  if (da >= 2 && a.size(da - 2) == rows && broadcasts(input, db >= 2 ? Dims{k, b.sizes().back()} : Dims{k}))
    return turned(names.first, a);
  return "";
}

[[noreturn]] void fail_bool(const char* kernel) {
  fail(ErrorKind::not_implemented, '"', kernel, "\" not implemented for 'Bool'");
}

const char* scalar(const Tensor& t) { return info(t.dtype()).scalar; }

std::string shapes_cannot(const std::string& a, const std::string& b) {
  return "mat1 and mat2 shapes cannot be multiplied (" + a + " and " + b + ')';
}

std::string first_two(std::int64_t batch_a, std::int64_t k, std::int64_t batch_b, std::int64_t rows) {
  return str("Expected size for first two dimensions of batch2 tensor to be: [", batch_a, ", ", k, "] but got: [", batch_b,
             ", ", rows, "].");
}

// PyTorch makes one matrix of the dimensions 0..last of `t` where its strides allow; its message then names that matrix.
bool folds(const Tensor& t, int last) {
  for (int i = last; i > 0 && t.numel() > 0; --i)
    if (t.stride(i - 1) != t.stride(i) * t.size(i)) return false;
  return true;
}

}  // namespace

void fail_dot(const Names& names, const Tensor& a, const Tensor& b) {
  check(a.dim() == 1 && b.dim() == 1, "1D tensors expected, but got ", a.dim(), "D and ", b.dim(), "D tensors",
        operands(names, a, b));
  check(a.dtype() == b.dtype(), "dot : expected both vectors to have same dtype, but found ", scalar(a), " and ", scalar(b),
        operands(names, a, b, true));
  check(a.numel() == b.numel(), "inconsistent tensor size, expected tensor ", a.sizes(), " and src ", b.sizes(),
        " to have the same number of elements, but got ", a.numel(), " and ", b.numel(), " elements respectively",
        operands(names, a, b));
  fail_bool("dot");
}

void fail_dot_out(const Names& names, const Tensor& out, const Tensor& a) {
  fail(ErrorKind::runtime, "result dtype ", scalar(out), " does not match input dtype ", scalar(a), " [", names.op, ": ",
       named(names.first, a, true), ", ", named("out", out, true), ']');
}

void fail_mv_out(const Names& names, const Tensor& out, const Tensor& a) {
  fail(ErrorKind::runtime, "addmv input tensors must have the same dtype, but got ", scalar(out), ", ", scalar(a), ", and ",
       scalar(a), " [", names.op, ": ", named(names.first, a, true), ", ", named("out", out, true), ']');
}

void fail_outer(const Tensor& a, const Tensor& b) {
  const bool first = a.dim() != 1;
  fail(ErrorKind::runtime, "outer: Expected 1-D argument ", first ? "self" : "vec2", ", but got ", (first ? a : b).dim(), "-D",
       operands({"outer", "input", "vec2"}, a, b));
}

void fail_out_dtype(const Names& names, const Tensor& out, DType dtype) {
  fail(ErrorKind::runtime, "Expected out tensor to have dtype ", cpp_name(dtype), ", but got ", cpp_name(out.dtype()),
       " instead [", names.op, ": ", named("out", out, true), ']');
}

void fail_overflow(DType dtype) {
  const bool is_plain = is_floating(dtype) || dtype == DType::int32;
  fail(ErrorKind::runtime, "value cannot be converted to type ", is_plain ? cpp_name(dtype) : info(dtype).name,
       is_plain ? "" : "_t", " without overflow");
}

void fail_expand(const Names& names, const Error& error, const Tensor& input, const Tensor& a, const Tensor& b) {
  fail(error.kind(), error.what(), operands(names, input, a, b));
}

void fail_inplace_shape(const Names& names, const Tensor& input, const Dims& sizes) {
  fail(ErrorKind::runtime, "Bad in-place call: input tensor size ", input.sizes(), " and output tensor size ", sizes,
       " should match [", names.op, "_: ", named("input", input, false), ']');
}

void check_mv(const Names& names, const Tensor& a, const Tensor& x) {
  check_index(a.dim() > 0, "Dimension specified as 0 but tensor has no dimensions", operands(names, a, x));
  check(a.dim() == 2 && x.dim() == 1, "vector + matrix @ vector expected, got 1, ", a.dim(), ", ", x.dim(),
        operands(names, a, x));
  check(a.size(1) == x.size(0), "size mismatch, got input (", a.size(0), "), mat (", by_of(a.sizes()), "), vec (", x.size(0),
        ')', operands(names, a, x, false, transpose_fix(names, a, x)));
  check(a.dtype() == x.dtype(), "addmv input tensors must have the same dtype, but got ", scalar(x), ", ", scalar(a), ", and ",
        scalar(x), operands(names, a, x, true));
  if (a.dtype() == DType::boolean && a.numel() > 0) fail_bool("addmv_impl_cpu");
}

void check_mm(const Names& names, const Tensor& a, const Tensor& b) {
  check(a.dim() == 2, "self must be a matrix", operands(names, a, b));
  check(b.dim() == 2, "mat2 must be a matrix", operands(names, a, b));
  check(a.size(1) == b.size(0), shapes_cannot(by_of(a.sizes()), by_of(b.sizes())),
        operands(names, a, b, false, transpose_fix(names, a, b)));
  check(a.dtype() == b.dtype(), "expected m1 and m2 to have the same dtype, but got: ", cpp_name(a.dtype()),
        " != ", cpp_name(b.dtype()), operands(names, a, b, true));
  if (a.dtype() == DType::boolean && a.numel() > 0 && b.numel() > 0) fail_bool("addmm_impl_cpu_");
}

void check_bmm(const Names& names, const Tensor& a, const Tensor& b) {
  if (a.dim() == 3 && b.dim() == 3 && a.size(0) == b.size(0) && a.size(2) == b.size(1) && a.dtype() == b.dtype() &&
      a.dtype() != DType::boolean) [[likely]]
    return;
  check(a.dim() == 3, "batch1 must be a 3D tensor", operands(names, a, b));
  check(b.dim() == 3, "batch2 must be a 3D tensor", operands(names, a, b));
  check(a.size(0) == b.size(0) && a.size(2) == b.size(1), first_two(a.size(0), a.size(2), b.size(0), b.size(1)),
        operands(names, a, b, false, a.size(0) == b.size(0) ? transpose_fix(names, a, b) : ""));
  if (a.dtype() == DType::boolean && a.numel() > 0 && b.numel() > 0) fail_bool(names.op);
  check(a.dtype() == b.dtype(), "expected scalar type ", scalar(a), " but found ", scalar(b), operands(names, a, b, true));
}

Dims check_batched_matmul(const Tensor& a, const Tensor& b, const Dims& batch_a, const Dims& batch_b) {
  const int da = a.dim(), db = b.dim();
  check(da > 0 && db > 0, "both arguments to matmul need to be at least 1D, but they are ", da, "D and ", db, 'D',
        operands(kMatmulNames, a, b));
  const std::int64_t k = a.sizes().back(), rows = b.size(db > 1 ? db - 2 : 0);
  const bool fits = k == rows && a.dtype() == b.dtype() && a.dtype() != DType::boolean;
  if (da <= 2 && fits) return batch_b;
  if (db <= 2 && fits) return batch_a;
  if (fits && batch_a == batch_b) return batch_a;

  const std::string shapes = operands(kMatmulNames, a, b), fix = transpose_fix(kMatmulNames, a, b);
  const std::string fixed = operands(kMatmulNames, a, b, false, fix), dtypes = operands(kMatmulNames, a, b, true);
  const bool empty_product = a.numel() == 0 || b.numel() == 0;
  const bool boolean = a.dtype() == DType::boolean && !empty_product;
  const bool by_vector = db == 1 || (da == 1 && db > 2 && folds(b, db - 3) &&
                                     (b.numel() == 0 || b.stride(db - 3) == b.stride(db - 1) * b.size(db - 1)));
  if (by_vector) {  // (..., M, K) as one matrix times a vector
    const Tensor &t = db == 1 ? a : b, &v = db == 1 ? b : a;
    const std::int64_t width = db == 1 ? k : rows;
    std::int64_t height = 1;
    for (int i = 0; i < t.dim(); ++i) height *= db == 1 ? (i < da - 1 ? t.size(i) : 1) : (i == db - 2 ? 1 : t.size(i));
    check(width == v.size(0), "size mismatch, got input (", height, "), mat (", height, 'x', width, "), vec (", v.size(0), ')',
          fixed);
    check(a.dtype() == b.dtype(), "addmv input tensors must have the same dtype, but got ", scalar(v), ", ", scalar(t),
          ", and ", scalar(v), dtypes);
    if (boolean) fail_bool("addmv_impl_cpu");
    return db == 1 ? batch_a : batch_b;
  }
  if (da == 1 && db == 2) {
    check(k == rows, shapes_cannot("1x" + std::to_string(k), by_of(b.sizes())), fixed);
  } else if (db == 2 && folds(a, da - 2)) {
    std::int64_t height = 1;
    for (int i = 0; i < da - 1; ++i) height *= a.size(i);
    check(k == rows, shapes_cannot(str(height, 'x', k), by_of(b.sizes())), fixed);
  } else {
    Dims batch;
    try {
      batch = broadcast(batch_a, batch_b);
    } catch (const Error& error) {
      throw Error(error.kind(), error.what() + shapes);
    }
    std::int64_t count = 1;
    for (const std::int64_t n : batch) count *= n;
    check(k == rows, first_two(count, k, count, rows), fixed);
    if (boolean) fail_bool("bmm");
    check(a.dtype() == b.dtype(), "expected scalar type ", scalar(a), " but found ", scalar(b), dtypes);
    return batch;
  }
  check(a.dtype() == b.dtype(), "expected m1 and m2 to have the same dtype, but got: ", cpp_name(a.dtype()),
        " != ", cpp_name(b.dtype()), dtypes);
  if (boolean) fail_bool("addmm_impl_cpu_");
  return batch_a;
}

void check_addmv(const Tensor& input, const Tensor& mat, const Tensor& vec) {
  const auto where = [&](bool dtypes = false, const std::string& fix = "") {
    return operands(kAddmvNames, input, mat, vec, dtypes, fix);
  };
  if (!(mat.dim() == 2 && vec.dim() == 1 && input.dim() <= 1))
    fail(ErrorKind::runtime, "vector + matrix @ vector expected, got ", input.dim(), ", ", mat.dim(), ", ", vec.dim(), where());
  if (!(mat.size(1) == vec.size(0) && (input.numel() == mat.size(0) || input.numel() == 1)))
    fail(ErrorKind::runtime, "size mismatch, got input (", input.numel(), "), mat (", by_of(mat.sizes()), "), vec (",
         vec.size(0), ')', where(false, mat.size(1) == vec.size(0) ? "" : transpose_fix(kAddmvNames, mat, vec, &input)));
  if (!(mat.dtype() == vec.dtype() && mat.dtype() == input.dtype()))
    fail(ErrorKind::runtime, "addmv input tensors must have the same dtype, but got ", scalar(input), ", ", scalar(mat),
         ", and ", scalar(vec), where(true));
  if (mat.dtype() == DType::boolean) fail_bool("addmv_impl_cpu");
}

void check_addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2) {
  const auto where = [&](bool dtypes = false, const std::string& fix = "") {
    return operands(kAddmmNames, input, mat1, mat2, dtypes, fix);
  };
  if (input.dtype() != mat2.dtype())
    fail(ErrorKind::runtime, "self and mat2 must have the same dtype, but got ", scalar(input), " and ", scalar(mat2),
         where(true));
  if (mat1.dtype() != mat2.dtype())
    fail(ErrorKind::runtime, "mat1 and mat2 must have the same dtype, but got ", scalar(mat1), " and ", scalar(mat2),
         where(true));
  if (mat1.dim() != 2) fail(ErrorKind::runtime, "mat1 must be a matrix, got ", mat1.dim(), "-D tensor", where());
  if (mat2.dim() != 2) fail(ErrorKind::runtime, "mat2 must be a matrix, got ", mat2.dim(), "-D tensor", where());
  if (mat1.size(1) != mat2.size(0))
    fail(ErrorKind::runtime, shapes_cannot(by_of(mat1.sizes()), by_of(mat2.sizes())),
         where(false, transpose_fix(kAddmmNames, mat1, mat2, &input)));
  if (mat1.dtype() == DType::boolean) fail_bool("addmm_impl_cpu_");
}

void check_baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2) {
  const auto where = [&](bool dtypes = false, const std::string& fix = "") {
    return operands(kBaddbmmNames, input, batch1, batch2, dtypes, fix);
  };
  if (batch1.dim() != 3) fail(ErrorKind::runtime, "batch1 must be a 3D tensor", where());
  if (batch2.dim() != 3) fail(ErrorKind::runtime, "batch2 must be a 3D tensor", where());
  if (input.dtype() != batch1.dtype())
    fail(ErrorKind::runtime, "Input dtypes must be the same, got: input ", cpp_name(input.dtype()),
         ", batch1: ", cpp_name(batch1.dtype()), ", batch2: ", cpp_name(batch2.dtype()), where(true));
  if (batch1.size(0) != batch2.size(0) || batch1.size(2) != batch2.size(1))
    fail(ErrorKind::runtime, first_two(batch1.size(0), batch1.size(2), batch2.size(0), batch2.size(1)),
         where(false, batch1.size(0) == batch2.size(0) ? transpose_fix(kBaddbmmNames, batch1, batch2, &input) : ""));
  if (batch1.dtype() == DType::boolean) fail_bool("baddbmm");
  if (batch1.dtype() != batch2.dtype())
    fail(ErrorKind::runtime, "expected scalar type ", scalar(batch1), " but found ", scalar(batch2), where(true));
}

}  // namespace wengert
