#include "ops/normalize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/reduce.h"

namespace wengert {
namespace {

using std::int64_t;

constexpr double kElementNs = 0.15;      // of one pass or two over float32 in L2
constexpr int64_t kPartRows = 32;        // fewer are not worth a sum of their own
constexpr int64_t kPartBytes = 4 << 20;  // of all sums

const NormalizeKernel& kernel_of(DType dtype) { return kernels().normalize->of[dtype == DType::float64]; }

const Tensor* optional(const Value& value) { return value.given() ? value.tensor : nullptr; }

void check_floating(const char* kernel, const Tensor& input) {
  if (!is_floating(input.dtype()))
    fail(ErrorKind::not_implemented, '"', kernel, "\" not implemented for '", info(input.dtype()).scalar, '\'');
}

void check_dtype(const Tensor& input, const Tensor* parameter) {
  check(!parameter || parameter->dtype() == input.dtype(), "mixed dtype (CPU): expect parameter to have scalar type of ",
        info(input.dtype()).scalar);
}

// An element of a contiguous float tensor; `otherwise` of none.
double element(const Tensor* tensor, int64_t i, double otherwise) {
  if (!tensor) return otherwise;
  return tensor->dtype() == DType::float32 ? tensor->data<float>()[i] : tensor->data<double>()[i];
}
void set_element(const Tensor& tensor, int64_t i, double value) {
  if (tensor.dtype() == DType::float32)
    tensor.data<float>()[i] = static_cast<float>(value);
  else
    tensor.data<double>()[i] = value;
}

// A contiguous form of a tensor that may be missing.
struct Dense {
  Tensor made;
  const Tensor* tensor;
  explicit Dense(const Tensor* given) : tensor(given ? &contiguous(*given, &made) : nullptr) {}
  const char* data() const { return tensor ? tensor->data() : nullptr; }
};

// ---- rows: layer_norm, rms_norm

void check_rows(const Tensor& input, const Dims& shape, const Tensor* weight, const Tensor* bias, const char* kernel) {
  check(shape.size() > 0,
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
        "normalized_shape = ",
        shape);
  for (const auto& [parameter, name] : {std::pair(weight, "weight"), std::pair(bias, "bias")})
    check(
        !parameter || parameter->sizes() == shape, "Expected ", name, " to be of same shape as normalized_shape, but got ",
        name, " of shape ", [p = parameter] { return str(p->sizes()); }, " and normalized_shape = ", shape);
  check(
      input.dim() >= shape.size() && std::equal(shape.begin(), shape.end(), input.sizes().end() - shape.size()),
      "Given normalized_shape=", shape, ", expected input with shape [*",
      [&] {
        std::string text;
        for (const int64_t size : shape) text += str(", ", size);
        return text;
      },
      "], but got input of size", input.sizes());
  check_floating(kernel, input);
  check_dtype(input, weight);
  check_dtype(input, bias);
}

NormalizeArgs row_args(const Tensor& input, const Dims& shape, double eps, bool centred) {
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  return {.in = input.data(),
          .weight = nullptr,
          .bias = nullptr,
          .out = nullptr,
          .rows = n ? input.numel() / n : 0,
          .n = n,
          .eps = eps,
          .centred = centred,
          .grad = nullptr,
          .to_weight = nullptr,
          .to_bias = nullptr};
}

// The rows [begin, end).
NormalizeArgs part_of(NormalizeArgs args, int64_t begin, int64_t end, int64_t size) {
  const int64_t at = begin * args.n * size;
  args.in = static_cast<const char*>(args.in) + at;
  if (args.grad) args.grad = static_cast<const char*>(args.grad) + at;
  if (args.out) args.out = static_cast<char*>(args.out) + at;
  args.rows = end - begin;
  return args;
}

Tensor normalized_rows(const Tensor& input, const Dims& shape, const Tensor* weight, const Tensor* bias, double eps,
                       bool centred) {
  Tensor made;
  const Tensor& source = contiguous(input, &made);
  const Dense factor(weight), summand(bias);
  const Tensor out = Tensor::empty(input.sizes(), input.dtype());
  NormalizeArgs args = row_args(source, shape, eps, centred);
  args.weight = factor.data(), args.bias = summand.data(), args.out = out.data();
  const double ns = kElementNs * static_cast<double>(input.numel());
  const NormalizeKernel& kernel = kernel_of(input.dtype());
  LongWork work(ns);
  parallel_for(args.rows, 1, ns, [&](int64_t begin, int64_t end) { kernel.rows(part_of(args, begin, end, out.itemsize())); });
  return out;
}

Result layer_norm_call(const Call& call) {
  const Value* a = call.args;
  check_rows(*a[0].tensor, a[1].ints, optional(a[2]), optional(a[3]), "LayerNormKernelImpl");
  return normalized_rows(*a[0].tensor, a[1].ints, optional(a[2]), optional(a[3]), a[4].number.floating, true);
}

double rms_eps(const Tensor& input, const Value& eps) {
  if (eps.given()) return eps.number.floating;
  return input.dtype() == DType::float32 ? double{std::numeric_limits<float>::epsilon()}
                                         : std::numeric_limits<double>::epsilon();
}

Result rms_norm_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  check_rows(input, a[1].ints, optional(a[2]), nullptr, "rms_norm");
  return normalized_rows(input, a[1].ints, optional(a[2]), nullptr, rms_eps(input, a[3]), false);
}

// (cotangent, input, normalized_shape, weight, eps, centred, whether to the input, whether to weight and bias)
Result rows_gradient_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &cotangent = *a[0].tensor, &input = *a[1].tensor;
  const Dims& shape = a[2].ints;
  const bool to_input = a[6].truth(), to_parameters = a[7].truth();
  check_rows(input, shape, optional(a[3]), nullptr, "LayerNormBackwardKernelImpl");
  check(cotangent.sizes() == input.sizes(), "expected a gradient of shape ", input.sizes(), ", but got ", cotangent.sizes());
  check_dtype(input, &cotangent);
  Tensor made, made_grad;
  const Tensor &source = contiguous(input, &made), &grad = contiguous(cotangent, &made_grad);
  const Dense factor(optional(a[3]));
  const DType dtype = input.dtype();
  NormalizeArgs args = row_args(source, shape, rms_eps(input, a[4]), a[5].truth());
  args.weight = factor.data(), args.grad = grad.data();
  const Tensor out = Tensor::empty(to_input ? input.sizes() : Dims{0}, dtype);
  if (to_input) args.out = out.data();

