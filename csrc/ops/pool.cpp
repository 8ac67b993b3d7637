#include "ops/pool.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/spatial.h"

namespace wengert {
namespace {

using std::int64_t;

constexpr const char* kCounts[] = {"", "one int", "two ints", "three ints"};
constexpr int64_t kExactPlaces = int64_t{1} << 24;  // whole numbers that float32 holds
constexpr int64_t kFewWindows = 4;                  // in a row: vectors of them gain nothing
constexpr double kElementNs = 1;                    // of the loops that go window by window, element by element

// One number for all axes, or one each; none stands for `otherwise`.
Dims expanded(const Value& value, const std::string& op, const char* name, int dims, const Dims& otherwise = {}) {
  if (!value.given() || value.ints.empty()) {
    if (!otherwise.empty()) return otherwise;
  } else if (value.ints.size() == 1) {
    return Dims(dims, value.ints[0]);
  }
  check(value.ints.size() == dims, op, ": ", name, " must ", otherwise.empty() ? "either be" : "either be omitted,",
        " a single int, or a tuple of ", kCounts[dims]);
  return value.ints;
}

int64_t least(const Dims& values) { return *std::min_element(values.begin(), values.end()); }

// PyTorch's number of windows: the last one starts inside the input or the padding before it.
int64_t windows(int64_t input, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation, bool ceil) {
  const int64_t room = input + 2 * padding - dilation * (kernel - 1) - 1 + (ceil ? stride - 1 : 0);
  int64_t count = (room < 0 ? -((-room + stride - 1) / stride) : room / stride) + 1;
  if (ceil && (count - 1) * stride >= input + padding) --count;
  return count;
}

std::string by(const int64_t* sizes, int dims, int64_t channels) {
  std::string text = str('(', channels);
  for (int i = 0; i < dims; ++i) text += str('x', sizes[i]);
  return text + ")";
}

// (C, ...) or (N, C, ...); an empty batch alone may have no elements.
void check_input(const std::string& op, const Tensor& input, int dims) {
  if (dims == 1)
    check(input.dim() == 2 || input.dim() == 3, op,
          ": Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for "
          "input, but got:",
          input.sizes());
  check(input.dim() == dims + 1 || input.dim() == dims + 2, "non-empty ", dims + 1, "D or ", dims + 2,
        "D (batch mode) tensor expected for input");
  bool empty = false;
  for (int i = input.dim() - dims - 1; i < input.dim(); ++i) empty |= input.size(i) == 0;
  check(!empty, "Expected ", dims + 1, "D or ", dims + 2,
        "D (batch mode) tensor with optional 0 dim batch size for input, but got:", input.sizes());
}

void check_floating(const std::string& op, const Tensor& input) {
  if (!is_floating(input.dtype()))
    fail(ErrorKind::not_implemented, '"', op, "\" not implemented for '", info(input.dtype()).scalar, '\'');
}

// The sizes of input with the last ones replaced.
Dims with_sizes(const Dims& input, const int64_t* sizes, int dims) {
  Dims result = input;
  for (int i = 0; i < dims; ++i) result[result.size() - dims + i] = sizes[i];
  return result;
}

// The windows of an input of these sizes; every channel of every image is a group of its own.
Spatial windows_of(const std::string& op, const Dims& sizes, const Dims& kernel, const Dims& stride, const Dims& padding,
                   const Dims& dilation, bool ceil) {
  const int dims = kernel.size(), leading = sizes.size() - dims;
  int64_t planes = 1;
  for (int i = 0; i < leading; ++i) planes *= sizes[i];
  Spatial g(dims, planes);
  check(least(stride) != 0, "stride should not be zero");
  check(least(kernel) > 0, "kernel size should be greater than zero, but got ", kernel);
  check(least(stride) > 0, "stride should be greater than zero, but got ", stride);
  check(least(dilation) > 0, "dilation should be greater than zero, but got ", dilation);
  set_sizes(sizes, dims, g.at(g.input));
  bool fits = true;
  for (int i = 0; i < dims; ++i) {
    check(padding[i] >= 0, "pad must be non-negative, but got pad: ", padding[i]);
    check(padding[i] <= (dilation[i] * (kernel[i] - 1) + 1) / 2,
          "pad should be at most half of effective kernel size, but got pad=", padding[i], ", kernel_size=", kernel[i],
          " and dilation=", dilation[i]);
    g.at(g.kernel)[i] = kernel[i], g.at(g.stride)[i] = stride[i];
    g.at(g.padding)[i] = padding[i], g.at(g.dilation)[i] = dilation[i];
    const int64_t count = windows(g.at(g.input)[i], kernel[i], stride[i], padding[i], dilation[i], ceil);
    g.at(g.output)[i] = std::max<int64_t>(count, 0);
    fits &= count > 0;
  }
  check(
      fits, op, ": Given input size: ", [&] { return by(g.at(g.input), dims, sizes[leading - 1]); },
      ". Calculated output size: ", [&] { return by(g.at(g.output), dims, sizes[leading - 1]); }, ". Output size is too small");
  return g;
}

Correlation correlation(const Spatial& g, const Tensor& source, const Tensor& result, const CorrelationAxis (&axis)[kSpatial]) {
  return {.dtype = source.dtype(),
          .batch = 1,
          .groups = g.groups,
          .channels = 1,
          .results = 1,
          .axis = {axis[0], axis[1], axis[2]},
          .source = source.data(),
          .result = result.data()};
}

// ---- the largest of each window

Result max_pool_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const int dims = axes_of(call.op);
  const std::string op = call.op.public_name.substr(0, call.op.public_name.find('d') + 1);
  const Dims kernel = expanded(a[1], op, "kernel_size", dims), stride = expanded(a[2], op, "stride", dims, kernel);
  const Dims padding = expanded(a[3], op, "padding", dims), dilation = expanded(a[4], op, "dilation", dims);
  check_input(op, input, dims);
  const Spatial g = windows_of(op, input.sizes(), kernel, stride, padding, dilation, a[5].truth());
  check_floating(op, input);
  const Dims sizes = with_sizes(input.sizes(), g.at(g.output), dims);
  const bool indices = !call.op.fields.empty();
  // Places within a window are kept in the elements' type.
  int64_t reach = 0;
  for (int i = 0; i < kSpatial; ++i) reach = reach * g.input[i] + g.dilation[i] * (g.kernel[i] - 1);
  const DType dtype = indices && reach >= kExactPlaces ? DType::float64 : input.dtype();
  Tensor made;
  const Tensor& source = contiguous(input, dtype, &made);
  const Tensor out = Tensor::empty(sizes, dtype), index = indices ? Tensor::empty(sizes, DType::int64) : Tensor();
  window_extremes(correlation(g, source, out, g.forward().axis), indices ? index.data<int64_t>() : nullptr);
  if (indices) return std::pair(to_dtype(out, input.dtype()), index);
  return out;
}

// For each channel of the last `dims` dimensions.
Result max_pool_gradient_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &cotangent = *a[0].tensor, &indices = *a[1].tensor;
  const Dims& shape = a[2].ints;
  const auto dims = static_cast<int>(a[3].integer());
  check(cotangent.sizes() == indices.sizes() && indices.dtype() == DType::int64 && dims > 0 && dims < shape.size() &&
            shape.size() == cotangent.dim() && std::equal(shape.begin(), shape.end() - dims, cotangent.sizes().begin()),
        "expected indices of dtype int64 and shape ", cotangent.sizes(), " for an input of shape ", shape, ", but got ",
        info(indices.dtype()).name, ' ', indices.sizes());
  check_floating("max_pool_backward", cotangent);
  Tensor made, made_index;
  const Tensor &in = contiguous(cotangent, &made), &index = contiguous(indices, &made_index);
  const Tensor out = Tensor::empty(shape, cotangent.dtype());
  if (out.numel() == 0) return out;
  int64_t plane = 1;
  for (int i = shape.size() - dims; i < shape.size(); ++i) plane *= shape[i];
  const int64_t planes = out.numel() / plane, count = in.numel() / planes, size = out.itemsize();
  const PoolKernel& kernel = kernels().pool->of[in.dtype() == DType::float64];
  std::atomic<bool> inside{true};
  const double ns = kElementNs * static_cast<double>(in.numel()) + 0.05 * static_cast<double>(out.numel());
  LongWork work(ns);
  parallel_for(planes, 1, ns, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p)
      if (!kernel.collect(in.data() + p * count * size, index.data<int64_t>() + p * count, count, out.data() + p * plane * size,
                          plane))
        inside.store(false, std::memory_order_relaxed);
  });
  if (!inside)
    fail(ErrorKind::index_out_of_range, "max_pool_backward: an index is out of range for planes of ", plane, " elements");
  return out;
}

