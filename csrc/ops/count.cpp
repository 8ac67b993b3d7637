// How many elements there are of each value or in each interval.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/promote.h"
#include "ops/sort.h"

namespace wengert {
namespace {

Result bincount_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const Tensor* weights = a[1].given() ? a[1].tensor : nullptr;
  const std::int64_t minlength = a[2].integer();
  if (!is_integral(input.dtype()))
    fail(ErrorKind::not_implemented, "\"bincount_cpu\" not implemented for '", info(input.dtype()).scalar, "'");
  check(minlength >= 0, "minlength should be >= 0");
  if (input.dim() == 1 && input.numel() == 0) return full({minlength}, Scalar::of(std::int64_t{0}), DType::int64);
  constexpr const char* kInputs = "bincount only supports 1-d non-negative integral inputs.";
  check(input.dim() == 1, kInputs);
  const Tensor values = contiguous(to_dtype(input, DType::int64));
  const std::int64_t *p = values.data<std::int64_t>(), n = values.numel();
  std::int64_t low = 0, high = 0;
  const auto extreme = [&](const Reduction& reduction, std::int64_t* result) {
    reduction.rows[index_of(DType::int64)]({.out = reinterpret_cast<char*>(result),
                                            .index = nullptr,
                                            .in = values.data(),
                                            .out_step = 0,
                                            .index_step = 0,
                                            .in_step = 0,
                                            .reduce_step = sizeof(std::int64_t),
                                            .n = 1,
                                            .count = n});
  };
  extreme(kernels().extremes->min, &low);
  extreme(kernels().extremes->max, &high);
  check(low >= 0, kInputs);  // a uint64 beyond int64 is negative here
  check(!weights || (weights->dim() == 1 && weights->size(0) == n), "weights should be 1-d and have the same length as input");
  check(high < INT64_MAX, "maximum value of input overflowed, it should be < ", INT64_MAX, " but got ", high);
  const std::int64_t bins = std::max(minlength, high + 1);
  const DType dtype = !weights ? DType::int64 : weights->dtype() == DType::float32 ? DType::float32 : DType::float64;
  const Tensor result = full({bins}, Scalar::of(std::int64_t{0}), dtype);
  const Tensor added = weights ? contiguous(to_dtype(*weights, dtype)) : Tensor();
  LongWork work(static_cast<double>(n));
  const auto add = [&]<class T>(T* out) {
    for (std::int64_t i = 0; i < n; ++i) out[p[i]] += added.data<T>()[i];
  };
  if (!weights) {
    auto* out = result.data<std::int64_t>();
    // Two tables, since an increment of the number just written waits for the store.
    if (2 * bins <= n) {
      const Tensor other = full({bins}, Scalar::of(std::int64_t{0}), dtype);
      auto* odd = other.data<std::int64_t>();
      std::int64_t i = 0;
      for (; i + 4 <= n; i += 4) ++out[p[i]], ++odd[p[i + 1]], ++out[p[i + 2]], ++odd[p[i + 3]];
      for (; i < n; ++i) ++out[p[i]];
      for (std::int64_t b = 0; b < bins; ++b) out[b] += odd[b];
    } else {
      for (std::int64_t i = 0; i < n; ++i) ++out[p[i]];
    }
  } else if (dtype == DType::float32) {
    add(result.data<float>());
  } else {
    add(result.data<double>());
  }
  return result;
}

// The ends of the bins where none are given: the smallest and the largest element, NaN if there is one.
template <class T>
std::pair<T, T> extremes(const T* p, std::int64_t n, std::pair<T, T> otherwise) {
  auto [low, high] = otherwise;
  if (n > 0) {
    low = high = p[0];
    for (std::int64_t i = 1; i < n; ++i) {
      if (p[i] != p[i]) low = high = p[i];
      low = p[i] < low ? p[i] : low;
      high = p[i] > high ? p[i] : high;
    }
  }
  return {low, high};
}

// Counts, or adds the weights of, the elements of [edges[0], edges[bins]] in out; the last bin has both its ends. `even`: the
// edges are evenly apart, so that a division finds the bin or, near an edge, its neighbour; `exact`: then the edges decide.
// counts: room for `bins` numbers, which a float could not count to.
template <class T>
void count_in_bins(const T* p, std::int64_t n, const T* weights, const T* edges, std::int64_t bins, bool even, bool exact,
                   std::int64_t* counts, T* out) {
  std::fill_n(counts, bins, 0);
  const T low = edges[0], high = edges[bins], width = high - low;
  if (!std::isfinite(width)) even = false;
  for (std::int64_t i = 0; i < n; ++i) {
    if (!(p[i] >= low && p[i] <= high)) continue;
    std::int64_t bin;
    if (even) {
      bin = static_cast<std::int64_t>((p[i] - low) / width * static_cast<T>(bins));  // from 0 to bins
      if (exact) {
        const std::int64_t from = std::max<std::int64_t>(0, bin - 1), to = std::min(bin + 2, bins + 1);
        bin = std::upper_bound(edges + from, edges + to, p[i]) - edges - 1;
      }
    } else {
      bin = std::upper_bound(edges, edges + bins + 1, p[i]) - edges - 1;
    }
    bin = std::clamp<std::int64_t>(bin, 0, bins - 1);
    if (weights)
      out[bin] += weights[i];
    else
      ++counts[bin];
  }
  if (!weights)
    for (std::int64_t b = 0; b < bins; ++b) out[b] = static_cast<T>(counts[b]);
}

void check_bins(std::int64_t bins) {
  check(bins > 0, "torch.histogram(): bins must be > 0, but got ", bins, " for dimension 0");
}

// bins + 1 edges from low to high, as linspace.
template <class T>
void set_edges(T low, T high, std::int64_t bins, T* edges) {
  const T step = (high - low) / static_cast<T>(bins);
  for (std::int64_t i = 0; i <= bins; ++i)
    edges[i] = i < (bins + 1) / 2 ? low + step * static_cast<T>(i) : high - step * static_cast<T>(bins - i);
}

template <class F>
void floating(DType dtype, const char* kernel, F&& f) {
  if (dtype == DType::float32) return f.template operator()<float>();
  if (dtype == DType::float64) return f.template operator()<double>();
  fail(ErrorKind::not_implemented, '"', kernel, "\" not implemented for '", info(dtype).scalar, "'");
}

Result histc_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const std::int64_t bins = a[1].integer();
  check_bins(bins);
  check(!(a[2].number.to<double>() > a[3].number.to<double>()), "torch.histc: max must be larger than min");
  floating(input.dtype(), "histogram_cpu", []<class T>() {});
  const Tensor result = result_of(call, {bins}, input.dtype());
  const Tensor dense = contiguous(input), counts = full({bins}, Scalar::of(std::int64_t{0}), input.dtype());
  const Tensor room = Tensor::empty({bins}, DType::int64);
  floating(input.dtype(), "histogram_cpu", [&]<class T>() {
    std::pair<T, T> ends{a[2].number.to<T>(), a[3].number.to<T>()};
    if (ends.first == ends.second) ends = extremes<T>(dense.data<T>(), dense.numel(), ends);
    check(std::isfinite(ends.first) && std::isfinite(ends.second), "torch.histc: range of [", ends.first, ", ", ends.second,
          "] is not finite");
    if (ends.first == ends.second) --ends.first, ++ends.second;
    const Tensor edges = Tensor::empty({bins + 1}, input.dtype());
    set_edges<T>(ends.first, ends.second, bins, edges.data<T>());
    LongWork work(2 * static_cast<double>(dense.numel()));
    count_in_bins<T>(dense.data<T>(), dense.numel(), nullptr, edges.data<T>(), bins, true, false, room.data<std::int64_t>(),
                     counts.data<T>());
  });
  if (!call.out) return counts;
  copy_into(result, counts);
  return result;
}