  const int64_t size = out.itemsize(), n = args.n;
  const int64_t most = std::min<int64_t>({64, args.rows / kPartRows, kPartBytes / std::max<int64_t>(2 * n * size, 1)});
  const int64_t parts = to_parameters ? std::max<int64_t>(most, 1) : 1;
  Tensor sums;
  if (to_parameters) sums = full({parts, 2, n}, Scalar::of(0.0), dtype);
  const double ns = 2 * kElementNs * static_cast<double>(input.numel());
  const NormalizeKernel& kernel = kernel_of(dtype);
  {
    LongWork work(ns);
    if (to_parameters)
      parallel_for(parts, 1, ns, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) {
          NormalizeArgs part = part_of(args, args.rows * p / parts, args.rows * (p + 1) / parts, size);
          part.to_weight = sums.data() + 2 * p * n * size;
          part.to_bias = sums.data() + (2 * p + 1) * n * size;
          kernel.rows_gradient(part);
        }
      });
    else
      parallel_for(args.rows, 1, ns,
                   [&](int64_t begin, int64_t end) { kernel.rows_gradient(part_of(args, begin, end, size)); });
  }
  if (!to_parameters) return std::vector<Tensor>{out, Tensor::empty({0}, dtype), Tensor::empty({0}, dtype)};
  if (parts > 1) sums = sum(sums, {0});
  return std::vector<Tensor>{out, sums.view_as(shape, contiguous_strides(shape)),
                             sums.view_as(shape, contiguous_strides(shape), n)};
}

