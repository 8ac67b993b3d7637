#include "ops/loss.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string_view>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/elementwise.h"
#include "ops/indexed.h"
#include "ops/reduce.h"

namespace wengert {
namespace {

using std::int64_t;

constexpr double kElementNs = 0.4;  // of an exponential and what is made of it

const Tensor* optional(const Value& value) { return value.given() ? value.tensor : nullptr; }

// (N, C, sizes...) or (C) as rows of C.
struct Rows {
  Tensor made;
  const Tensor* tensor;
  Dims outer;  // (N, sizes...)
  int64_t n = 1, classes;

  explicit Rows(const Tensor& input) : classes(input.size(input.dim() > 1)) {
    Dims sizes = input.sizes(), strides = input.strides();
    const int dim = input.dim() > 1;
    sizes.erase(dim), strides.erase(dim);
    outer = sizes;
    for (const int64_t size : outer) n *= size;
    sizes.push_back(classes), strides.push_back(input.stride(dim));
    made = contiguous(input.view_as(sizes, strides));
    tensor = &made;
  }
  // Rows as a tensor of the input's shape.
  Tensor back(const Tensor& rows, const Dims& sizes) const {
    if (sizes.size() <= 2) return rows.view_as(sizes, contiguous_strides(sizes));
    Dims strides = contiguous_strides(rows.sizes());
    const int64_t step = strides.back();
    strides.erase(strides.size() - 1);
    strides.insert(1, step);
    return contiguous(rows.view_as(sizes, strides));
  }
};

enum class Reduction { none, mean, sum };

Reduction reduction_of(const Value& value) {
  const std::string_view text = value.text;
  check_value(text == "none" || text == "mean" || text == "sum", text, " is not a valid value for reduction");
  return text == "none" ? Reduction::none : text == "mean" ? Reduction::mean : Reduction::sum;
}

double element(const Tensor& tensor, int64_t i) {
  return tensor.dtype() == DType::float32 ? tensor.data<float>()[i] : tensor.data<double>()[i];
}
double rounded(DType dtype, double value) {
  return dtype == DType::float32 ? static_cast<double>(static_cast<float>(value)) : value;
}
void set_element(const Tensor& tensor, int64_t i, double value) {
  if (tensor.dtype() == DType::float32)
    tensor.data<float>()[i] = static_cast<float>(value);
  else
    tensor.data<double>()[i] = value;
}

void check_floating(const Tensor& input, const char* kernel) {
  if (!is_floating(input.dtype()))
    fail(ErrorKind::not_implemented, '"', kernel, "\" not implemented for '", info(input.dtype()).scalar, '\'');
}

void check_weight(const Tensor& input, const Tensor* weight, int64_t classes) {
  check(!weight || (weight->dim() == 1 && weight->size(0) == classes), "weight tensor should be defined either for all ",
        classes, " classes or no classes but got weight tensor of shape: ", [&] { return str(weight->sizes()); });
  check(!weight || weight->dtype() == input.dtype(), "expected scalar type ", info(input.dtype()).scalar, " but found ",
        [&] { return info(weight->dtype()).scalar; });
}

void check_target(const Tensor& input, const Tensor& target) {
  check(target.dtype() == DType::int64 || target.dtype() == DType::uint8, "expected target dtype to be Long or Byte, but got ",
        info(target.dtype()).scalar);
  if (input.dim() == 1) {
    check(target.numel() == 1 && target.dim() <= 1, "size mismatch (got input: ", input.sizes(), ", target: ", target.sizes(),
          ")");
    return;
  }
  check(input.dim() > 2 || target.dim() == 1, "0D or 1D target tensor expected, multi-target not supported");
  check_value(target.dim() > 0 && input.size(0) == target.size(0), "Expected input batch_size (", input.size(0),
              ") to match target batch_size (", target.dim() ? target.size(0) : 1, ").");
  Dims wanted = input.sizes();
  wanted.erase(1);
  check(target.sizes() == wanted, input.dim() == 3 ? "Expected target size " : "size mismatch (got input: ", [&] {
    return input.dim() == 3 ? str(wanted, ", got ", target.sizes()) : str(input.sizes(), " , target: ", target.sizes(), ')');
  });
}

// ---- targets that are classes

// What a row asks for: its class and the factor of its loss; class -1: it counts nothing.
struct Classes {
  Tensor made, made_weight;
  const int64_t* target;
  const Tensor* weight;
  int64_t ignore;
  double total = 0;  // of the factors