// Weights belong to the elements in row-major order, whatever their shape.
void check_weight(const Tensor& input, const Tensor* weight) {
  if (weight) {
    check(
        weight->dtype() == input.dtype(),
        "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same dtype, but got ",
        "input(", cpp_name(input.dtype()), "), and weight(", cpp_name(weight->dtype()), ")");
    check(weight->numel() == input.numel(),
          "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding its ",
          "innermost dimension, but got input with shape ", Dims{input.numel(), 1}, " and weight with shape ",
          Dims{weight->numel()});
  }
  floating(input.dtype(), "histogramdd", []<class T>() {});
}

// a[weight_at], a[weight_at + 1]: weight, density. `edges` are given, or evenly apart.
Result histogram(const Call& call, const Tensor& input, const Tensor& edges, bool even, int weight_at) {
  const Value* a = call.args;
  const Tensor* weight = a[weight_at].given() ? a[weight_at].tensor : nullptr;
  const std::int64_t bins = edges.numel() - 1;
  if (call.out) {
    check_out("histogram", call.out, {bins}, input.dtype());
    check_out("histogram", call.out2, {bins + 1}, input.dtype());
  }
  const Tensor dense = contiguous(input), weights = weight ? contiguous(*weight) : Tensor();
  const Tensor counts = full({bins}, Scalar::of(std::int64_t{0}), input.dtype()), room = Tensor::empty({bins}, DType::int64);
  floating(input.dtype(), "histogramdd", [&]<class T>() {
    T *out = counts.data<T>(), *ends = edges.data<T>();
    {
      LongWork work(5 * static_cast<double>(dense.numel()));
      count_in_bins<T>(dense.data<T>(), dense.numel(), weight ? weights.data<T>() : nullptr, ends, bins, even, true,
                       room.data<std::int64_t>(), out);
    }
    if (!a[weight_at + 1].truth()) return;
    T total = 0;
    for (std::int64_t b = 0; b < bins; ++b) total += out[b];
    for (std::int64_t b = 0; b < bins; ++b) out[b] /= total * (ends[b + 1] - ends[b]);
  });
  return give_pair(call, counts, edges);
}