// ---- means

struct Averages {
  Dims kernel, stride, padding;
  bool ceil, include_pad;
  const Value* divisor;  // null where there is no such argument
};

Averages averages(const Value* a, const std::string& op, int dims) {
  const Dims kernel = expanded(a[0], op, "kernel_size", dims);
  if (dims > 1 && a[5].given()) check(a[5].integer() != 0, "divisor must be not zero");
  return {kernel,       expanded(a[1], op, "stride", dims, kernel), expanded(a[2], op, "padding", dims), a[3].truth(),
          a[4].truth(), dims > 1 && a[5].given() ? &a[5] : nullptr};
}

// How many elements each window is divided by, of a shape that broadcasts over the windows.
Tensor divisors(const Spatial& g, const Averages& how, DType dtype) {
  if (how.divisor) return full({}, Scalar::of(static_cast<double>(how.divisor->integer())), dtype);
  const auto elements = [&](int axis, int64_t window) {
    const int64_t begin = window * g.stride[axis] - g.padding[axis], size = g.input[axis];
    const int64_t end = std::min(begin + g.kernel[axis], size + g.padding[axis]);
    return how.include_pad ? end - begin : std::min(end, size) - std::max<int64_t>(begin, 0);
  };
  std::vector<int64_t> along[3];  // by axis
  bool same = true;
  for (int axis = 0; axis < 3; ++axis)
    for (int64_t i = 0; i < g.output[axis]; ++i) {
      along[axis].push_back(elements(axis, i));
      same &= along[axis].back() == along[axis].front();
    }
  if (same) return full({}, Scalar::of(static_cast<double>(along[0].front() * along[1].front() * along[2].front())), dtype);
  const Tensor counts = Tensor::empty({g.output[0], g.output[1], g.output[2]}, DType::float64);
  double* out = counts.data<double>();
  for (const int64_t depth : along[0])
    for (const int64_t height : along[1])
      for (const int64_t width : along[2]) *out++ = static_cast<double>(depth * height * width);
  return to_dtype(counts, dtype)
      .view_as(Dims(std::span(g.at(g.output), g.dims)), contiguous_strides(Dims(std::span(g.at(g.output), g.dims))));
}