// ---- channels: group_norm, batch_norm. Blocks are (batch, channels, run), row-major.

struct Blocks {
  int64_t batch, channels, run;
  explicit Blocks(const Tensor& input)
      : batch(input.size(0)), channels(input.size(1)), run(input.numel() ? input.numel() / (batch * channels) : 0) {}
  double ns(double each = kElementNs) const {
    return each * static_cast<double>(batch * channels * run) + 20.0 * static_cast<double>(batch * channels);
  }
};

void check_vector(const Tensor& input, const Tensor* parameter, const char* name) {
  check(
      !parameter || (parameter->dim() == 1 && parameter->size(0) == input.size(1)), "Expected ", name,
      " to be a vector of size equal to the number of channels in input, but got ", name, " of shape ",
      [&] { return str(parameter->sizes()); }, " and input of shape ", input.sizes());
  check_dtype(input, parameter);
}

void check_groups(const Tensor& input, int64_t groups, const Tensor* weight, const Tensor* bias) {
  check(input.dim() >= 2, "Expected at least 2 dimensions for input tensor but received ", input.dim());
  check(groups > 0, "Expected num groups to be greater than 0, got ", groups);
  check(input.size(1) % groups == 0,
        "Expected number of channels in input to be divisible by num_groups, but got input of shape ", input.sizes(),
        " and num_groups=", groups);
  check_vector(input, weight, "weight");
  check_vector(input, bias, "bias");
  check_floating("GroupNormKernelImpl", input);
}

Result group_norm_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const int64_t groups = a[1].integer();
  check_groups(input, groups, optional(a[2]), optional(a[3]));
  const double eps = a[4].number.floating;
  Tensor made;
  const Tensor& source = contiguous(input, &made);
  const Dense weight(optional(a[2])), bias(optional(a[3]));
  const Tensor out = Tensor::empty(input.sizes(), input.dtype());
  if (out.numel() == 0) return out;
  const Blocks b(source);
  const int64_t members = b.channels / groups, step = b.run * out.itemsize();
  const NormalizeKernel& kernel = kernel_of(input.dtype());
  LongWork work(b.ns());
  parallel_for(b.batch * groups, 1, b.ns(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const NormalizeScaling s = kernel.scaling(source.data() + i * members * step, members * b.run, eps);
      for (int64_t c = i * members; c < (i + 1) * members; ++c)
        kernel.map(source.data() + c * step, out.data() + c * step, b.run, s.scale * element(weight.tensor, c % b.channels, 1),
                   element(bias.tensor, c % b.channels, 0), s.mean);
    }
  });
  return out;
}

// (cotangent, input, num_groups, weight, eps): to input, weight and bias.
Result group_norm_gradient_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &cotangent = *a[0].tensor, &input = *a[1].tensor;
  const int64_t groups = a[2].integer();
  check_groups(input, groups, optional(a[3]), nullptr);
  check(cotangent.sizes() == input.sizes(), "expected a gradient of shape ", input.sizes(), ", but got ", cotangent.sizes());
  check_dtype(input, &cotangent);
  const double eps = a[4].number.floating;
  Tensor made, made_grad;
  const Tensor &source = contiguous(input, &made), &grad = contiguous(cotangent, &made_grad);
  const Dense weight(optional(a[3]));
  const DType dtype = input.dtype();
  const Blocks b(source);
  const Tensor out = Tensor::empty(input.sizes(), dtype);
  if (out.numel() == 0)
    return std::vector<Tensor>{out, full({b.channels}, Scalar::of(0.0), dtype), full({b.channels}, Scalar::of(0.0), dtype)};
  const Tensor sums = Tensor::empty({b.batch, 2, b.channels}, DType::float64);
  const int64_t members = b.channels / groups, step = b.run * out.itemsize();
  const NormalizeKernel& kernel = kernel_of(dtype);
  {
    LongWork work(b.ns(2 * kElementNs));
    parallel_for(b.batch * groups, 1, b.ns(2 * kElementNs), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i * members, last = first + members;
        const NormalizeScaling s = kernel.scaling(source.data() + first * step, members * b.run, eps);
        double shift = 0, tilt = 0;
        for (int64_t c = first; c < last; ++c) {
          const ChannelSums part = kernel.sums(grad.data() + c * step, source.data() + c * step, b.run, s.mean);
          const double w = element(weight.tensor, c % b.channels, 1);
          double* to = sums.data<double>() + c / b.channels * 2 * b.channels + c % b.channels;
          to[0] = part.product * s.scale, to[b.channels] = part.grad;
          shift += w * part.grad, tilt += w * part.product * s.scale;
        }
        const double count = static_cast<double>(members * b.run);
        for (int64_t c = first; c < last; ++c)
          kernel.mix(grad.data() + c * step, source.data() + c * step, out.data() + c * step, b.run,
                     s.scale * element(weight.tensor, c % b.channels, 1), -s.scale * s.scale * tilt / count,
                     -s.scale * shift / count, s.mean);
      }
    });
  }
  const Tensor both = to_dtype(sum(sums, {0}), dtype);
  return std::vector<Tensor>{out, both.view_as({b.channels}, {1}), both.view_as({b.channels}, {1}, b.channels)};
}

