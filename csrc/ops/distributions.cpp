// Draws from distributions: in place, by tensors of parameters, and of categories.
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numbers>

#include "core/parallel.h"
#include "core/scratch.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/draw.h"
#include "ops/promote.h"
#include "ops/random.h"
#include "ops/sort.h"

namespace wengert {
namespace {

constexpr double kCompareNs = 1, kLogNs = 8, kTanNs = 15;  // of an element made from a uniform number

[[noreturn, gnu::cold]] void not_implemented(const char* kernel, DType dtype) {
  fail(ErrorKind::not_implemented, '"', kernel, "\" not implemented for '", info(dtype).scalar, "'");
}

// Dense out from make(u, i), u drawn evenly from [0, 1) in double, as PyTorch does for every dtype.
template <class T, class Make>
void fill_uniform(Generator& generator, T* out, std::int64_t n, double ns, Make make) {
  constexpr std::int64_t kChunk = 512;
  const RandomKernels& random = *kernels().random;
  LongWork work(ns * static_cast<double>(n));
  const std::scoped_lock lock(generator.mutex);
  draw_parts(generator.engine, n, 2, ns, [&](MersenneTwister& local, std::int64_t begin, std::int64_t end) {
    double u[kChunk];
    for (std::int64_t i = begin; i < end; i += kChunk) {
      const std::int64_t count = std::min(kChunk, end - i);
      draw_words(local, u, 2 * count);
      random.uniform_f64(u, count, 0, 1);
      for (std::int64_t j = 0; j < count; ++j) out[i + j] = static_cast<T>(make(u[j], i + j));
    }
  });
}

// In place, in the order of memory, from make(u).
template <class Make>
void draw_each(const Tensor& out, Generator& generator, double ns, Make make) {
  through_dense(in_memory_order(out), [&](const Tensor& dense) {
    dispatch(out.dtype(), [&]<class T>() {
      fill_uniform(generator, dense.data<T>(), dense.numel(), ns, [&](double u, std::int64_t) { return make(u); });
    });
  });
  out.bump_version();
}

// ---- bernoulli

void bernoulli_fill(const Tensor& out, double p, Generator& generator) {
  check_writable(out);
  check(p >= 0 && p <= 1, "bernoulli_ expects p to be in [0, 1], but got p=", p);
  draw_each(out, generator, kCompareNs, [=](double u) { return u < p; });
}

// p, broadcast to out's shape, as a contiguous tensor in the order of out's memory.
Tensor alongside(const Tensor& out, const Tensor& p) {
  Tensor same = out;
  if (!(p.sizes() == out.sizes())) {
    const Dims &from = p.sizes(), &to = out.sizes();
    check(from.size() <= to.size(), "expand: the number of sizes provided (", to.size(),
          ") must be greater or equal to the number of dimensions in the tensor (", from.size(), ")");
    for (int i = 1; i <= from.size(); ++i)
      check(from[from.size() - i] == 1 || from[from.size() - i] == to[to.size() - i], "The expanded size of the tensor (",
            to[to.size() - i], ") must match the existing size (", from[from.size() - i], ") at non-singleton dimension ",
            to.size() - i, ".  Target sizes: ", to, ".  Tensor sizes: ", from);
  }
  // A tensor of p's dtype laid out as out is dense in the same order of memory.
  const Tensor values = empty_like(out, p.dtype());
  copy_into(values, p);
  return contiguous(in_memory_order(values));
}

void bernoulli_fill(const Tensor& out, const Tensor& p, Generator& generator) {
  check_writable(out);
  if (!is_floating(p.dtype())) not_implemented("bernoulli_tensor_cpu_p_", p.dtype());
  const Tensor chances = alongside(out, p);
  const std::int64_t n = out.numel();
  dispatch(p.dtype(), [&]<class P>() {
    if constexpr (std::is_floating_point_v<P>) {
      const P* chance = chances.data<P>();
      for (std::int64_t i = 0; i < n; ++i)
        check(chance[i] >= 0 && chance[i] <= 1, "Expected p_in >= 0 && p_in <= 1 to be true, but got false.");
      through_dense(in_memory_order(out), [&](const Tensor& dense) {
        dispatch(out.dtype(), [&]<class T>() {
          T* data = dense.data<T>();
          if constexpr (sizeof(P) == 8) {
            fill_uniform(generator, data, n, kCompareNs, [&](double u, std::int64_t i) { return u < chance[i]; });
          } else {  // numbers of the chances' precision
            const Tensor drawn = Tensor::empty({n}, DType::float32);
            uniform_fill(const_cast<Tensor&>(drawn), 0, 1, generator);
            for (std::int64_t i = 0; i < n; ++i) data[i] = static_cast<T>(drawn.data<float>()[i] < chance[i]);
          }
        });
      });
      out.bump_version();
    }
  });
}

Result bernoulli_fill_op(const Call& call) {
  const Value* a = call.args;
  bernoulli_fill(*a[0].tensor, *a[1].tensor, generator_of(a[2]));
  return *a[0].tensor;
}
Result bernoulli_fill_number_op(const Call& call) {
  const Value* a = call.args;
  bernoulli_fill(*a[0].tensor, a[1].number.floating, generator_of(a[2]));
  return *a[0].tensor;
}

Tensor place_for(const Call& call, const Tensor& input) {
  if (!call.out) return empty_like(input, input.dtype());
  return result_of(call, input.sizes(), input.dtype());
}

Result bernoulli_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const Tensor result = place_for(call, input);
  bernoulli_fill(result, input, generator_of(a[1]));
  return written(call, result);
}
Result bernoulli_number_op(const Call& call) {
  const Value* a = call.args;
  const Tensor result = place_for(call, *a[0].tensor);
  bernoulli_fill(result, a[1].number.floating, generator_of(a[2]));
  return written(call, result);
}
Result bernoulli_tensor_op(const Call& call) {
  const Value* a = call.args;
  const Tensor result = place_for(call, *a[0].tensor);
  bernoulli_fill(result, *a[1].tensor, generator_of(a[2]));
  return written(call, result);
}

// ---- continuous distributions and the geometric one, in place

Result uniform_op(const Call& call) {
  const Value* a = call.args;
  Tensor out = *a[0].tensor;
  uniform_fill(out, a[1].number.floating, a[2].number.floating, generator_of(a[3]));
  return out;
}

Result normal_fill_op(const Call& call) {
  const Value* a = call.args;
  Tensor out = *a[0].tensor;
  normal_fill(out, a[1].number.floating, a[2].number.floating, generator_of(a[3]));
  return out;
}

void exponential_fill(const Tensor& out, double lambda, Generator& generator) {
  draw_each(out, generator, kLogNs, [=](double u) { return -1.0 / lambda * std::log1p(-u); });
}

Result exponential_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& out = *a[0].tensor;
  const double lambda = a[1].number.floating;
  check_writable(out);
  check(is_floating(out.dtype()),
        "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you specified ",
        info(out.dtype()).scalar);
  check(lambda > 0, "exponential_ expects lambda > 0.0, but found lambda=", lambda);
  exponential_fill(out, lambda, generator_of(a[2]));
  return out;
}