  Classes(const Rows& rows, const Tensor& given, const Tensor* weights, int64_t ignore) : ignore(ignore) {
    made = contiguous(to_dtype(given, DType::int64));
    target = made.data<int64_t>();
    weight = weights ? &contiguous(*weights, &made_weight) : nullptr;
    for (int64_t i = 0; i < rows.n; ++i) {
      if (target[i] == ignore) continue;
      check_index(target[i] >= 0 && target[i] < rows.classes, "Target ", target[i], " is out of bounds.");
      total += factor(i);
    }
  }
  bool counts(int64_t i) const { return target[i] != ignore; }
  double factor(int64_t i) const { return weight ? element(*weight, target[i]) : 1; }
};

Exponentials exponentials_of(const char* row, const Rows& rows) {
  Exponentials result;
  const int64_t size = rows.tensor->itemsize();
  kernels().softmax->exponentials.rows[index_of(rows.tensor->dtype())]({.out = reinterpret_cast<char*>(&result),
                                                                        .index = nullptr,
                                                                        .in = row,
                                                                        .out_step = sizeof result,
                                                                        .index_step = 0,
                                                                        .in_step = rows.classes * size,
                                                                        .reduce_step = size,
                                                                        .n = 1,
                                                                        .count = rows.classes});
  return result;
}

double log_of_sum(const Exponentials& e) { return std::log(e.sum) + e.shift; }

const NormalizeKernel& lines(const Tensor& tensor) { return kernels().normalize->of[tensor.dtype() == DType::float64]; }

Tensor reduced(const Tensor& losses, Reduction reduction, double count, const Dims& outer) {
  if (reduction == Reduction::none) return losses.view_as(outer, contiguous_strides(outer));
  const Tensor total = sum(losses);
  if (reduction == Reduction::sum) return total;
  return full({}, Scalar::of(element(total, 0) / count), losses.dtype());
}

// Calls f(i) for each row, which looks at all of its elements, or at one.
template <class F>
void each_row(const Rows& rows, bool whole, F f) {
  const double ns = static_cast<double>(rows.n) * ((whole ? kElementNs * static_cast<double>(rows.classes) : 0) + 5);
  LongWork work(ns);
  parallel_for(rows.n, 1, ns, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i);
  });
}

// Of classes, with the logarithm of the row's sum of exponentials or, for logarithms of probabilities, none.
Tensor class_losses(const Rows& rows, const Classes& classes, bool logits, double smoothing) {
  const Tensor losses = Tensor::empty({rows.n}, rows.tensor->dtype());
  const int64_t size = rows.tensor->itemsize(), C = rows.classes;
  const double all = classes.weight ? element(sum(*classes.weight), 0) : static_cast<double>(C);
  each_row(rows, logits || smoothing > 0, [&](int64_t i) {
    if (!classes.counts(i)) return set_element(losses, i, 0);
    const char* row = rows.tensor->data() + i * C * size;
    const double log_sum = logits ? log_of_sum(exponentials_of(row, rows)) : 0;
    double loss = (1 - smoothing) * classes.factor(i) * (log_sum - element(*rows.tensor, i * C + classes.target[i]));
    if (smoothing > 0) {  // the mean over the classes of factor (log sum - x)
      const ChannelSums sums = lines(*rows.tensor).sums(classes.weight ? classes.weight->data() : row, row, C, 0);
      loss += smoothing / static_cast<double>(C) * (all * log_sum - (classes.weight ? sums.product : sums.grad));
    }
    set_element(losses, i, loss);
  });
  return losses;
}

template <bool Logits>
Result class_loss(const Tensor& input, const Tensor& target, const Value& weights, Reduction reduction, int64_t ignore,
                  double smoothing) {
  check_target(input, target);
  const Rows rows(input);
  check_weight(input, optional(weights), rows.classes);
  check_floating(input, Logits ? "log_softmax_lastdim_kernel_impl" : "nll_loss_out_frame");
  const Classes classes(rows, target, optional(weights), ignore);
  return reduced(class_losses(rows, classes, Logits, smoothing), reduction, classes.total, target.sizes());
}

// out = the softmax of one row
void softmax_of(const char* row, const Rows& rows, char* out) {
  kernels().softmax->softmax[rows.tensor->dtype() == DType::float64].rows(
      {.out = out, .index = nullptr, .in = row, .line = rows.classes, .step = 1, .n = 1, .count = rows.classes});
}

// What the loss of row i is multiplied by.
struct Factors {
  const Tensor& cotangent;
  Reduction reduction;
  double count;
  double of(int64_t i) const {
    return reduction == Reduction::none ? element(cotangent, i)
                                        : element(cotangent, 0) / (reduction == Reduction::mean ? count : 1.0);
  }
};

void check_cotangent(const Tensor& input, const Tensor& cotangent, Reduction reduction, int64_t n) {
  check(cotangent.dtype() == input.dtype() && cotangent.numel() == (reduction == Reduction::none ? n : 1),
        "expected a gradient of dtype ", info(input.dtype()).name, " for the loss, but got ", info(cotangent.dtype()).name, ' ',
        cotangent.sizes());
}