// Four numbers of each channel, for the kernels that go across rows.
struct ChannelNumbers {
  Tensor of[4];  // a, b, c, about

  ChannelNumbers(int64_t channels, DType dtype) {
    for (Tensor& each : of) each = full({channels}, Scalar::of(0.0), dtype);
  }
  void set(int64_t c, double a, double b, double c_, double about) {
    set_element(of[0], c, a), set_element(of[1], c, b), set_element(of[2], c, c_), set_element(of[3], c, about);
  }
  // Of rows [begin, end) of channels that have one element in each.
  AcrossArgs across(const Tensor* grad, const Tensor& in, const Tensor* out, int64_t begin, int64_t end) const {
    const int64_t n = of[0].numel(), from = begin * n * in.itemsize();
    return {grad ? grad->data() + from : nullptr,
            in.data() + from,
            out ? out->data() + from : nullptr,
            end - begin,
            n,
            n,
            of[0].data(),
            of[1].data(),
            of[2].data(),
            of[3].data()};
  }
};

void check_elements(const Tensor& input, const Tensor* parameter, const char* name) {
  check(!parameter || parameter->numel() == input.size(1), name, " should contain ", input.size(1), " elements not ",
        [&] { return str(parameter->numel()); });
  check_dtype(input, parameter);
}

void check_batch(const Tensor& input, const Value* a, const char* const* names, int count) {
  if (input.dim() < 2) wrap_dim(1, input.dim());
  for (int i = 0; i < count; ++i) check_elements(input, optional(a[i]), names[i]);
  check_floating("batch_norm", input);
}

template <class T>
void finish_variance(const char* partial, char* out, char* second, int64_t n, double) {
  const auto* moments = reinterpret_cast<const Moments*>(partial);
  for (int64_t i = 0; i < n; ++i) {
    reinterpret_cast<T*>(out)[i] = static_cast<T>(moments[i].deviations / moments[i].count);
    reinterpret_cast<T*>(second)[i] = static_cast<T>(moments[i].mean);
  }
}

// out = (x - mean) scale weight + bias for each channel.
Tensor mapped(const Tensor& in, const Tensor& mean, const Tensor& scale, const Dense& weight, const Dense& bias) {
  const Blocks b(in);
  const Tensor out = Tensor::empty(in.sizes(), in.dtype());
  const int64_t step = b.run * out.itemsize();
  const NormalizeKernel& kernel = kernel_of(out.dtype());
  const auto factor = [&](int64_t c) { return element(&scale, c, 1) * element(weight.tensor, c, 1); };
  LongWork work(b.ns());
  if (b.run == 1) {
    ChannelNumbers numbers(b.channels, in.dtype());
    for (int64_t c = 0; c < b.channels; ++c) numbers.set(c, factor(c), element(bias.tensor, c, 0), 0, element(&mean, c, 0));
    parallel_for(b.batch, 1, b.ns(),
                 [&](int64_t begin, int64_t end) { kernel.map_across(numbers.across(nullptr, in, &out, begin, end)); });
    return out;
  }
  parallel_for(b.batch * b.channels, 1, b.ns(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t c = i % b.channels;
      kernel.map(in.data() + i * step, out.data() + i * step, b.run, factor(c), element(bias.tensor, c, 0),
                 element(&mean, c, 0));
    }
  });
  return out;
}