Tensor divided(const Tensor& values, const Tensor& divisor, Tensor* out) {
  const Operand operands[] = {values, divisor};
  return elementwise(kernel_row("div"), operands, out);
}

// Each window's share added to its elements.
void share_out(const Spatial& g, const Tensor& shares, const Tensor& out) {
  for (int64_t z = 0; z < std::min(g.stride[0], g.input[0]); ++z)
    for (int64_t y = 0; y < std::min(g.stride[1], g.input[1]); ++y)
      for (int64_t x = 0; x < std::min(g.stride[2], g.input[2]); ++x)
        correlate_alone(correlation(g, shares, out, {g.to_input(0, z).axis, g.to_input(1, y).axis, g.to_input(2, x).axis}),
                        nullptr, false);
}

Result avg_pool_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const int dims = axes_of(call.op);
  const std::string op = call.op.public_name.substr(0, call.op.public_name.find('d') + 1);
  const Averages how = averages(call.args + 1, op, dims);
  check_input(op, input, dims);
  const Spatial g = windows_of(op, input.sizes(), how.kernel, how.stride, how.padding, Dims(dims, 1), how.ceil);
  check_floating(op, input);
  Tensor made;
  const Tensor& source = contiguous(input, &made);
  Tensor out = Tensor::empty(with_sizes(input.sizes(), g.at(g.output), dims), input.dtype());
  if (out.numel() == 0) return out;
  correlate_alone(correlation(g, source, out, g.forward().axis), nullptr, false);
  divided(out, divisors(g, how, out.dtype()), &out);
  return out;
}

// (cotangent, shape of the input, and the numbers of avg_pool)
Result avg_pool_gradient_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& cotangent = *a[0].tensor;
  const Dims& shape = a[1].ints;
  const int dims = a[2].ints.size();
  check(dims >= 1 && dims <= kSpatial && shape.size() == cotangent.dim() && shape.size() > dims, "avg_pool_backward: shapes ",
        shape, " and ", cotangent.sizes(), " do not go together");
  const std::string op = "avg_pool_backward";
  const Averages how = averages(a + 2, op, dims == 1 ? 1 : dims);
  const Spatial g = windows_of(op, shape, how.kernel, how.stride, how.padding, Dims(dims, 1), how.ceil);
  check(with_sizes(shape, g.at(g.output), dims) == cotangent.sizes(), "avg_pool_backward: expected a gradient of shape ",
        with_sizes(shape, g.at(g.output), dims), ", but got ", cotangent.sizes());
  check_floating(op, cotangent);
  Tensor out = Tensor::empty(shape, cotangent.dtype());
  if (out.numel() == 0) return out;
  share_out(g, contiguous(divided(cotangent, divisors(g, how, cotangent.dtype()), nullptr)), out);
  return out;
}