Result histogram_edges_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &input = *a[0].tensor, &bins = *a[1].tensor;
  check(bins.dtype() == input.dtype(), "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got ",
        "input with dtype ", cpp_name(input.dtype()), " and bins for dimension 0 with dtype ", cpp_name(bins.dtype()));
  check(bins.dim() == 1, "torch.histogramdd: bins tensor should have one dimension, but got ", bins.dim(),
        " dimensions in the bins tensor for dimension 0");
  check_weight(input, a[2].given() ? a[2].tensor : nullptr);
  check_bins(bins.numel() - 1);
  Tensor edges = Tensor::empty(bins.sizes(), bins.dtype());
  copy_into(edges, bins);
  edges.storage()->version = 0;
  return histogram(call, input, edges, false, 2);
}

Result histogram_count_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const std::int64_t bins = a[1].integer();
  check_bins(bins);
  if (!a[2].given()) floating(input.dtype(), "histogramdd", []<class T>() {});
  double low = 0, high = 0;
  if (a[2].given()) {
    const Tensor& range = a[2].tensors[0];
    check(range.numel() == 2, "torch.histogramdd: for a 1-dimensional histogram range should have 2 elements, but got ",
          range.numel());
    low = range.data<double>()[0];
    high = range.data<double>()[1];
    check(low <= high, "torch.histogramdd: min should not exceed max, but got min ", low, " max ", high, " for dimension 0");
  }
  check_weight(input, a[3].given() ? a[3].tensor : nullptr);
  const Tensor dense = contiguous(input), edges = Tensor::empty({bins + 1}, input.dtype());
  floating(input.dtype(), "histogramdd", [&]<class T>() {
    std::pair<T, T> ends{static_cast<T>(low), static_cast<T>(high)};
    if (!a[2].given()) ends = extremes<T>(dense.data<T>(), dense.numel(), {T(0), T(1)});
    check(std::isfinite(ends.first) && std::isfinite(ends.second), "torch.histogramdd: dimension 0's range [", ends.first, ", ",
          ends.second, "] is not finite");
    if (ends.first == ends.second) ends.first -= T(0.5), ends.second += T(0.5);
    set_edges<T>(ends.first, ends.second, bins, edges.data<T>());
  });
  return histogram(call, dense, edges, true, 3);
}

constexpr OpRow kRows[] = {
    {"bincount", "", "input: Tensor, weights: Tensor? = None, minlength: int = 0", kFunction | kMethod, bincount_call,
     "How often each number 0, 1, ... occurs in a vector of integers that are not negative, or the sum of the weights of its "
     "occurrences; at least minlength numbers.\n\n"
     ">>> wengert.bincount(wengert.tensor([1, 1, 3]))\ntensor([0, 2, 0, 1])"},
    {"histc", "", "input: Tensor, bins: int = 100, min: Number = 0, max: Number = 0", kFunction | kMethod | kOut, histc_call,
     "How many elements of a float tensor lie in each of `bins` intervals of one width between min and max, or, where these "
     "are "
     "equal, between the smallest and the largest element.\n\n"
     ">>> wengert.histc(wengert.tensor([1.0, 2.0, 2.5]), bins=2, min=1, max=3)\ntensor([1., 2.])"},
    {"histogram", "", "input: Tensor, bins: Tensor, *, weight: Tensor? = None, density: bool = False -> (hist, bin_edges)",
     kFunction | kMethod | kOut, histogram_edges_call,
     "How many elements of a float tensor, or which sum of weights, lie between the ascending edges `bins`; with density, "
     "divided by their sum and the widths.\n\n"
     ">>> wengert.histogram(wengert.tensor([1.0, 2.0, 2.5]), wengert.tensor([1.0, 2.0, 3.0])).hist\ntensor([1., 2.])"},
    {"histogram.count", "",
     "input: Tensor, bins: int = 100, *, range: float[]? = None, weight: Tensor? = None, density: bool = False -> (hist, "
     "bin_edges)",
     kFunction | kMethod | kOut, histogram_count_call,
     "The same with `bins` intervals of one width over range, or from the smallest element to the largest.\n\n"
     ">>> wengert.histogram(wengert.tensor([1.0, 2.0, 2.5]), 2, range=(1.0, 3.0)).hist\ntensor([1., 2.])"},
};

}  // namespace

constinit const std::span<const OpRow> kCountOps = kRows;

}  // namespace wengert