template <bool Logits>
Result class_gradient(const Tensor& given, const Tensor& input, const Tensor& target, const Value& weights, Reduction reduction,
                      int64_t ignore, double smoothing) {
  check_target(input, target);
  const Rows rows(input);
  check_weight(input, optional(weights), rows.classes);
  check_floating(input, "nll_loss_backward_out_frame");
  check_cotangent(input, given, reduction, rows.n);
  const Classes classes(rows, target, optional(weights), ignore);
  Tensor made;
  const Factors factors = {contiguous(given, &made), reduction, classes.total};
  const Tensor out = Tensor::empty(rows.tensor->sizes(), input.dtype());
  const int64_t size = out.itemsize(), C = rows.classes;
  const double all = classes.weight ? element(sum(*classes.weight), 0) : static_cast<double>(C);
  each_row(rows, true, [&](int64_t i) {
    char* to = out.data() + i * C * size;
    const double g = classes.counts(i) ? factors.of(i) : 0;
    if (!Logits || !classes.counts(i)) {
      std::fill_n(to, C * size, '\0');
      if (classes.counts(i)) set_element(out, i * C + classes.target[i], -g * classes.factor(i));
      return;
    }
    const double share = g * smoothing / static_cast<double>(C), own = g * (1 - smoothing) * classes.factor(i);
    softmax_of(rows.tensor->data() + i * C * size, rows, to);
    if (smoothing > 0 && classes.weight)
      lines(out).mix(to, classes.weight->data(), to, C, own + share * all, -share, 0, 0);
    else
      lines(out).map(to, to, C, own + share * all, -share, 0);
    set_element(out, i * C + classes.target[i], element(out, i * C + classes.target[i]) - own);
  });
  return rows.back(out, input.sizes());
}

// ---- targets that are probabilities: the sum over the classes of t (log sum - x), where t is weighted and smoothed

struct Probabilities {
  Tensor t;  // rows of the classes

  Probabilities(const Rows& rows, const Tensor& target, const Tensor* weights, double smoothing) {
    t = Rows(to_dtype(target, rows.tensor->dtype())).made;
    const auto scaled = [&](const char* name, const Operand& by) {
      const Operand operands[] = {t, by};
      t = elementwise(kernel_row(name), operands);
    };
    if (smoothing > 0) {
      scaled("mul", Scalar::of(1 - smoothing));
      scaled("add", Scalar::of(smoothing / static_cast<double>(rows.classes)));
    }
    if (weights) scaled("mul", *weights);
    t = contiguous(t);
  }
  const char* row(int64_t i) const { return t.data() + i * t.size(t.dim() - 1) * t.itemsize(); }
};

void check_probabilities(const Tensor& target) {
  check(is_floating(target.dtype()), "Expected floating point type for target with class probabilities, got ",
        info(target.dtype()).scalar);
}

Result soft_loss(const Tensor& input, const Tensor& target, const Value& weights, Reduction reduction, double smoothing) {
  check_probabilities(target);
  const Rows rows(input);
  check_weight(input, optional(weights), rows.classes);
  check_floating(input, "log_softmax_lastdim_kernel_impl");
  const Probabilities p(rows, target, optional(weights), smoothing);
  const Tensor losses = Tensor::empty({rows.n}, input.dtype());
  each_row(rows, true, [&](int64_t i) {
    const char* row = rows.tensor->data() + i * rows.classes * rows.tensor->itemsize();
    const double log_sum = log_of_sum(exponentials_of(row, rows));
    const ChannelSums sums = lines(losses).sums(p.row(i), row, rows.classes, log_sum);
    // x is measured from the logarithm, rounded: what is left of it is taken off.
    const double about = rounded(losses.dtype(), log_sum);
    set_element(losses, i, (log_sum - about) * sums.grad - sums.product);
  });
  return reduced(losses, reduction, static_cast<double>(rows.n), rows.outer);
}

Result soft_gradient(const Tensor& given, const Tensor& input, const Tensor& target, const Value& weights, Reduction reduction,
                     double smoothing) {
  check_probabilities(target);
  const Rows rows(input);
  check_weight(input, optional(weights), rows.classes);
  check_cotangent(input, given, reduction, rows.n);
  const Probabilities p(rows, target, optional(weights), smoothing);
  Tensor made;
  const Factors factors = {contiguous(given, &made), reduction, static_cast<double>(rows.n)};
  const Tensor out = Tensor::empty(rows.tensor->sizes(), input.dtype());
  const int64_t size = out.itemsize(), C = rows.classes;
  each_row(rows, true, [&](int64_t i) {
    char* to = out.data() + i * C * size;
    const double g = factors.of(i), all = lines(out).sums(p.row(i), p.row(i), C, 0).grad;
    softmax_of(rows.tensor->data() + i * C * size, rows, to);
    lines(out).mix(to, p.row(i), to, C, g * all, -g, 0, 0);
  });
  return rows.back(out, input.sizes());
}