// running = momentum new + (1 - momentum) running. Not an in-place operation on a tensor that a graph may have kept: training
// does not depend on it.
void update(const Tensor* running, const Tensor& now, double momentum, double factor) {
  if (!running) return;
  check_not_read_only(*running);
  for (int64_t c = 0; c < now.numel(); ++c) {
    const Tensor at = running->view_as({1}, {1}, c * running->stride(0));
    set_element(at, 0, momentum * factor * element(&now, c, 0) + (1 - momentum) * element(&at, 0, 0));
  }
  running->bump_version();
}

// (input, weight, bias, running_mean, running_var, momentum, eps)
Result batch_norm_train_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  constexpr const char* kNames[] = {"weight", "bias", "running_mean", "running_var"};
  check_batch(input, a + 1, kNames, 4);
  const DType dtype = input.dtype();
  const int64_t channels = input.size(1);
  const double momentum = a[5].number.floating, eps = a[6].number.floating;
  if (input.numel() == 0)
    return std::vector<Tensor>{Tensor::empty(input.sizes(), dtype), full({channels}, Scalar::of(0.0), dtype),
                               full({channels}, Scalar::of(1.0), dtype)};
  Tensor made;
  const Tensor& in = contiguous(input, &made);
  const Blocks b(in);
  const MomentKernels& moments = *kernels().moments;
  const Reducer reducer = {pass_of(moments.moments, dtype, sizeof(Moments)),
                           {moments.join, moments.join, sizeof(Moments), sizeof(Moments)},
                           dtype,
                           dtype == DType::float32 ? finish_variance<float> : finish_variance<double>,
                           0};
  const Tensor view = in.view_as({b.batch, b.channels, b.run}, {b.channels * b.run, b.run, 1});
  Tensor mean;
  const Tensor variance = reduce(reducer, view, dim_set("batch_norm", view, {0, 2}), false, &mean);
  const auto count = static_cast<double>(b.batch * b.run);
  update(optional(a[3]), mean, momentum, 1);
  update(optional(a[4]), variance, momentum, count / std::max(count - 1, 1.0));
  for (int64_t c = 0; c < channels; ++c) set_element(variance, c, 1 / std::sqrt(element(&variance, c, 0) + eps));
  const Dense weight(optional(a[1])), bias(optional(a[2]));
  return std::vector<Tensor>{mapped(in, mean, variance, weight, bias), mean, variance};
}

// 1 / sqrt(variance + eps)
Tensor scale_of(const Tensor& variance, double eps) {
  Tensor scale = clone(contiguous(variance));
  for (int64_t c = 0; c < scale.numel(); ++c) set_element(scale, c, 1 / std::sqrt(element(&scale, c, 0) + eps));
  return scale;
}

// (input, weight, bias, mean, variance, eps)
Result batch_norm_eval_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  constexpr const char* kNames[] = {"weight", "bias", "running_mean", "running_var"};
  check_batch(input, a + 1, kNames, 4);
  if (input.numel() == 0) return Tensor::empty(input.sizes(), input.dtype());
  Tensor made;
  const Dense weight(optional(a[1])), bias(optional(a[2])), mean(a[3].tensor);
  return mapped(contiguous(input, &made), *mean.tensor, scale_of(*a[4].tensor, a[5].number.floating), weight, bias);
}