// ---- windows that divide the input into so many

AdaptiveArgs adaptive_args(const Dims& input, const Dims& output, int dims) {
  AdaptiveArgs args = {
      .in = nullptr, .out = nullptr, .index = nullptr, .planes = 1, .in_size = {1, 1, 1}, .out_size = {1, 1, 1}};
  for (int i = 0; i < input.size() - dims; ++i) args.planes *= input[i];
  set_sizes(input, dims, args.in_size + kSpatial - dims);
  set_sizes(output, dims, args.out_size + kSpatial - dims);
  return args;
}

// Runs a kernel over the planes; `steps` elements from one to the next.
void each_plane(void (*kernel)(const AdaptiveArgs&), const AdaptiveArgs& args, int64_t in_step, int64_t out_step,
                int64_t size) {
  const double ns = kElementNs * static_cast<double>(args.planes * std::max(in_step, out_step));
  LongWork work(ns);
  parallel_for(args.planes, 1, ns, [&](int64_t begin, int64_t end) {
    AdaptiveArgs part = args;
    part.in = static_cast<const char*>(args.in) + begin * in_step * size;
    part.out = static_cast<char*>(args.out) + begin * out_step * size;
    if (args.index) part.index = args.index + begin * out_step;
    part.planes = end - begin;
    kernel(part);
  });
}

int64_t elements(const int64_t* sizes) { return sizes[0] * sizes[1] * sizes[2]; }

Dims adaptive_sizes(const std::string& op, const Tensor& input, const Dims& wanted, int dims) {
  const Dims sizes = wanted.size() == 1 ? Dims(dims, wanted[0]) : wanted;
  check(sizes.size() == dims, op, ": output_size must be ", dims);
  check(input.dim() == dims + 1 || input.dim() == dims + 2, op, "(): Expected ", dims + 1, "D or ", dims + 2,
        "D tensor, but got ", input.sizes());
  for (int i = input.dim() - dims; i < input.dim(); ++i)
    check(input.size(i) > 0, op, "(): Expected input to have non-zero size for non-batch dimensions, but input has sizes ",
          input.sizes(), " with dimension ", i, " being empty");
  check(least(sizes) >= 0, op, ": elements of output_size must be greater than or equal to 0 but received ", sizes);
  check_floating(op, input);
  return with_sizes(input.sizes(), sizes.data(), dims);
}

// Whether all windows have the same size and there are vectors of them.
bool alike(const AdaptiveArgs& args) {
  const auto divides = [](int64_t in, int64_t n) { return in % n == 0; };
  return std::equal(args.in_size, args.in_size + kSpatial, args.out_size, divides) && args.out_size[2] >= kFewWindows;
}
Spatial windows_of(const AdaptiveArgs& args) {
  Spatial g(kSpatial, args.planes);
  for (int i = 0; i < kSpatial; ++i) {
    g.input[i] = args.in_size[i], g.output[i] = args.out_size[i];
    g.kernel[i] = g.stride[i] = args.in_size[i] / args.out_size[i];
  }
  return g;
}

Tensor number(int64_t value, DType dtype) { return full({}, Scalar::of(static_cast<double>(value)), dtype); }

Result adaptive_avg_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const int dims = axes_of(call.op);
  const Dims sizes = adaptive_sizes(call.op.public_name, input, call.args[1].ints, dims);
  Tensor out = Tensor::empty(sizes, input.dtype());
  if (out.numel() == 0) return out;
  Tensor made;
  const Tensor& source = contiguous(input, &made);
  AdaptiveArgs args = adaptive_args(input.sizes(), sizes, dims);
  const Tensor each = number(elements(args.in_size) / elements(args.out_size), input.dtype());
  if (elements(args.out_size) == 1) {
    Dims last;
    for (int i = input.dim() - dims; i < input.dim(); ++i) last.push_back(i);
    return divided(sum(source, last, true), each, nullptr);
  }
  if (alike(args)) {
    const Spatial g = windows_of(args);
    correlate_alone(correlation(g, source, out, g.forward().axis), nullptr, false);
    divided(out, each, &out);
    return out;
  }
  args.in = source.data(), args.out = out.data();
  each_plane(kernels().pool->of[input.dtype() == DType::float64].means, args, elements(args.in_size), elements(args.out_size),
             out.itemsize());
  return out;
}