// ---- the operators

// (input, target, weight, reduction, ignore_index[, label_smoothing])
template <bool Logits>
Result loss_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &input = *a[0].tensor, &target = *a[1].tensor;
  check_value(input.dim() > 0, "Expected 1 or more dimensions (got 0)");
  const Reduction reduction = reduction_of(a[3]);
  const double smoothing = Logits ? a[5].number.floating : 0.0;
  check(smoothing <= 1, "label_smoothing must be between 0.0 and 1.0. Got: ", smoothing);
  if (Logits && input.sizes() == target.sizes()) return soft_loss(input, target, a[2], reduction, smoothing);
  return class_loss<Logits>(input, target, a[2], reduction, a[4].integer(), smoothing);
}

template <bool Logits>
Result loss_gradient_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &cotangent = *a[0].tensor, &input = *a[1].tensor, &target = *a[2].tensor;
  check_value(input.dim() > 0, "Expected 1 or more dimensions (got 0)");
  const Reduction reduction = reduction_of(a[4]);
  const double smoothing = Logits ? a[6].number.floating : 0.0;
  if (Logits && input.sizes() == target.sizes()) return soft_gradient(cotangent, input, target, a[3], reduction, smoothing);
  return class_gradient<Logits>(cotangent, input, target, a[3], reduction, a[5].integer(), smoothing);
}

Result embedding_call(const Call& call) {
  const Value* a = call.args;
  const Tensor &weight = *a[0].tensor, &indices = *a[1].tensor;
  check(weight.dim() == 2, "'weight' must be 2-D");
  check(is_index_dtype(indices.dtype()),
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.",
        info(indices.dtype()).scalar, "Tensor instead (while checking arguments for embedding)");
  check(!a[4].truth(), "embedding: sparse gradients are not covered; use sparse=False");
  Tensor made;
  const Tensor& dense = contiguous(indices, &made);
  const Tensor list = dense.view_as({dense.numel()}, {1});
  Dims sizes = indices.sizes();
  sizes.push_back(weight.size(1));
  const Tensor out = Tensor::empty(sizes, weight.dtype());
  const Places places(weight, 0, list, false);
  const bool inside =
      out.numel() ? gather(sweep_along(weight, 0, places, out.view_as({list.numel(), weight.size(1)}, {weight.size(1), 1})))
                  : places.first_out_of_range() == places.n;
  if (!inside) fail(ErrorKind::index_out_of_range, "index out of range in self");
  return out;
}

#define LOSS_ARGS "target: Tensor, weight: Tensor? = None, reduction: str = mean, ignore_index: int = -100"

constexpr OpRow kRows[] = {
    {"cross_entropy_loss", "", "input: Tensor, " LOSS_ARGS ", label_smoothing: float = 0.0", kNetwork, loss_call<true>,
     "The loss of the scores input, (N, C, sizes) or (C), of C classes: -log softmax(input)[target], times weight[target], for "
     "target "
     "(N, sizes) of classes, of which ignore_index counts nothing; or for target of input's shape the sum over the classes of "
     "target "
     "times that. With label_smoothing, so much of the target is spread over all classes alike. reduction is 'none', 'sum' or "
     "'mean', "
     "which divides by the sum of weight[target], or for probabilities by the number of losses."},
    {"_cross_entropy_gradient", "", "cotangent: Tensor, input: Tensor, " LOSS_ARGS ", label_smoothing: float = 0.0", kNetwork,
     loss_gradient_call<true>, "The gradient of cross_entropy_loss to its input."},
    {"nll_loss", "", "input: Tensor, " LOSS_ARGS, kNetwork, loss_call<false>,
     "-weight[target] input[target] for logarithms of probabilities input, (N, C, sizes) or (C); else as cross_entropy_loss."},
    {"_nll_loss_gradient", "", "cotangent: Tensor, input: Tensor, " LOSS_ARGS, kNetwork, loss_gradient_call<false>,
     "The gradient of nll_loss to its input."},
    {"embedding", "",
     "weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False",
     kFunction, embedding_call,
     "The rows of weight that indices, int32 or int64, name: shape indices.shape + weight.shape[1:]. Row padding_idx gets no "
     "gradient. "
     "With scale_grad_by_freq a row's gradient is divided by how often it is named. IndexError for a row that does not "
     "exist.\n\n"
     ">>> wengert.embedding(wengert.tensor([[1.0, 2.0], [3.0, 4.0]]), wengert.tensor([1, 0]))\ntensor([[3., 4.],\n        [1., "
     "2.]])"},
};

}  // namespace

constinit const std::span<const OpRow> kLossOps = kRows;

}  // namespace wengert