// (cotangent, input, weight, mean, scale, whether they are the input's own): to input, weight and bias.
Result batch_norm_gradient_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &cotangent = *a[0].tensor, &input = *a[1].tensor;
  constexpr const char* kNames[] = {"weight", "mean", "scale"};
  check_batch(input, a + 2, kNames, 3);
  check(cotangent.sizes() == input.sizes(), "expected a gradient of shape ", input.sizes(), ", but got ", cotangent.sizes());
  check_dtype(input, &cotangent);
  const bool own = a[5].truth();
  const DType dtype = input.dtype();
  const int64_t channels = input.size(1);
  const Tensor to_weight = full({channels}, Scalar::of(0.0), dtype), to_bias = full({channels}, Scalar::of(0.0), dtype);
  if (input.numel() == 0) return std::vector<Tensor>{Tensor::empty(input.sizes(), dtype), to_weight, to_bias};
  Tensor made, made_grad;
  const Tensor &in = contiguous(input, &made), &grad = contiguous(cotangent, &made_grad);
  const Dense weight(optional(a[2])), mean(a[3].tensor), scale(a[4].tensor);
  const Blocks b(in);
  const Tensor out = Tensor::empty(in.sizes(), dtype);
  const int64_t step = b.run * out.itemsize();
  const auto count = static_cast<double>(b.batch * b.run);
  const NormalizeKernel& kernel = kernel_of(dtype);
  // a g + b (x - mean) + c, from the channel's sums
  const auto numbers = [&](int64_t c, const ChannelSums& sums) {
    const double s = element(scale.tensor, c, 1), w = element(weight.tensor, c, 1);
    set_element(to_weight, c, sums.product * s);
    set_element(to_bias, c, sums.grad);
    const double slope = own ? -s * s * s * w * sums.product / count : 0, shift = own ? -s * w * sums.grad / count : 0;
    return std::array{s * w, slope, shift, element(mean.tensor, c, 0)};
  };
  const double ns = b.ns(2 * kElementNs);
  LongWork work(ns);
  if (b.run == 1) {
    ChannelNumbers all(channels, dtype);
    for (int64_t c = 0; c < channels; ++c) all.set(c, 0, 0, 0, element(mean.tensor, c, 0));
    const Tensor sums = Tensor::empty({2, channels}, DType::float64);
    auto *grads = sums.data<double>(), *products = grads + channels;
    parallel_for(channels, 64 / in.itemsize(), ns, [&](int64_t begin, int64_t end) {
      AcrossArgs args = all.across(&grad, in, nullptr, 0, b.batch);
      const int64_t at = begin * in.itemsize();
      args.grad = grad.data() + at, args.in = in.data() + at, args.about = all.of[3].data() + at, args.n = end - begin;
      kernel.sums_across(args, grads + begin, products + begin);
    });
    for (int64_t c = 0; c < channels; ++c) {
      const auto [a_, b_, c_, about] = numbers(c, {grads[c], products[c]});
      all.set(c, a_, b_, c_, own ? about : 0);
    }
    parallel_for(b.batch, 1, ns, [&](int64_t begin, int64_t end) {
      if (own)
        kernel.mix_across(all.across(&grad, in, &out, begin, end));
      else
        kernel.map_across(all.across(nullptr, grad, &out, begin, end));
    });
    return std::vector<Tensor>{out, to_weight, to_bias};
  }
  parallel_for(channels, 1, ns, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      ChannelSums total = {0, 0};
      for (int64_t i = c; i < b.batch * channels; i += channels) {
        const ChannelSums part = kernel.sums(grad.data() + i * step, in.data() + i * step, b.run, element(mean.tensor, c, 0));
        total.grad += part.grad, total.product += part.product;
      }
      const auto [a_, b_, c_, about] = numbers(c, total);
      for (int64_t i = c; i < b.batch * channels; i += channels) {
        const char *g = grad.data() + i * step, *x = in.data() + i * step;
        if (own)
          kernel.mix(g, x, out.data() + i * step, b.run, a_, b_, c_, about);
        else
          kernel.map(g, out.data() + i * step, b.run, a_, 0, 0);
      }
    }
  });
  return std::vector<Tensor>{out, to_weight, to_bias};
}

