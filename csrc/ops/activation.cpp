#include "ops/activation.h"

#include <algorithm>
#include <string_view>

#include "ops/elementwise.h"

namespace wengert {
namespace {

Result apply(const ElementwiseRow& row, const Call& call) {
  Operand inputs[kMaxOperands - 1];
  for (int k = 0; k < row.arity; ++k)
    inputs[k] = call.args[k].is_tensor() ? Operand(*call.args[k].tensor) : Operand(call.args[k].number);
  return elementwise(row, {inputs, row.arity}, call.out, call.inplace);
}

// A name as a template's argument.
template <std::size_t N>
struct Name {
  char text[N];
  constexpr Name(const char (&name)[N]) { std::copy_n(name, N, text); }
};

// The operator of the kernel's name, whose arguments are the kernel's.
template <Name name>
Result activation(const Call& call) {
  static const ElementwiseRow& row = kernel_row(name.text);
  return apply(row, call);
}

// The same, or another kernel for approximate='tanh'.
template <Name exact, Name tanh, int kApproximate>
Result gelu(const Call& call) {
  static const ElementwiseRow &row = kernel_row(exact.text), &approximate = kernel_row(tanh.text);
  const std::string_view mode = call.args[kApproximate].text;
  check(mode == "none" || mode == "tanh", "approximate argument must be either none or tanh.");
  return apply(mode == "none" ? row : approximate, call);
}

template <Name name>
Result shrink(const Call& call) {
  check(std::string_view(name.text) != "softshrink" || !(call.args[1].number.to<double>() < 0),
        "lambda must be greater or equal to 0, but found to be ", call.args[1].number.to<double>(), '.');
  return activation<name>(call);
}

#define BACK(numbers) "cotangent: Tensor, input: Tensor" numbers
#define BACK_DOC(name) "The gradient of " name " to its input."

constexpr OpRow kRows[] = {
    {"gelu", "", "input: Tensor, *, approximate: str = none", kNetwork, gelu<"gelu", "gelu_tanh", 1>,
     "input times the probability that a normally distributed number is below it; with approximate='tanh' a formula by tanh "
     "that is near to it."},
    {"_gelu_gradient", "", BACK(", *, approximate: str = none"), kNetwork, gelu<"_gelu_gradient", "_gelu_tanh_gradient", 2>,
     BACK_DOC("gelu")},
    {"silu", "", "input: Tensor", kNetwork, activation<"silu">, "input * sigmoid(input), element by element."},
    {"_silu_gradient", "", BACK(""), kNetwork, activation<"_silu_gradient">, BACK_DOC("silu")},
    {"mish", "", "input: Tensor", kNetwork, activation<"mish">, "input * tanh(softplus(input)), element by element."},
    {"_mish_gradient", "", BACK(""), kNetwork, activation<"_mish_gradient">, BACK_DOC("mish")},
    {"softplus", "", "input: Tensor, beta: Number = 1, threshold: Number = 20", kNetwork, activation<"softplus">,
     "log(1 + exp(beta * input)) / beta; input itself where beta * input is above threshold."},
    {"_softplus_gradient", "", BACK(", beta: Number = 1, threshold: Number = 20"), kNetwork, activation<"_softplus_gradient">,
     BACK_DOC("softplus")},
    {"logsigmoid", "", "input: Tensor", kNetwork, activation<"logsigmoid">, "log(sigmoid(input)), element by element."},
    {"_logsigmoid_gradient", "", BACK(""), kNetwork, activation<"_logsigmoid_gradient">, BACK_DOC("logsigmoid")},
    {"elu", "", "input: Tensor, alpha: Number = 1, input_scale: Number = 1", kNetwork, activation<"elu">,
     "input where it is positive, else alpha * (exp(input_scale * input) - 1)."},
    {"_elu_gradient", "", BACK(", alpha: Number = 1, input_scale: Number = 1"), kNetwork, activation<"_elu_gradient">,
     BACK_DOC("elu")},
    {"selu", "", "input: Tensor", kFunction, activation<"selu">,
     "elu with the scales that keep the mean and variance of a network's activations (Klambauer et al., 2017).\n\n"
     ">>> wengert.selu(wengert.tensor([-1.0, 0.0, 1.0]))\ntensor([-1.1113,  0.0000,  1.0507])"},
    {"_selu_gradient", "", BACK(""), kNetwork, activation<"_selu_gradient">, BACK_DOC("selu")},
    {"leaky_relu", "", "input: Tensor, negative_slope: Number = 0.01", kNetwork, activation<"leaky_relu">,
     "input where it is positive, else negative_slope * input."},
    {"_prelu_kernel", "", "input: Tensor, weight: Tensor", kNetwork, activation<"leaky_relu">,
     "input where it is positive, else weight * input; they broadcast."},
    {"_leaky_relu_gradient", "", BACK(", negative_slope: Operand"), kNetwork, activation<"_leaky_relu_gradient">,
     BACK_DOC("leaky_relu, whose slope may be a tensor,")},
    {"hardtanh", "", "input: Tensor, min_val: Number = -1, max_val: Number = 1", kNetwork, activation<"hardtanh">,
     "input, brought into [min_val, max_val]."},
    {"_hardtanh_gradient", "", BACK(", min_val: Number = -1, max_val: Number = 1"), kNetwork, activation<"_hardtanh_gradient">,
     BACK_DOC("hardtanh")},
    {"hardsigmoid", "", "input: Tensor", kNetwork, activation<"hardsigmoid">, "input / 6 + 1 / 2, brought into [0, 1]."},
    {"_hardsigmoid_gradient", "", BACK(""), kNetwork, activation<"_hardsigmoid_gradient">, BACK_DOC("hardsigmoid")},
    {"hardswish", "", "input: Tensor", kNetwork, activation<"hardswish">, "input * hardsigmoid(input), element by element."},
    {"_hardswish_gradient", "", BACK(""), kNetwork, activation<"_hardswish_gradient">, BACK_DOC("hardswish")},
    {"softshrink", "", "input: Tensor, lambd: Number = 0.5", kNetwork, shrink<"softshrink">,
     "input brought lambd nearer to 0; 0 where it is within lambd of it. RuntimeError for a negative lambd."},
    {"hardshrink", "", "input: Tensor, lambd: Number = 0.5", kFunction | kMethod, shrink<"hardshrink">,
     "input; 0 where it is within lambd of 0.\n\n"
     ">>> wengert.hardshrink(wengert.tensor([-1.0, 0.5, 0.6]))\ntensor([-1.0000,  0.0000,  0.6000])"},
    {"_shrink_gradient", "", BACK(", lambd: Number"), kNetwork, activation<"_shrink_gradient">,
     BACK_DOC("softshrink and of hardshrink")},
    {"threshold", "", "input: Tensor, threshold: Number, value: Number", kFunction, activation<"threshold">,
     "input where it is above threshold, else value.\n\n"
     ">>> wengert.threshold(wengert.tensor([0.5, 1.0, 1.5]), 1, -1)\ntensor([-1.0000, -1.0000,  1.5000])"},
    {"_threshold_gradient", "", BACK(", threshold: Number"), kNetwork, activation<"_threshold_gradient">,
     BACK_DOC("threshold")},
    {"_sigmoid_gradient", "", "cotangent: Tensor, output: Tensor", kNetwork, activation<"_sigmoid_gradient">,
     "The gradient of sigmoid to its input, by its output."},
    {"_tanh_gradient", "", "cotangent: Tensor, output: Tensor", kNetwork, activation<"_tanh_gradient">,
     "The gradient of tanh to its input, by its output."},
    {"_squared_difference", "", "input: Tensor, target: Tensor", kNetwork, activation<"_squared_difference">,
     "(input - target)^2, element by element."},
    {"_scaled_difference", "", "factor: Tensor, input: Tensor, target: Tensor", kNetwork, activation<"_scaled_difference">,
     "factor * (input - target), element by element."},
    {"_smooth_l1", "", "input: Tensor, target: Tensor, beta: Number, outer: Number", kNetwork, activation<"_smooth_l1">,
     "outer * (d - beta / 2) for the distance d of input from target; outer * d^2 / (2 beta) where d is below beta."},
    {"_smooth_l1_gradient", "", "factor: Tensor, input: Tensor, target: Tensor, beta: Number", kNetwork,
     activation<"_smooth_l1_gradient">, "factor * (input - target) / beta, the last brought into [-1, 1]."},
};

}  // namespace

constinit const std::span<const OpRow> kActivationOps = kRows;

}  // namespace wengert
