#include "ops/conv.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "ops/copy.h"
#include "ops/correlate.h"
#include "ops/create.h"
#include "ops/product.h"
#include "ops/reduce.h"
#include "ops/spatial.h"

namespace wengert {
namespace {

using std::int64_t;

// One number for all axes, or one each.
Dims expanded(const Dims& values, const char* name, int dims) {
  if (values.size() == 1) return Dims(dims, values[0]);
  check(values.size() == dims, "expected ", name, " to be a single integer value or a list of ", dims,
        " values to match the convolution dimensions, but got ", name, '=', values);
  return values;
}

bool any_below(const Dims& values, int64_t least) {
  return std::any_of(values.begin(), values.end(), [=](int64_t v) { return v < least; });
}

// "(8 x 9)"
std::string by(const int64_t* sizes, int dims) {
  std::string text = "(";
  for (int i = 0; i < dims; ++i) text += str(i ? " x " : "", sizes[i]);
  return text + ")";
}

// ---- the correlations

// Every result is the product of the whole source with the weights.
bool covers(const CorrelationAxis& a) {
  return a.count == 1 && a.tap == 0 && a.tap_step == 1 && a.taps == a.source && a.extent == 1;
}
// Every result is made of the channels at its own place.
bool pointwise(const CorrelationAxis& a) {
  return a.step == 1 && a.tap == 0 && a.taps == 1 && a.source == a.count && a.place_step == 1 && a.extent == a.count;
}

// weight as correlate() wants it, with a start where there is a bias.
void run(const Correlation& c, const Tensor& out, const Tensor& weight, const Tensor* bias, int dims) {
  const bool start = bias != nullptr;
  const int64_t row = c.terms() + start, places = c.places();
  const auto every = [&](auto test) { return std::all_of(c.axis, c.axis + kSpatial, test); };
  const bool one_each = c.groups == 1 && every(covers);
  if ((!one_each && !every(pointwise)) || c.terms() == 0 || out.numel() == 0 || (c.channels == 1 && c.groups > 1))
    return correlate(c, weight.data(), start);
  if (bias) {
    Dims sizes(dims + 1, 1), strides(dims + 1, 0);
    sizes[0] = bias->numel(), strides[0] = bias->stride(0);
    copy_unchecked(out, bias->view_as(sizes, strides));
  }
  Product p = {.dtype = c.dtype,
               .M = c.results,
               .N = places,
               .K = c.terms(),
               .a = weight.data(),
               .a_row = row,
               .a_col = 1,
               .b = c.source,
               .b_row = places,
               .b_col = 1,
               .c = c.result,
               .c_row = places,
               .c_col = 1,
               .accumulate = start,
               .batch = {c.batch, c.groups},
               .a_batch = {0, c.results * row},
               .b_batch = {c.groups * c.channels * places, c.channels * places},
               .c_batch = {c.groups * c.results * places, c.results * places}};
  if (one_each) {
    p.M = c.batch, p.N = c.results;
    p.a = c.source, p.a_row = p.K;
    p.b = weight.data(), p.b_row = 1, p.b_col = row;
    p.c_row = c.results;
    p.batch = p.a_batch = p.b_batch = p.c_batch = {};
  }
  multiply(p);
}

// A batch of row-major blocks: (N, C, sizes...).
struct Batched {
  Tensor made;
  const Tensor* tensor;
  bool unbatched;

