// equal and allclose: one answer for two whole tensors.
#include <atomic>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/promote.h"
#include "ops/reduce.h"
#include "ops/strided.h"

namespace wengert {
namespace {

constexpr double kByteNs = 0.011;                       // reading a byte from L3
constexpr std::int64_t kPiece = std::int64_t{1} << 15;  // elements between two looks at the other threads' answer

// Whether test(begin, n) holds for every piece of [0, n).
template <class Test>
bool holds_everywhere(std::int64_t n, double ns, Test test) {
  std::atomic<bool> holds{true};
  LongWork work(ns);
  parallel_for(n, kPiece, ns, [&](std::int64_t begin, std::int64_t end) {
    for (; begin < end && holds.load(std::memory_order_relaxed); begin += kPiece)
      if (!test(begin, end - begin < kPiece ? end - begin : kPiece)) holds.store(false, std::memory_order_relaxed);
  });
  return holds;
}

// Both row-major, or both as they are where they are dense alike.
void align(Tensor& a, Tensor& b) {
  if (a.strides() == b.strides() && is_dense(a)) return;
  a = contiguous(a);
  b = contiguous(b);
}

Tensor expanded(const Tensor& input, const Dims& sizes) {
  if (input.sizes() == sizes) return input;
  Tensor result = Tensor::empty(sizes, input.dtype());
  copy_into(result, input);
  return result;
}

}  // namespace

bool equal(const Tensor& input, const Tensor& other) {
  if (!(input.sizes() == other.sizes())) return false;
  const DType dtype = promote_types(input.dtype(), other.dtype());
  Tensor a = to_dtype(input, dtype), b = to_dtype(other, dtype);
  align(a, b);
  const auto compare = kernels().agreement->equal[index_of(dtype)];
  const std::int64_t item = a.itemsize();
  return holds_everywhere(a.numel(), static_cast<double>(2 * a.nbytes()) * kByteNs, [&](std::int64_t begin, std::int64_t n) {
    return compare(a.data() + begin * item, b.data() + begin * item, n);
  });
}

bool allclose(const Tensor& input, const Tensor& other, double rtol, double atol, bool equal_nan) {
  const auto context = [&] {
    return str(" [allclose: input ", tuple_of(input.sizes()), ' ', info(input.dtype()).name, ", other ",
               tuple_of(other.sizes()), ' ', info(other.dtype()).name, ']');
  };
  if (input.dtype() != other.dtype())
    fail(ErrorKind::runtime, info(input.dtype()).scalar, " did not match ", info(other.dtype()).scalar, context());
  if (!(rtol >= 0)) fail(ErrorKind::runtime, "rtol must be greater than or equal to zero, but got ", rtol, context());
  if (!(atol >= 0)) fail(ErrorKind::runtime, "atol must be greater than or equal to zero, but got ", atol, context());
  Dims sizes;
  try {
    sizes = broadcast(input.sizes(), other.sizes());
  } catch (const Error& error) {
    fail(error.kind(), error.what(), context());
  }
  const DType dtype = is_floating(input.dtype()) ? input.dtype() : default_dtype();
  Tensor a = to_dtype(expanded(input, sizes), dtype), b = to_dtype(expanded(other, sizes), dtype);
  align(a, b);
  const auto compare = kernels().agreement->close[dtype == DType::float64];
  const std::int64_t item = a.itemsize();
  return holds_everywhere(a.numel(), static_cast<double>(2 * a.nbytes()) * kByteNs, [&](std::int64_t begin, std::int64_t n) {
    return compare(a.data() + begin * item, b.data() + begin * item, n, rtol, atol, equal_nan);
  });
}

Result equal_call(const Call& call) { return equal(*call.args[0].tensor, *call.args[1].tensor); }

Result allclose_call(const Call& call) {
  const Value* a = call.args;
  const auto number = [](const Value& value, double otherwise) {
    return value.given() ? value.number.to<double>() : otherwise;
  };
  return allclose(*a[0].tensor, *a[1].tensor, number(a[2], 1e-5), number(a[3], 1e-8), a[4].given() && a[4].truth());
}

}  // namespace wengert