Result geometric_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& out = *a[0].tensor;
  const double p = a[1].number.floating;
  check_writable(out);
  check(p > 0 && p < 1, "geometric_ expects p to be in (0, 1), but got p=", p);
  if (out.dtype() == DType::boolean) not_implemented("geometric_cpu", out.dtype());
  draw_each(out, generator_of(a[2]), kLogNs, [scale = std::log1p(-p)](double u) { return std::ceil(std::log(u) / scale); });
  return out;
}

Result cauchy_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& out = *a[0].tensor;
  const double median = a[1].number.floating, sigma = a[2].number.floating;
  check_writable(out);
  check(sigma > 0, "cauchy_ expects sigma > 0.0, but found sigma=", sigma);
  check(is_floating(out.dtype()),
        "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you specified ",
        info(out.dtype()).name);
  draw_each(out, generator_of(a[3]), kTanNs, [=](double u) { return median + sigma * std::tan(std::numbers::pi * (u - 0.5)); });
  return out;
}

Result log_normal_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& out = *a[0].tensor;
  const double mean = a[1].number.floating, std = a[2].number.floating;
  check_writable(out);
  check(std > 0, "log_normal_ expects std > 0.0, but found std=", std);
  if (!is_floating(out.dtype())) not_implemented("log_normal_cpu", out.dtype());
  Generator& generator = generator_of(a[3]);
  through_dense(in_memory_order(out), [&](const Tensor& dense) {
    LongWork work(30 * static_cast<double>(dense.numel()));
    const std::scoped_lock lock(generator.mutex);
    dispatch(out.dtype(), [&]<class T>() {
      T* p = dense.data<T>();
      for (std::int64_t i = 0; i < dense.numel(); ++i) p[i] = static_cast<T>(std::exp(draw_normal(generator) * std + mean));
    });
  });
  out.bump_version();
  return out;
}