  Batched(const Tensor& input, int dims) : unbatched(input.dim() == dims + 1) { tensor = &contiguous(input, &made); }
  int64_t batch() const { return unbatched ? 1 : tensor->size(0); }
  int64_t channels() const { return tensor->size(unbatched ? 0 : 1); }
};

Dims batched_sizes(bool unbatched, int64_t batch, int64_t channels, const int64_t* sizes, int dims) {
  Dims result;
  if (!unbatched) result.push_back(batch);
  result.push_back(channels);
  for (int i = 0; i < dims; ++i) result.push_back(sizes[i]);
  return result;
}

// ---- the three operations; arguments are checked, dtypes equal

Tensor forward(const Spatial& g, const Tensor& input, const Tensor& weight, const Tensor* bias) {
  const Batched source(input, g.dims);
  Tensor made;
  const Tensor& rows = contiguous(weight, &made);
  const int64_t results = weight.size(0);
  const Dims sizes = batched_sizes(source.unbatched, source.batch(), results, g.at(g.output), g.dims);
  if (!bias && rows.numel() == 0) return full(sizes, Scalar::of(0.0), input.dtype());
  const Tensor out = Tensor::empty(sizes, input.dtype());
  const SpatialAxes axes = g.forward();
  const Correlation c = {.dtype = input.dtype(),
                         .batch = source.batch(),
                         .groups = g.groups,
                         .channels = source.channels() / g.groups,
                         .results = results / g.groups,
                         .axis = {axes.axis[0], axes.axis[1], axes.axis[2]},
                         .source = source.tensor->data(),
                         .result = out.data()};
  if (!bias) {
    run(c, out, rows, nullptr, g.dims);
    return out;
  }
  const int64_t terms = c.terms();
  const Tensor table = Tensor::empty({results, terms + 1}, input.dtype());
  copy_unchecked(table.view_as({results, terms}, {terms + 1, 1}), rows.view_as({results, terms}, {terms, 1}));
  copy_unchecked(table.view_as({results}, {terms + 1}, terms), *bias);
  run(c, out, table, bias, g.dims);
  return out;
}

// The gradient to the input, of shape (N, C, g.input), from the output's; bias is what a transposed convolution adds.
Tensor to_input(const Spatial& g, const Tensor& cotangent, const Tensor& weight, const Tensor* bias) {
  const Batched source(cotangent, g.dims);
  Tensor made;
  const Tensor& kernel = contiguous(weight, &made);
  const int64_t results = weight.size(1), channels = weight.size(0) / g.groups;
  std::vector<InputClass> classes[kSpatial];
  bool empty = channels == 0;
  for (int i = 0; i < kSpatial; ++i) {
    for (int64_t residue = 0; residue < std::min(g.stride[i], g.input[i]); ++residue) {
      classes[i].push_back(g.to_input(i, residue));
      empty |= classes[i].back().axis.taps == 0;
    }
  }
  const Dims sizes = batched_sizes(source.unbatched, source.batch(), results * g.groups, g.at(g.input), g.dims);
  const DType dtype = cotangent.dtype();
  const Tensor out = empty && !bias ? full(sizes, Scalar::of(0.0), dtype) : Tensor::empty(sizes, dtype);
  const int64_t *k = g.kernel, taps = k[0] * k[1] * k[2];
  for (const InputClass& z : classes[0]) {
    for (const InputClass& y : classes[1]) {
      for (const InputClass& x : classes[2]) {
        const Correlation c = {.dtype = dtype,
                               .batch = source.batch(),
                               .groups = g.groups,
                               .channels = channels,
                               .results = results,
                               .axis = {z.axis, y.axis, x.axis},
                               .source = source.tensor->data(),
                               .result = out.data()};
        const int64_t some = c.taps(), row = channels * some + (bias != nullptr);
        if (row == 0) continue;
        const Tensor table = Tensor::empty({g.groups, results, row}, dtype);
        if (some) {
          const Dims shape = {g.groups, results, channels, z.axis.taps, y.axis.taps, x.axis.taps};
          copy_unchecked(
              table.view_as(shape, {results * row, row, some, y.axis.taps * x.axis.taps, x.axis.taps, 1}),
              kernel.view_as(shape,
                             {channels * results * taps, taps, results * taps, z.every * k[1] * k[2], y.every * k[2], x.every},
                             (z.first * k[1] + y.first) * k[2] + x.first));
        }
        if (bias) {
          const int64_t step = bias->stride(0);
          copy_unchecked(table.view_as({g.groups, results}, {results * row, row}, row - 1),
                         bias->view_as({g.groups, results}, {results * step, step}));
        }
        run(c, out, table, bias, g.dims);
      }
    }
  }
  return out;
}

Tensor to_weight(const Spatial& g, const Tensor& cotangent, const Tensor& input, const Dims& shape) {
  const Batched source(input, g.dims), result(cotangent, g.dims);
  const SpatialAxes axes = g.forward();
  const Correlation c = {.dtype = input.dtype(),
                         .batch = source.batch(),
                         .groups = g.groups,
                         .channels = source.channels() / g.groups,
                         .results = result.channels() / g.groups,
                         .axis = {axes.axis[0], axes.axis[1], axes.axis[2]},
                         .source = source.tensor->data(),
                         .result = result.tensor->data()};
  const int64_t terms = c.terms();
  if (c.batch * c.places() * checked_numel(shape, 1) == 0) return full(shape, Scalar::of(0.0), input.dtype());
  const int64_t parts = weight_parts(c);
  Tensor sums = Tensor::empty({parts, g.groups, terms, c.results}, input.dtype());
  correlate_weight(c, sums.data());
  if (parts > 1) sums = sum(sums, {0});
  const Tensor out = Tensor::empty(shape, input.dtype());
  copy_unchecked(out.view_as({g.groups, c.results, terms}, {c.results * terms, terms, 1}),
                 sums.view_as({g.groups, c.results, terms}, {c.results * terms, 1, c.results}));
  return out;
}

// ---- arguments

const char* c_name(DType dtype) {
  return dtype == DType::float64 ? "double" : dtype == DType::float32 ? "float" : info(dtype).name;
}

void check_dtypes(const Tensor& input, const Tensor& weight, const Tensor* bias, const char* kernel) {
  check(input.dtype() == weight.dtype() || input.dtype() != DType::float32,
        "Input type (torch.FloatTensor) and weight type (torch.", info(weight.dtype()).scalar,
        "Tensor) should be the same or input should be a MKLDNN tensor and weight is a dense tensor");
  check(input.dtype() == weight.dtype(), "expected scalar type ", info(input.dtype()).scalar, " but found ",
        info(weight.dtype()).scalar);
  check(
      !bias || bias->dtype() == input.dtype(), "Input type (", [&] { return c_name(input.dtype()); }, ") and bias type (",
      [&] { return c_name(bias->dtype()); }, ") should be the same");
  if (!is_floating(input.dtype()))
    fail(ErrorKind::not_implemented, '"', kernel, "\" not implemented for '", info(input.dtype()).scalar, '\'');
}

// stride, padding, dilation as given, for a kernel of `weight`. padding is null where it is text.
Spatial geometry(const Dims& weight, const Dims& stride, const Dims* padding, const Dims& dilation, int64_t groups) {
  const int dims = weight.size() - 2;
  check(dims >= 1, "weight should have at least three dimensions");
  check(dims <= kSpatial, "convolutions have at most ", kSpatial, " spatial dimensions, got ", dims);
  Spatial g(dims, groups);
  const Dims steps = expanded(stride, "stride", dims), holes = expanded(dilation, "dilation", dims);
  const Dims edges = padding ? expanded(*padding, "padding", dims) : Dims(dims, 0);
  check(!any_below(edges, 0), "negative padding is not supported");
  check(!any_below(steps, 1), "non-positive stride is not supported");
  check(!any_below(holes, 1), "non-positive dilation is not supported");
  check(groups > 0, "non-positive groups is not supported");
  std::copy(steps.begin(), steps.end(), g.at(g.stride));
  std::copy(edges.begin(), edges.end(), g.at(g.padding));
  std::copy(holes.begin(), holes.end(), g.at(g.dilation));
  set_sizes(weight, dims, g.at(g.kernel));
  return g;
}

void check_input(const std::string& name, const Tensor& input, int dims) {
  check(input.dim() == dims + 1 || input.dim() == dims + 2, "Expected ", dims + 1, "D (unbatched) or ", dims + 2,
        "D (batched) input to ", name, ", but got input of size: ", input.sizes());
}

// The sizes of a batch of one for an unbatched input, as PyTorch's messages have them.
Dims shown_sizes(const Tensor& input, int dims) {
  Dims sizes = input.sizes();
  if (input.dim() == dims + 1) sizes.insert(0, 1);
  return sizes;
}

void check_shapes(const Spatial& g, const Tensor& input, const Tensor& weight, const Tensor* bias, bool transposed) {
  const Dims sizes = shown_sizes(input, g.dims);
  const int64_t groups = g.groups, first = weight.size(0);
  const auto given = [&] { return transposed ? str("Given transposed=1") : str("Given groups=", groups); };
  check(first >= groups, "Given groups=", groups, ", expected weight to be at least ", groups,
        " at dimension 0, but got weight of size ", weight.sizes(), " instead");
  check(first % groups == 0, "Given groups=", groups, ", expected weight to be divisible by ", groups,
        " at dimension 0, but got weight of size [", weight.sizes(), "] instead");
  const int64_t channels = transposed ? first : weight.size(1) * groups;
  check(sizes[1] == channels, given, ", weight of size ", weight.sizes(), ", expected input", sizes, " to have ", channels,
        " channels, but got ", sizes[1], " channels instead");
  const int64_t results = transposed ? weight.size(1) * groups : first;
  check(
      !bias || (bias->dim() == 1 && bias->size(0) == results), transposed ? "Given transposed=1" : "Given",
      transposed ? ", " : " ", "weight of size ", weight.sizes(), ", expected bias to be 1-dimensional with ", results,
      " elements, but got bias of size ", [&] { return str(bias->sizes()); }, " instead");
  check(checked_numel(Dims(std::span(g.kernel)), 1) > 0, "kernel size should be greater than zero, but got weight of size ",
        weight.sizes());
}

// A spatial size of 0 is for empty batches and channels alone.
void check_spatial(const Spatial& g, const Tensor& input) {
  const Dims sizes = shown_sizes(input, g.dims);
  bool zero = false;
  for (int i = 2; i < sizes.size(); ++i) zero |= sizes[i] == 0;
  check(!zero || sizes[0] == 0 || sizes[1] == 0,
        "Only zero batch or zero channel inputs are supported, but got input shape: ", sizes);
}

const Tensor* optional(const Value& value) { return value.given() ? value.tensor : nullptr; }

Result conv_call(const Call& call) {
  const Value* a = call.args;
  const int dims = axes_of(call.op);
  const Tensor &input = *a[0].tensor, &weight = *a[1].tensor;
  const Tensor* bias = optional(a[2]);
  const bool text = a[4].tag == Value::Tag::text;
  check_input(call.op.public_name, input, dims);
  const Dims stride = a[3].ints.size() == 1 ? Dims(dims, a[3].ints[0]) : a[3].ints;
  Spatial g = geometry(weight.sizes(), stride, text ? nullptr : &a[4].ints, a[5].ints, a[6].number.integer);
  check_shapes(g, input, weight, bias, false);
  set_sizes(input.sizes(), g.dims, g.at(g.input));
  int64_t padded[kSpatial], reach[kSpatial];
  const std::string_view mode = text ? a[4].text : "";
  check(!text || mode == "same" || mode == "valid", "Invalid padding string: '", mode, '\'');
  check(mode != "same" || std::all_of(g.stride, g.stride + kSpatial, [](int64_t s) { return s == 1; }),
        "padding='same' is not supported for strided convolutions");
  bool fits = true;
  for (int i = 0; i < kSpatial; ++i) {
    reach[i] = g.dilation[i] * (g.kernel[i] - 1) + 1;
    padded[i] = g.input[i] + (mode == "same" ? reach[i] - 1 : 2 * g.padding[i]);
    if (mode == "same") g.padding[i] = (reach[i] - 1) / 2;
    fits &= padded[i] >= reach[i];
    g.output[i] = (padded[i] - reach[i]) / g.stride[i] + 1;
  }
  check(
      fits, "Calculated padded input size per channel: ", [&] { return by(g.at(padded), g.dims); },
      ". Kernel size: ", [&] { return by(g.at(reach), g.dims); }, ". Kernel size can't be greater than actual input size");
  check_spatial(g, input);
  check_dtypes(input, weight, bias, g.dims == 3 ? "slow_conv3d_cpu" : "slow_conv2d_cpu");
  return forward(g, input, weight, bias);
}

Result conv_transpose_call(const Call& call) {
  const Value* a = call.args;
  const int dims = axes_of(call.op);
  const Tensor &input = *a[0].tensor, &weight = *a[1].tensor;
  const Tensor* bias = optional(a[2]);
  check_input(call.op.public_name, input, dims);
  const Dims stride = a[3].ints.size() == 1 ? Dims(dims, a[3].ints[0]) : a[3].ints;
  Spatial g = geometry(weight.sizes(), stride, &a[4].ints, a[7].ints, a[6].number.integer);
  const Dims more = expanded(a[5].ints, "output_padding", g.dims);
  check(!any_below(more, 0), "negative output_padding is not supported");
  check_shapes(g, input, weight, bias, true);
  set_sizes(input.sizes(), g.dims, g.at(g.output));
  bool fits = true, smaller = true;
  for (int i = kSpatial - g.dims, j = 0; i < kSpatial; ++i, ++j) {
    smaller &= more[j] < g.stride[i] || more[j] < g.dilation[i];
    g.input[i] = (g.output[i] - 1) * g.stride[i] - 2 * g.padding[i] + g.dilation[i] * (g.kernel[i] - 1) + more[j] + 1;
    fits &= g.input[i] > 0;
  }
  check_spatial(g, input);
  check(smaller, "output padding must be smaller than either stride or dilation, but got output_padding: ", more,
        ", stride: ", stride, ", dilation: ", a[7].ints);
  check(
      fits, "Given input size per channel: ", [&] { return by(g.at(g.output), g.dims); },
      ". Calculated output size per channel: ", [&] { return by(g.at(g.input), g.dims); }, ". Output size is too small");
  check_dtypes(input, weight, bias, "slow_conv_transpose2d_out_cpu");
  return to_input(g, input, weight, bias);
}

// The internal operators are given the sizes that the public ones compute: (first tensor, second, shape, stride, padding before
// the first element, dilation, groups).
Spatial given_geometry(const Value* a, const Dims& weight, const Dims& input, const Dims& output) {
  Spatial g = geometry(weight, a[3].ints, &a[4].ints, a[5].ints, a[6].number.integer);
  const int dims = g.dims;
  check(input.size() == output.size() && (input.size() == dims + 1 || input.size() == dims + 2) &&
            (input.size() == dims + 1 || input[0] == output[0]) && weight[0] == output[output.size() - dims - 1] &&
            weight[1] * g.groups == input[input.size() - dims - 1] && weight[0] % g.groups == 0,
        "shapes of input ", input, ", weight ", weight, " and output ", output, " are not of one convolution of ", g.groups,
        " groups");
  set_sizes(input, dims, g.at(g.input));
  set_sizes(output, dims, g.at(g.output));
  check_dtypes(*a[0].tensor, *a[1].tensor, nullptr, "slow_conv2d_cpu");
  return g;
}

Result forward_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &input = *a[0].tensor, &weight = *a[1].tensor;
  return forward(given_geometry(a, weight.sizes(), input.sizes(), a[2].ints), input, weight, nullptr);
}

Result input_gradient_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &cotangent = *a[0].tensor, &weight = *a[1].tensor;
  return to_input(given_geometry(a, weight.sizes(), a[2].ints, cotangent.sizes()), cotangent, weight, nullptr);
}