// (cotangent, shape of the input, number of axes)
Result adaptive_avg_gradient_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& cotangent = *a[0].tensor;
  const Dims& shape = a[1].ints;
  const auto dims = static_cast<int>(a[2].integer());
  check(dims >= 1 && dims <= kSpatial && dims < shape.size() && shape.size() == cotangent.dim() &&
            std::equal(shape.begin(), shape.end() - dims, cotangent.sizes().begin()),
        "adaptive_avg_pool_backward: shapes ", shape, " and ", cotangent.sizes(), " do not go together");
  check_floating("adaptive_avg_pool_backward", cotangent);
  const Tensor out = Tensor::empty(shape, cotangent.dtype());
  if (out.numel() == 0) return out;
  if (cotangent.numel() == 0) return full(shape, Scalar::of(0.0), cotangent.dtype());
  AdaptiveArgs args = adaptive_args(shape, cotangent.sizes(), dims);
  const int64_t windows = elements(args.out_size);
  if (windows == 1 || alike(args)) {
    const Tensor shares = divided(cotangent, number(elements(args.in_size) / windows, cotangent.dtype()), nullptr);
    if (windows == 1)
      copy_unchecked(out, shares);
    else
      share_out(windows_of(args), contiguous(shares), out);
    return out;
  }
  Tensor made;
  const Tensor& shares = contiguous(cotangent, &made);
  args.in = shares.data(), args.out = out.data();
  each_plane(kernels().pool->of[out.dtype() == DType::float64].shares, args, elements(args.out_size), elements(args.in_size),
             out.itemsize());
  return out;
}

Result adaptive_max_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const int dims = axes_of(call.op);
  const Dims sizes = adaptive_sizes(call.op.public_name, input, call.args[1].ints, dims);
  const Tensor out = Tensor::empty(sizes, input.dtype()), index = Tensor::empty(sizes, DType::int64);
  if (out.numel() == 0) return std::pair(out, index);
  Tensor made;
  const Tensor& source = contiguous(input, &made);
  AdaptiveArgs args = adaptive_args(input.sizes(), sizes, dims);
  args.in = source.data(), args.out = out.data(), args.index = index.data<int64_t>();
  each_plane(kernels().pool->of[input.dtype() == DType::float64].extremes, args, elements(args.in_size),
             elements(args.out_size), out.itemsize());
  return std::pair(out, index);
}

#define MAX_ARGS                                                                                                          \
  "input: Tensor, kernel_size: int[], stride: int[]? = None, padding: int[] = 0, dilation: int[] = 1, ceil_mode: bool = " \
  "False"
#define MAX_DOC(sizes)                                                                                                    \
  "The largest element of each window of input, (N, C, " sizes ") or (C, " sizes                                          \
  "): window o has elements stride o - "                                                                                  \
  "padding + dilation k for k < kernel_size; stride is kernel_size unless given, and what lies outside is never the "     \
  "largest. With ceil_mode the last window may hang over. NaN where there is one. float32 and float64; RuntimeError for " \
  "numbers that leave no window.\n\n"
#define INDEX_DOC "The largest element of each window, as max_pool has it, and its place among the elements of its channel.\n\n"
#define AVERAGE_ARGS(end)                                                                                   \
  "input: Tensor, kernel_size: int[], stride: int[]? = None, padding: int[] = 0, ceil_mode: bool = False, " \
  "count_include_pad: bool = True" end
#define AVERAGE_DOC(sizes)                                                                                                 \
  "The mean of each window of input, (N, C, " sizes ") or (C, " sizes                                                      \
  "). Padding counts as zeros, or with "                                                                                   \
  "count_include_pad=False not at all; stride is kernel_size unless given. float32 and float64; RuntimeError for numbers " \
  "that leave no window."
#define ADAPTIVE_DOC(what)                                                                                      \
  what " of windows that divide each axis into output_size: window i of n over s elements is [floor(i s / n), " \
       "ceil((i + 1) s / n))."