// ---- normal with tensors of parameters

Tensor apply(const char* name, const Tensor& input, const Tensor& other) {
  const Op& op = find_op(name);
  std::vector<Value> values(op.args.size());
  values[0].tag = values[1].tag = Value::Tag::tensor;
  values[0].tensor = &input;
  values[1].tensor = &other;
  for (std::size_t i = 2; i < op.args.size(); ++i) {
    values[i].tag = Value::Tag::number;
    values[i].number = Scalar::of(std::int64_t{1});
  }
  return std::get<Tensor>(op.call({op, values.data()}));
}

// standard normal numbers in the shape of both, times std, plus mean.
Result normal_of(const Call& call, const Tensor* mean, const Tensor* std, double number, Generator& generator) {
  const DType dtype = mean ? mean->dtype() : std->dtype();
  if (std && is_floating(std->dtype()) && std->numel() > 0)
    dispatch(std->dtype(), [&]<class T>() {
      const Tensor dense = contiguous(*std);
      for (std::int64_t i = 0; i < dense.numel(); ++i)
        check(!(dense.data<T>()[i] < T(0)), "normal expects all elements of std >= 0.0");
    });
  const Dims sizes = mean && std ? broadcast(mean->sizes(), std->sizes()) : (mean ? *mean : *std).sizes();
  if (!is_floating(dtype)) not_implemented("normal_kernel_cpu", dtype);
  Tensor result = call.out ? result_of(call, sizes, dtype) : Tensor::empty(sizes, dtype);
  Tensor drawn = Tensor::empty(sizes, dtype);
  if (std) {
    normal_fill(drawn, 0, 1, generator);
    drawn = apply("mul", drawn, to_dtype(*std, dtype));
    drawn = apply("add", drawn, mean ? to_dtype(*mean, dtype) : full({}, Scalar::of(number), dtype));
  } else {
    normal_fill(drawn, 0, number, generator);
    drawn = apply("add", drawn, *mean);
  }
  copy_into(result, drawn);
  return written(call, result);
}

Result normal_tensors_op(const Call& call) {
  const Value* a = call.args;
  return normal_of(call, a[0].tensor, a[1].tensor, 0, generator_of(a[2]));
}
Result normal_mean_op(const Call& call) {
  const Value* a = call.args;
  check(a[1].number.floating >= 0, "normal expects std >= 0.0, but found std ", a[1].number.floating);
  return normal_of(call, a[0].tensor, nullptr, a[1].number.floating, generator_of(a[2]));
}
Result normal_std_op(const Call& call) {
  const Value* a = call.args;
  return normal_of(call, nullptr, a[1].tensor, a[0].number.floating, generator_of(a[2]));
}
Result normal_numbers_op(const Call& call) {
  const Value* a = call.args;
  check_sizes(a[2].ints);
  const DType dtype = dtype_or(a[4], call.out ? call.out->dtype() : default_dtype());
  if (!is_floating(dtype)) not_implemented("normal_kernel_cpu", dtype);
  Tensor result = result_of(call, a[2].ints, dtype);
  normal_fill(result, a[0].number.floating, a[1].number.floating, generator_of(a[3]));
  return written(call, result);
}

// ---- multinomial

