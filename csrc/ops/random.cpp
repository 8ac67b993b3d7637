#include "ops/random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/draw.h"
#include "ops/promote.h"

namespace wengert {
namespace {

// Serial nanoseconds per element made (AVX-512 at 3.7 GHz).
template <class T>
constexpr double kUniformNs = sizeof(T) == 4 ? 0.13 : 0.32;
template <class T>
constexpr double kNormalNs = sizeof(T) == 4 ? 0.36 : 1.0;
constexpr double kSingleNormalNs = 20;

// Draws the words of n elements of T into out and calls make(chunk, elements) on chunks of it, multiples of 16 elements but for
// the last.
template <class T, class Make>
void generate(MersenneTwister& engine, T* out, std::int64_t n, double ns_each, Make make) {
  constexpr std::int64_t kWordsEach = sizeof(T) / sizeof(std::uint32_t);
  constexpr std::int64_t kChunk = 8192 / sizeof(T);  // stays in the first-level cache from the drawing to the making
  draw_parts(engine, n, kWordsEach, ns_each, [&](MersenneTwister& local, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kChunk) {
      const std::int64_t count = std::min(kChunk, end - i);
      draw_words(local, out + i, count * kWordsEach);
      make(out + i, count);
    }
  });
}

template <class T>
void make_uniform(void* data, std::int64_t n, T low, T range) {
  const RandomKernels& random = *kernels().random;
  if constexpr (sizeof(T) == 4)
    random.uniform_f32(data, n, low, range);
  else
    random.uniform_f64(data, n, low, range);
}

template <class T>
void make_normal(void* data, std::int64_t n, T mean, T std) {
  const RandomKernels& random = *kernels().random;
  if constexpr (sizeof(T) == 4)
    random.normal_f32(data, n / 16, mean, std);
  else
    random.normal_f64(data, n / 16, mean, std);
}

template <class F>
void dispatch_floating(DType dtype, const char* kernel, F&& f) {
  if (dtype == DType::float32) return f.template operator()<float>();
  if (dtype == DType::float64) return f.template operator()<double>();
  fail(ErrorKind::not_implemented, '"', kernel, "\" not implemented for '", info(dtype).scalar, "'");
}

template <class Fill>
Result random_op(const Call& call, const char* kernel, Fill fill) {
  const Value* a = call.args;
  const DType dtype = a[2].given() ? a[2].dtype : call.out ? call.out->dtype() : default_dtype();
  check(!call.out || call.out->dtype() == dtype, "dtype ", info(dtype).scalar, " does not match dtype of out parameter (",
        call.out ? info(call.out->dtype()).scalar : "", ")");
  dispatch_floating(dtype, kernel, []<class T>() {});
  Tensor result = result_of(call, a[0].ints, dtype);
  fill(result, 0.0, 1.0, generator_of(a[1]));
  return written(call, result);
}

Result rand_op(const Call& call) { return random_op(call, "check_uniform_bounds", uniform_fill); }
Result randn_op(const Call& call) { return random_op(call, "normal_kernel_cpu", normal_fill); }

template <class Fill>
Result like_op(const Call& call, const char* kernel, Fill fill) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const DType dtype = dtype_or(a[2], input.dtype());
  dispatch_floating(dtype, kernel, []<class T>() {});
  Tensor result = empty_like(input, dtype, a[7]);
  fill(result, 0.0, 1.0, generator_of(a[1]));
  return written(call, result);
}

Result rand_like_op(const Call& call) { return like_op(call, "check_uniform_bounds", uniform_fill); }
Result randn_like_op(const Call& call) { return like_op(call, "normal_kernel_cpu", normal_fill); }

#define WENGERT_RANDOM_LIKE_ARGS                                                                                           \
  "input: Tensor, *, generator: Generator? = None, dtype: dtype? = None, layout: layout? = None, device: device? = None, " \
  "pin_memory: bool? = False, requires_grad: bool? = False, memory_format: memory_format? = None"

#define WENGERT_RANDOM_ARGS                                                                                              \
  "size: int[], *, generator: Generator? = None, dtype: dtype? = None, layout: layout? = None, device: device? = None, " \
  "pin_memory: bool? = False, requires_grad: bool? = False"