constexpr OpRow kRows[] = {
    {"max_pool1d", "", MAX_ARGS, kFunction, max_pool_call,
     MAX_DOC("L") ">>> wengert.max_pool1d(wengert.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)\ntensor([[3., 2.]])"},
    {"max_pool2d", "", MAX_ARGS, kFunction, max_pool_call,
     MAX_DOC("H, W") ">>> wengert.max_pool2d(wengert.arange(16.0).reshape(1, 4, 4), 2)\ntensor([[[ 5.,  7.],\n"
                     "         [13., 15.]]])"},
    {"max_pool3d", "", MAX_ARGS, kFunction, max_pool_call,
     MAX_DOC("D, H, W") ">>> wengert.max_pool3d(wengert.ones(1, 4, 4, 4), 3, padding=1).shape\ntorch.Size([1, 2, 2, 2])"},
    {"max_pool1d_with_indices", "", MAX_ARGS " -> (values, indices)", kFunction, max_pool_call,
     INDEX_DOC ">>> wengert.max_pool1d_with_indices(wengert.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)[1]\ntensor([[1, 2]])"},
    {"max_pool2d_with_indices", "", MAX_ARGS " -> (values, indices)", kNetwork, max_pool_call, INDEX_DOC},
    {"max_pool3d_with_indices", "", MAX_ARGS " -> (values, indices)", kNetwork, max_pool_call, INDEX_DOC},
    {"_max_pool_gradient", "", "cotangent: Tensor, indices: Tensor, shape: tuple, dims: int", kFunction, max_pool_gradient_call,
     "Elements of cotangent added at indices of each channel of a tensor of zeros of the given shape, whose channels have dims "
     "dimensions."},
    {"avg_pool1d", "", AVERAGE_ARGS(""), kFunction, avg_pool_call,
     AVERAGE_DOC("L") "\n\n>>> wengert.avg_pool1d(wengert.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)\ntensor([[2., 1.]])"},
    {"avg_pool2d", "", AVERAGE_ARGS(", divisor_override: int? = None"), kNetwork, avg_pool_call,
     AVERAGE_DOC("H, W") " divisor_override divides all sums instead of the number of elements."},
    {"avg_pool3d", "", AVERAGE_ARGS(", divisor_override: int? = None"), kNetwork, avg_pool_call,
     AVERAGE_DOC("D, H, W") " divisor_override divides all sums instead of the number of elements."},
    {"_avg_pool_gradient", "",
     "cotangent: Tensor, shape: tuple, kernel_size: tuple, stride: int[]? = None, padding: int[] = 0, ceil_mode: bool = False, "
     "count_include_pad: bool = True, divisor_override: int? = None",
     kFunction, avg_pool_gradient_call, "The gradient of avg_pool to its input of the given shape; kernel_size has all axes."},
    {"adaptive_avg_pool1d", "", "input: Tensor, output_size: int[]", kFunction, adaptive_avg_call,
     ADAPTIVE_DOC("The mean") "\n\n>>> wengert.adaptive_avg_pool1d(wengert.tensor([[1.0, 3.0, 2.0]]), 2)\n"
                              "tensor([[2.0000, 2.5000]])"},
    {"adaptive_avg_pool2d", "", "input: Tensor, output_size: int[]", kNetwork, adaptive_avg_call, ADAPTIVE_DOC("The mean")},
    {"adaptive_avg_pool3d", "", "input: Tensor, output_size: int[]", kNetwork, adaptive_avg_call, ADAPTIVE_DOC("The mean")},
    {"_adaptive_avg_pool_gradient", "", "cotangent: Tensor, shape: tuple, dims: int", kFunction, adaptive_avg_gradient_call,
     "The gradient of adaptive_avg_pool over dims axes to its input of the given shape."},
    {"adaptive_max_pool1d", "", "input: Tensor, output_size: int[] -> (values, indices)", kFunction, adaptive_max_call,
     ADAPTIVE_DOC(
         "The largest element, and its place among those of its channel,") "\n\n"
                                                                           ">>> "
                                                                           "wengert.adaptive_max_pool1d(wengert.tensor([[1.0, "
                                                                           "3.0, 2.0]]), 2)[0]\ntensor([[3., 3.]])"},
    {"adaptive_max_pool2d", "", "input: Tensor, output_size: int[] -> (values, indices)", kNetwork, adaptive_max_call,
     ADAPTIVE_DOC("The largest element, and its place among those of its channel,")},
    {"adaptive_max_pool3d", "", "input: Tensor, output_size: int[] -> (values, indices)", kNetwork, adaptive_max_call,
     ADAPTIVE_DOC("The largest element, and its place among those of its channel,")},
};

}  // namespace

constinit const std::span<const OpRow> kPoolOps = kRows;

}  // namespace wengert