Result weight_gradient_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &cotangent = *a[0].tensor, &input = *a[1].tensor;
  return to_weight(given_geometry(a, a[2].ints, input.sizes(), cotangent.sizes()), cotangent, input, a[2].ints);
}

#define CONV_ARGS(padding)                                                                    \
  "input: Tensor, weight: Tensor, bias: Tensor? = None, stride: int[] = 1, padding: " padding \
  ", dilation: int[] = 1, "                                                                   \
  "groups: int = 1"
#define TRANSPOSED_ARGS                                                                                                  \
  "input: Tensor, weight: Tensor, bias: Tensor? = None, stride: int[] = 1, padding: int[] = 0, output_padding: int[] = " \
  "0, groups: int = 1, dilation: int[] = 1"
#define GIVEN_ARGS "shape: tuple, stride: int[] = 1, padding: int[] = 0, dilation: int[] = 1, groups: int = 1"

#define CONV_DOC(shape, sizes)                                                                                              \
  "The correlation of input, (N, C, " sizes ") or (C, " sizes "), with weight, (results, C / groups, " shape                \
  "): result o is the sum over the kernel's elements k of weight[k] input[stride o - padding + dilation k], plus bias "     \
  "(results). Elements outside of the input count as zero. padding is a number, one for each dimension, 'valid' (none) or " \
  "'same' (so that the size stays; stride 1). Of each of the groups, channels meet the results of the same group alone. "   \
  "float32 and float64; RuntimeError for shapes that do not fit.\n\n"