constexpr OpRow kRows[] = {
    {"rand", "", WENGERT_RANDOM_ARGS, kFunction | kOut, rand_op,
     "Numbers drawn evenly from [0, 1): for a seed, PyTorch's own, bit for bit.\n\n"
     ">>> g = wengert.Generator().manual_seed(0)\n>>> wengert.rand(3, generator=g)\ntensor([0.4963, 0.7682, 0.0885])"},
    {"randn", "", WENGERT_RANDOM_ARGS, kFunction | kOut, randn_op,
     "Numbers drawn from the normal distribution of mean 0 and variance 1: for a seed, PyTorch's own up to the last bits.\n\n"
     ">>> g = wengert.Generator().manual_seed(0)\n>>> wengert.randn(3, generator=g)\ntensor([ 1.5410, -0.2934, -2.1788])"},
    {"rand_like", "", WENGERT_RANDOM_LIKE_ARGS, kFunction, rand_like_op,
     "Numbers drawn evenly from [0, 1) in input's shape and, unless given, dtype: for a seed, PyTorch's own.\n\n"
     ">>> g = wengert.Generator().manual_seed(0)\n>>> wengert.rand_like(wengert.zeros(3), generator=g)\n"
     "tensor([0.4963, 0.7682, 0.0885])"},
    {"randn_like", "", WENGERT_RANDOM_LIKE_ARGS, kFunction, randn_like_op,
     "Numbers of mean 0 and variance 1 in input's shape and, unless given, dtype: for a seed, PyTorch's own up to the last "
     "bits.\n\n"
     ">>> g = wengert.Generator().manual_seed(0)\n>>> wengert.randn_like(wengert.zeros(3), generator=g)\n"
     "tensor([ 1.5410, -0.2934, -2.1788])"},
};

}  // namespace

constinit const std::span<const OpRow> kRandomOps = kRows;

Generator& generator_of(const Value& value) { return value.given() ? *value.generator : default_generator(); }

void uniform_fill(Tensor& out, double low, double high, Generator& generator) {
  dispatch_floating(out.dtype(), "check_uniform_bounds", [&]<class T>() {
    constexpr double kMax = std::numeric_limits<T>::max();
    constexpr const char* kType = sizeof(T) == 4 ? "float" : "double";
    check(low >= -kMax && low <= kMax, "from is out of bounds for ", kType);
    check(high >= -kMax && high <= kMax, "to is out of bounds for ", kType);
    check(low <= high, "uniform_ expects to return a [from, to) range, but found from=", low, " > to=", high);
    check(high - low <= kMax, "uniform_ expects to-from <= std::numeric_limits<", info(out.dtype()).scalar,
          ">::max(), but found to=", high, " and from=", low, " which result in to-from to exceed the limit");
    check_writable(out);
    through_dense(in_memory_order(out), [&](const Tensor& dense) {
      const T from = static_cast<T>(low), range = static_cast<T>(high) - from;
      const std::int64_t n = dense.numel();
      LongWork work(kUniformNs<T> * static_cast<double>(n));
      const std::scoped_lock lock(generator.mutex);
      generate(generator.engine, dense.data<T>(), n, kUniformNs<T>,
               [=](T* data, std::int64_t count) { make_uniform<T>(data, count, from, range); });
    });
    out.bump_version();
  });
}

void normal_fill(Tensor& out, double mean, double std, Generator& generator) {
  check(std >= 0, "normal expects std >= 0.0, but found std ", std);
  dispatch_floating(out.dtype(), "normal_kernel_cpu", [&]<class T>() {
    check_writable(out);
    const std::int64_t n = out.numel();
    const bool blocks = n >= 16 && out.is_contiguous();
    through_dense(in_memory_order(out), [&](const Tensor& dense) {
      T* data = dense.data<T>();
      LongWork work((blocks ? kNormalNs<T> : kSingleNormalNs) * static_cast<double>(n));
      const std::scoped_lock lock(generator.mutex);
      if (!blocks) {
        for (std::int64_t i = 0; i < n; ++i) data[i] = static_cast<T>(std::fma(draw_normal(generator), std, mean));
        return;
      }
      const auto make = [m = static_cast<T>(mean), s = static_cast<T>(std)](T* p, std::int64_t count) {
        make_normal<T>(p, count, m, s);
      };
      const std::int64_t whole = n / 16 * 16;
      generate(generator.engine, data, whole, kNormalNs<T>, make);
      if (whole == n) return;
      // PyTorch draws numbers for the rest, throws them away, and makes the last 16 elements anew.
      skip(generator.engine, (n - whole) * static_cast<std::int64_t>(sizeof(T) / sizeof(std::uint32_t)));
      generate(generator.engine, data + n - 16, 16, kNormalNs<T>, make);
    });
    out.bump_version();
  });
}

}  // namespace wengert