template <class T>
void check_weights(const T* p, std::int64_t n) {
  bool any = false;
  for (std::int64_t i = 0; i < n; ++i) {
    check(p[i] >= 0 && p[i] < std::numeric_limits<T>::infinity(),
          "probability tensor contains either `inf`, `nan` or element < 0");
    any = any || p[i] > 0;
  }
  check(any, "invalid multinomial distribution (sum of probabilities <= 0)");
}

// Without replacement: the largest of weight / Exp(1), which are drawn for all categories.
template <class T>
void sample_once(const Tensor& weights, std::int64_t categories, std::int64_t samples, std::int64_t* out,
                 Generator& generator) {
  const std::int64_t rows = weights.numel() / categories;
  const T* p = weights.data<T>();
  for (std::int64_t r = 0; r < rows; ++r) check_weights(p + r * categories, categories);
  const Tensor keys = Tensor::empty({rows, categories}, weights.dtype());
  exponential_fill(keys, 1, generator);
  T* q = keys.data<T>();
  for (std::int64_t i = 0; i < keys.numel(); ++i) q[i] = p[i] / q[i];
  Tensor indices;
  topk(keys, samples, 1, true, &indices);
  std::copy_n(indices.data<std::int64_t>(), indices.numel(), out);
}

// With replacement: where uniform numbers fall in the cumulative distribution.
template <class T>
void sample_many(const Tensor& weights, std::int64_t categories, std::int64_t samples, std::int64_t* out,
                 Generator& generator) {
  const std::int64_t rows = weights.numel() / categories;
  const Tensor cumulative = Tensor::empty({rows, categories}, weights.dtype());
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* p = weights.data<T>() + r * categories;
    T* c = cumulative.data<T>() + r * categories;
    T sum = 0;
    for (std::int64_t i = 0; i < categories; ++i) {
      check(p[i] >= 0, "invalid multinomial distribution (encountering probability entry < 0)");
      check(std::isfinite(p[i]), "invalid multinomial distribution (encountering probability entry = infinity or NaN)");
      sum += p[i];
      c[i] = sum;
    }
    check(sum > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
    for (std::int64_t i = 0; i < categories; ++i) c[i] /= sum;
    c[categories - 1] = 1;
  }
  const T* const all = cumulative.data<T>();
  const double ns = 5 + 2 * std::log2(static_cast<double>(categories));
  fill_uniform(generator, out, rows * samples, ns, [=](double u, std::int64_t i) {
    const T* c = all + i / samples * categories;
    return std::partition_point(c, c + categories, [u](T edge) { return static_cast<double>(edge) < u; }) - c;
  });
}

Result multinomial_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const std::int64_t samples = a[1].integer();
  const bool replacement = a[2].truth();
  check(input.dim() == 1 || input.dim() == 2, "prob_dist must be 1 or 2 dim");
  check(is_floating(input.dtype()),
        "multinomial only supports floating-point dtypes for input, got: ", info(input.dtype()).scalar);
  check(!call.out || call.out->dtype() == DType::int64,
        "multinomial expects Long tensor out, got: ", call.out ? info(call.out->dtype()).scalar : "");
  check(samples > 0, "cannot sample n_sample <= 0 samples");
  const std::int64_t categories = input.size(input.dim() - 1);
  check(replacement || samples <= categories, "cannot sample n_sample > prob_dist.size(-1) samples without replacement");
  check(categories <= (1 << 24), "number of categories cannot exceed 2^24");
  Dims sizes = input.sizes();
  sizes[input.dim() - 1] = samples;
  const Tensor result = result_of(call, sizes, DType::int64);
  if (result.numel() == 0) return result;
  check(categories > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
  const Tensor weights = contiguous(input), drawn = Tensor::empty(sizes, DType::int64);
  auto* const out = drawn.data<std::int64_t>();
  Generator& generator = generator_of(a[3]);
  dispatch(input.dtype(), [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>)
      (replacement && samples > 1 ? sample_many<T> : sample_once<T>)(weights, categories, samples, out, generator);
  });
  if (!call.out) return drawn;
  copy_into(result, drawn);
  return result;
}

// ---- poisson