#define TRANSPOSED_DOC(shape, sizes)                                                                                         \
  "The transpose of a convolution: element i of input, (N, C, " sizes ") or (C, " sizes                                      \
  "), adds weight[k] input[i], weight "                                                                                      \
  "(C, results / groups, " shape                                                                                             \
  "), to place stride i - padding + dilation k of the result, which has (size - 1) stride - 2 "                              \
  "padding + dilation (kernel - 1) + output_padding + 1 elements. float32 and float64; RuntimeError for shapes that do not " \
  "fit.\n\n"

constexpr OpRow kRows[] = {
    {"conv1d", "", CONV_ARGS("int[] = 0"), kFunction, conv_call,
     CONV_DOC("k", "L") ">>> x = wengert.arange(5.0).reshape(1, 1, 5)\n"
                        ">>> wengert.conv1d(x, wengert.tensor([[[1.0, -1.0]]]))\ntensor([[[-1., -1., -1., -1.]]])"},
    {"conv1d.padding", "", CONV_ARGS("str"), kFunction, conv_call,
     "With padding 'valid' or 'same'.\n\n>>> wengert.conv1d(wengert.ones(1, 1, 3), wengert.ones(1, 1, 3), padding='same')\n"
     "tensor([[[2., 3., 2.]]])"},
    {"conv2d", "", CONV_ARGS("int[] = 0"), kFunction, conv_call,
     CONV_DOC("kH, kW", "H, W") ">>> x = wengert.ones(1, 1, 3, 3)\n"
                                ">>> wengert.conv2d(x, wengert.ones(1, 1, 2, 2), padding='same')\n"
                                "tensor([[[[4., 4., 2.],\n          [4., 4., 2.],\n          [2., 2., 1.]]]])"},
    {"conv2d.padding", "", CONV_ARGS("str"), kFunction, conv_call,
     "With padding 'valid' or 'same'.\n\n>>> wengert.conv2d(wengert.ones(1, 3, 3), wengert.ones(1, 1, 2, 2), padding='valid')\n"
     "tensor([[[4., 4.],\n         [4., 4.]]])"},
    {"conv3d", "", CONV_ARGS("int[] = 0"), kFunction, conv_call,
     CONV_DOC("kD, kH, kW", "D, H, W") ">>> wengert.conv3d(wengert.ones(1, 2, 4, 4, 4), wengert.ones(3, 2, 2, 2, 2), "
                                       "stride=2).shape\ntorch.Size([1, 3, 2, 2, 2])"},
    {"conv3d.padding", "", CONV_ARGS("str"), kFunction, conv_call,
     "With padding 'valid' or 'same'.\n\n>>> wengert.conv3d(wengert.ones(1, 2, 2, 2), wengert.ones(1, 1, 3, 3, 3), "
     "padding='same').shape\ntorch.Size([1, 2, 2, 2])"},
    {"conv_transpose1d", "", TRANSPOSED_ARGS, kFunction, conv_transpose_call,
     TRANSPOSED_DOC("k", "L") ">>> x = wengert.tensor([[[1.0, 2.0]]])\n"
                              ">>> wengert.conv_transpose1d(x, wengert.tensor([[[1.0, 10.0]]]), stride=2)\n"
                              "tensor([[[ 1., 10.,  2., 20.]]])"},
    {"conv_transpose2d", "", TRANSPOSED_ARGS, kFunction, conv_transpose_call,
     TRANSPOSED_DOC("kH, kW", "H, W") ">>> x = wengert.ones(1, 3, 4, 4)\n"
                                      ">>> wengert.conv_transpose2d(x, wengert.ones(3, 2, 3, 3), stride=2).shape\n"
                                      "torch.Size([1, 2, 9, 9])"},
    {"conv_transpose3d", "", TRANSPOSED_ARGS, kFunction, conv_transpose_call,
     TRANSPOSED_DOC("kD, kH, kW", "D, H, W") ">>> x = wengert.ones(1, 3, 2, 2, 2)\n"
                                             ">>> wengert.conv_transpose3d(x, wengert.ones(3, 1, 2, 2, 2)).shape\n"
                                             "torch.Size([1, 1, 3, 3, 3])"},
    {"_conv_forward", "", "input: Tensor, weight: Tensor, " GIVEN_ARGS, kFunction, forward_call,
     "The convolution whose result has the given shape; padding is that before the first element."},
    {"_conv_input_gradient", "", "cotangent: Tensor, weight: Tensor, " GIVEN_ARGS, kFunction, input_gradient_call,
     "The gradient of a convolution to its input, which has the given shape."},
    {"_conv_weight_gradient", "", "cotangent: Tensor, input: Tensor, " GIVEN_ARGS, kFunction, weight_gradient_call,
     "The gradient of a convolution to its weight, which has the given shape."},
};

}  // namespace

constinit const std::span<const OpRow> kConvOps = kRows;

}  // namespace wengert