#define GRADIENTS " -> (input, weight, bias)"

constexpr OpRow kRows[] = {
    {"layer_norm", "",
     "input: Tensor, normalized_shape: tuple, weight: Tensor? = None, bias: Tensor? = None, eps: float = 1e-05, cudnn_enable: "
     "bool "
     "= True",
     kFunction, layer_norm_call,
     "(input - m) / sqrt(v + eps) * weight + bias, where m and v are the mean and the variance over the last dimensions, which "
     "have "
     "the sizes normalized_shape, as weight and bias have. float32 and float64; RuntimeError for shapes that do not fit.\n\n"
     ">>> wengert.layer_norm(wengert.tensor([[1.0, 2.0, 3.0]]), [3])\ntensor([[-1.2247,  0.0000,  1.2247]])"},
    {"rms_norm", "", "input: Tensor, normalized_shape: tuple, weight: Tensor? = None, eps: float? = None", kFunction,
     rms_norm_call,
     "input / sqrt(v + eps) * weight, where v is the mean of the squares over the last dimensions, which have the sizes "
     "normalized_shape, as weight has; eps is the dtype's unless given.\n\n"
     ">>> wengert.rms_norm(wengert.tensor([[3.0, 4.0]]), [2])\ntensor([[0.8485, 1.1314]])"},
    {"_rows_norm_gradient", "",
     "cotangent: Tensor, input: Tensor, normalized_shape: tuple, weight: Tensor?, eps: float?, centred: bool, to_input: bool, "
     "to_parameters: bool" GRADIENTS,
     kFunction, rows_gradient_call,
     "The gradients of layer_norm, or with centred=False of rms_norm; those that are not asked for are empty."},
    {"group_norm", "",
     "input: Tensor, num_groups: int, weight: Tensor? = None, bias: Tensor? = None, eps: float = 1e-05, cudnn_enabled: bool = "
     "True",
     kFunction, group_norm_call,
     "(input - m) / sqrt(v + eps) * weight + bias, where m and v are the mean and the variance over each image's groups of "
     "neighbouring channels (dim 1), of which there are num_groups; weight and bias have an element for each channel.\n\n"
     ">>> wengert.group_norm(wengert.tensor([[1.0, 3.0, 10.0, 30.0]]), 2)\ntensor([[-1.0000,  1.0000, -1.0000,  1.0000]])"},
    {"_group_norm_gradient", "", "cotangent: Tensor, input: Tensor, num_groups: int, weight: Tensor?, eps: float" GRADIENTS,
     kFunction, group_norm_gradient_call, "The gradients of group_norm."},
    {"_batch_norm_train", "",
     "input: Tensor, weight: Tensor?, bias: Tensor?, running_mean: Tensor?, running_var: Tensor?, momentum: float, eps: float "
     "-> "
     "(output, mean, scale)",
     kFunction, batch_norm_train_call,
     "Every channel (dim 1) to mean 0 and variance 1, times weight, plus bias; the mean m and 1 / sqrt(variance + eps). "
     "running_mean "
     "and running_var are moved by momentum towards the mean and the unbiased variance."},
    {"_batch_norm_eval", "",
     "input: Tensor, weight: Tensor?, bias: Tensor?, running_mean: Tensor, running_var: Tensor, eps: float", kFunction,
     batch_norm_eval_call, "(input - running_mean) / sqrt(running_var + eps) * weight + bias for each channel (dim 1)."},
    {"_batch_norm_gradient", "",
     "cotangent: Tensor, input: Tensor, weight: Tensor?, mean: Tensor, scale: Tensor, train: bool" GRADIENTS, kFunction,
     batch_norm_gradient_call, "The gradients of batch_norm; with train, mean and scale are the input's own."},
};

}  // namespace

constinit const std::span<const OpRow> kNormalizeOps = kRows;

}  // namespace wengert