double draw_unit(Generator& generator) {
  return static_cast<double>(draw64(generator) & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53;
}

// Transformed rejection (Hoermann 1993, "The transformed rejection method for generating Poisson random variables", PTRS) from
// a rate of 10 up, products of uniform numbers below: the numbers that PyTorch takes from its stream, in its order.
double draw_poisson(double rate, Generator& generator) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double limit = std::exp(-rate);
    double count = 0;
    for (double product = draw_unit(generator); product > limit; product *= draw_unit(generator)) ++count;
    return count;
  }
  const double log_rate = std::log(rate), b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), accept = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = draw_unit(generator) - 0.5, v = draw_unit(generator), us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= accept) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <= -rate + k * log_rate - std::lgamma(k + 1))
      return k;
  }
}

Result poisson_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  if (!is_floating(input.dtype())) not_implemented("poisson_cpu", input.dtype());
  const Tensor rates = contiguous(input);
  const std::int64_t n = rates.numel();
  dispatch(input.dtype(), [&]<class T>() {
    for (std::int64_t i = 0; i < n; ++i)
      check(rates.data<T>()[i] >= T(0), "invalid Poisson rate, expected rate to be non-negative");
  });
  const Tensor drawn = Tensor::empty(input.sizes(), input.dtype());
  Generator& generator = generator_of(a[1]);
  LongWork work(50 * static_cast<double>(n));
  const std::scoped_lock lock(generator.mutex);
  dispatch(input.dtype(), [&]<class T>() {
    for (std::int64_t i = 0; i < n; ++i)
      drawn.data<T>()[i] = static_cast<T>(draw_poisson(static_cast<double>(rates.data<T>()[i]), generator));
  });
  return drawn;
}

#define WENGERT_SEED_DOC "\n\n>>> g = wengert.Generator().manual_seed(0)\n"

constexpr unsigned kForms = kFunction | kMethod | kOut, kFill = kMethod | kInplaceOnly;

constexpr OpRow kRows[] = {
    {"uniform_", "", "input: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator? = None", kFill, uniform_op,
     "Fills a float tensor with numbers drawn evenly from [from_, to)." WENGERT_SEED_DOC
     ">>> wengert.empty(3).uniform_(generator=g)\ntensor([0.4963, 0.7682, 0.0885])"},
    {"normal_", "", "input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator? = None", kFill,
     normal_fill_op,
     "Fills a float tensor with numbers drawn from the normal distribution." WENGERT_SEED_DOC
     ">>> wengert.empty(3).normal_(generator=g)\ntensor([ 1.5410, -0.2934, -2.1788])"},
    {"exponential_", "", "input: Tensor, lambd: float = 1.0, *, generator: Generator? = None", kFill, exponential_op,
     "Fills a float tensor with numbers drawn from the exponential distribution of rate lambd." WENGERT_SEED_DOC
     ">>> wengert.empty(3).exponential_(generator=g)\ntensor([3.5083, 1.2304, 0.6150])"},
    {"geometric_", "", "input: Tensor, p: float, *, generator: Generator? = None", kFill, geometric_op,
     "Fills the tensor with the number of trials up to the first success, each of chance p." WENGERT_SEED_DOC
     ">>> wengert.empty(3).geometric_(0.2, generator=g)\ntensor([1., 2., 4.])"},
    {"cauchy_", "", "input: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator? = None", kFill, cauchy_op,
     "Fills a float tensor with numbers drawn from the Cauchy distribution." WENGERT_SEED_DOC
     ">>> wengert.empty(3).cauchy_(generator=g)\ntensor([10.5977,  0.7648, -0.1283])"},
    {"log_normal_", "", "input: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator? = None", kFill,
     log_normal_op,
     "Fills a float tensor with numbers whose logarithm has the normal distribution of the given mean and std." WENGERT_SEED_DOC
     ">>> wengert.empty(3).log_normal_(generator=g)\ntensor([5.9263e+01, 1.5116e+00, 3.4819e-02])"},
    {"bernoulli_", "", "input: Tensor, p: Tensor, *, generator: Generator? = None", kFill, bernoulli_fill_op,
     "Fills the tensor with ones, each of the chance p at its place (broadcast), and zeros." WENGERT_SEED_DOC
     ">>> wengert.empty(3).bernoulli_(wengert.full((3,), 0.5), generator=g)\ntensor([1., 0., 1.])"},
    {"bernoulli_.number", "", "input: Tensor, p: float = 0.5, *, generator: Generator? = None", kFill, bernoulli_fill_number_op,
     "Fills the tensor with ones of chance p, and zeros." WENGERT_SEED_DOC
     ">>> wengert.empty(3).bernoulli_(generator=g)\ntensor([0., 0., 1.])"},
    {"bernoulli", "", "input: Tensor, *, generator: Generator? = None", kForms, bernoulli_op,
     "Ones, each of the chance that input has at its place, and zeros." WENGERT_SEED_DOC
     ">>> wengert.bernoulli(wengert.full((3,), 0.5), generator=g)\ntensor([1., 0., 1.])"},
    {"bernoulli.number", "", "input: Tensor, p: float, *, generator: Generator? = None", kForms, bernoulli_number_op,
     "Ones of chance p, and zeros, in input's shape and dtype." WENGERT_SEED_DOC
     ">>> wengert.bernoulli(wengert.zeros(3), 0.5, generator=g)\ntensor([0., 0., 1.])"},
    {"bernoulli.tensor", "", "input: Tensor, p: Tensor, *, generator: Generator? = None", kForms, bernoulli_tensor_op,
     "Ones, each of the chance p at its place (broadcast), and zeros, in input's shape and dtype." WENGERT_SEED_DOC
     ">>> wengert.bernoulli(wengert.zeros(3), wengert.full((3,), 0.5), generator=g)\ntensor([1., 0., 1.])"},
    {"normal", "", "mean: Tensor, std: Tensor, *, generator: Generator? = None", kFunction | kOut, normal_tensors_op,
     "Numbers drawn from normal distributions with the mean and std at their place, broadcast." WENGERT_SEED_DOC
     ">>> wengert.normal(wengert.zeros(2), wengert.tensor([1.0, 0.0]), generator=g)\ntensor([1.5410, 0.0000])"},
    {"normal.mean", "", "mean: Tensor, std: float = 1.0, *, generator: Generator? = None", kFunction | kOut, normal_mean_op,
     "Numbers drawn from normal distributions with the mean at their place." WENGERT_SEED_DOC
     ">>> wengert.normal(wengert.tensor([0.0, 10.0]), 1.0, generator=g)\ntensor([1.5410, 9.7066])"},
    {"normal.std", "", "mean: float, std: Tensor, *, generator: Generator? = None", kFunction | kOut, normal_std_op,
     "Numbers drawn from normal distributions with the std at their place." WENGERT_SEED_DOC
     ">>> wengert.normal(10.0, wengert.tensor([1.0, 2.0]), generator=g)\ntensor([11.5410,  9.4131])"},
    {"normal.numbers", "",
     "mean: float, std: float, size: int[], *, generator: Generator? = None, dtype: dtype? = None, layout: layout? = None, "
     "device: device? = None, pin_memory: bool? = False, requires_grad: bool? = False",
     kFunction | kOut, normal_numbers_op,
     "A tensor of the given shape of numbers drawn from one normal distribution." WENGERT_SEED_DOC
     ">>> wengert.normal(10.0, 2.0, (2,), generator=g)\ntensor([13.0820,  9.4131])"},
    {"multinomial", "", "input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator? = None", kForms,
     multinomial_op,
     "Positions drawn from the last dimension of a vector or matrix, with chances in proportion to its elements; each at most "
     "once unless replacement is asked for. RuntimeError for negative, infinite or only zero weights." WENGERT_SEED_DOC
     ">>> wengert.multinomial(wengert.tensor([0.0, 10.0, 3.0]), 2, generator=g)\ntensor([1, 2])"},
    {"poisson", "", "input: Tensor, generator: Generator? = None", kFunction, poisson_op,
     "Numbers drawn from Poisson distributions with the rates of a float tensor." WENGERT_SEED_DOC
     ">>> wengert.poisson(wengert.tensor([1.0, 20.0]), generator=g)\ntensor([ 2., 28.])"},
};

}  // namespace

constinit const std::span<const OpRow> kDistributionOps = kRows;

}  // namespace wengert
