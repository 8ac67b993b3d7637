#include "ops/choice.h"

#include <cmath>
#include <limits>

#include "ops/copy.h"
#include "ops/elementwise.h"
#include "ops/promote.h"

namespace wengert {
namespace {

// Looked up once: the active kernel table does not change.
struct Rows {
  const ElementwiseRow &where = kernel_row("where"), &masked_fill = kernel_row("masked_fill"), &clamp = kernel_row("clamp"),
                       &clamp_min = kernel_row("clamp_min"), &clamp_max = kernel_row("clamp_max"),
                       &nan_to_num = kernel_row("nan_to_num"), &lerp = kernel_row("lerp"), &addcmul = kernel_row("addcmul"),
                       &addcdiv = kernel_row("addcdiv"), &isclose = kernel_row("isclose"),
                       &isclose_nan = kernel_row("isclose_nan"), &eq = kernel_row("eq"), &sub = kernel_row("sub"),
                       &round = kernel_row("round"), &round_decimals = kernel_row("round_decimals"),
                       &round_tens = kernel_row("round_tens");
};
const Rows& rows() {
  static const Rows found;
  return found;
}

Operand operand_of(const Value& value) { return value.is_tensor() ? Operand(*value.tensor) : Operand(value.number); }

// The number as an element of dtype, which is to hold it: of that dtype's kind, so that it has no say in promotion.
Scalar as_element(Scalar number, DType dtype) {
  if (!holds(dtype, number)) fail_to_hold(dtype, "");
  alignas(8) char bytes[8];
  number.store(dtype, bytes);
  return Scalar::load(dtype, bytes);
}

[[noreturn, gnu::cold]] void not_implemented(const char* kernel, DType dtype) {
  fail(ErrorKind::not_implemented, '"', kernel, "\" not implemented for '", info(dtype).scalar, '\'');
}

// ---- where and masked_fill

Result where(const Call& call, const Tensor& condition, const Operand& input, const Operand& other) {
  check(condition.dtype() == DType::boolean || condition.dtype() == DType::uint8,
        "where expected condition to be a boolean tensor, but got a tensor with dtype ", info(condition.dtype()).scalar);
  const Operand inputs[] = {condition, input, other};
  if (call.out) {
    const DType dtype = result_type(std::span(inputs).subspan(1));
    check(call.out->dtype() == dtype, "Expected out type to be ", info(dtype).scalar, " but got ",
          info(call.out->dtype()).scalar);
  }
  return elementwise(rows().where, inputs, call.out);
}

Result where_op(const Call& call) {
  return where(call, *call.args[0].tensor, operand_of(call.args[1]), operand_of(call.args[2]));
}
Result where_method(const Call& call) {
  return where(call, *call.args[1].tensor, operand_of(call.args[0]), operand_of(call.args[2]));
}

Result masked_fill_op(const Call& call) {
  const Tensor &input = *call.args[0].tensor, &mask = *call.args[1].tensor;
  const Value& value = call.args[2];
  const bool same_shape = mask.sizes() == input.sizes();
  Dims sizes = input.sizes();
  if (!same_shape && !call.inplace) sizes = broadcast(mask.sizes(), sizes);
  if (value.is_tensor())
    check(value.tensor->dim() == 0, "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
          value.tensor->dim(), " dimension(s).");
  check(mask.dtype() == DType::boolean, "masked_fill_ only supports boolean masks, but got mask with dtype ",
        cpp_name(mask.dtype()));
  if (!same_shape && call.inplace) sizes = broadcast(sizes, mask.sizes());
  const Scalar number = value.is_tensor() ? Scalar::load(value.tensor->dtype(), value.tensor->data()) : value.number;
  const Operand inputs[] = {mask, as_element(number, input.dtype()), input};
  if (call.inplace || (same_shape && mask.is_contiguous() && input.is_contiguous()))
    return elementwise(rows().masked_fill, inputs, call.out, call.inplace);
  Tensor result = Tensor::empty(sizes, input.dtype());  // row-major, whatever the inputs are
  return elementwise(rows().masked_fill, inputs, &result);
}

// ---- bounds

// PyTorch has no bool kernel for number bounds.
void check_number_bounds(const char* kernel, const Operand& input, const Value& bound) {
  if (!bound.is_tensor() && bound.number.kind == Scalar::Kind::boolean && input.tensor->dtype() == DType::boolean)
    not_implemented(kernel, DType::boolean);
}

// With number bounds PyTorch takes no other dtype for out=.
void check_exact_out(const Call& call, std::span<const Operand> inputs) {
  if (!call.out || call.inplace) return;
  for (const Operand& bound : inputs.subspan(1))
    if (bound.tensor) return;
  const DType dtype = result_type(inputs);
  check(call.out->dtype() == dtype, "Found dtype ", info(call.out->dtype()).scalar, " but expected ", info(dtype).scalar);
}

Tensor clamp_low(const Call& call, const Value& bound) {
  const Operand inputs[] = {*call.args[0].tensor, operand_of(bound)};
  check_number_bounds("clamp_min_scalar_cpu", inputs[0], bound);
  check_exact_out(call, inputs);
  return elementwise(rows().clamp_min, inputs, call.out, call.inplace);
}
Tensor clamp_high(const Call& call, const Value& bound) {
  const Operand inputs[] = {*call.args[0].tensor, operand_of(bound)};
  check_number_bounds("clamp_max_scalar_cpu", inputs[0], bound);
  check_exact_out(call, inputs);
  return elementwise(rows().clamp_max, inputs, call.out, call.inplace);
}

Result clamp_op(const Call& call) {
  const Value &low = call.args[1], &high = call.args[2];
  check(low.given() || high.given(), "torch.clamp: At least one of 'min' or 'max' must not be None");
  if (!high.given()) return clamp_low(call, low);
  if (!low.given()) return clamp_high(call, high);
  const Operand inputs[] = {*call.args[0].tensor, operand_of(low), operand_of(high)};
  check_number_bounds("clamp_scalar_cpu", inputs[0], low);
  check_exact_out(call, inputs);
  return elementwise(rows().clamp, inputs, call.out, call.inplace);
}
Result clamp_min_op(const Call& call) { return clamp_low(call, call.args[1]); }
Result clamp_max_op(const Call& call) { return clamp_high(call, call.args[1]); }

Result nan_to_num_op(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const DType dtype = input.dtype();
  if (call.out && !call.inplace)
    check(call.out->dtype() == dtype, "nan_to_num: dtype of out: ", info(call.out->dtype()).scalar,
          " should be same as input: ", info(dtype).scalar);
  if (!is_floating(dtype)) {
    if (call.inplace) return input;
    if (!call.out) return clone(input);
    check_out("nan_to_num", call.out, input.sizes(), dtype);
    copy_into(*call.out, input);
    return *call.out;
  }
  const double largest =
      dtype == DType::float32 ? double{std::numeric_limits<float>::max()} : std::numeric_limits<double>::max();
  const auto number = [&](int i, double otherwise) {
    return call.args[i].given() ? call.args[i].number : Scalar::of(otherwise);
  };
  const Operand inputs[] = {input, number(1, 0), number(2, largest), number(3, -largest)};
  return elementwise(rows().nan_to_num, inputs, call.out, call.inplace);
}

// ---- mixes

Result lerp_op(const Call& call) {
  const Tensor &input = *call.args[0].tensor, &end = *call.args[1].tensor;
  const Value& weight = call.args[2];
  const DType dtype = input.dtype();
  check(end.dtype() == dtype, "expected dtype ", cpp_name(dtype), " for `end` but got dtype ", cpp_name(end.dtype()));
  Operand last = operand_of(weight);
  if (weight.is_tensor()) {
    check(weight.tensor->dtype() == dtype || weight.tensor->dim() == 0, "expected dtype ", cpp_name(dtype),
          " for `weight` but got dtype ", cpp_name(weight.tensor->dtype()));
    if (weight.tensor->dtype() != dtype) last = Scalar::load(weight.tensor->dtype(), weight.tensor->data());
  }
  const Operand inputs[] = {input, end, last};
  if (!is_floating(dtype)) {
    common_shape(rows().lerp, inputs);
    not_implemented(last.tensor ? "lerp_kernel_tensor" : "lerp_kernel_scalar", dtype);
  }
  return elementwise(rows().lerp, inputs, call.out, call.inplace);
}

Tensor add_scaled(const ElementwiseRow& row, const Call& call) {
  Operand inputs[] = {*call.args[0].tensor, *call.args[1].tensor, *call.args[2].tensor, Scalar()};
  const DType dtype = result_type({inputs, 3});
  if (!row.loops.by_dtype[index_of(dtype)]) {
    common_shape(row, {inputs, 3});
    not_implemented(row.kernel, dtype);
  }
  inputs[3] = as_element(call.args[3].number, dtype);
  return elementwise(row, inputs, call.out, call.inplace);
}

Result addcmul_op(const Call& call) { return add_scaled(rows().addcmul, call); }

Result addcdiv_op(const Call& call) {
  check(is_floating(call.args[1].tensor->dtype()) || is_floating(call.args[2].tensor->dtype()),
        "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true division "
        "of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value * torch.trunc(tensor1 / "
        "tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) for float inputs. The future "
        "addcdiv behavior is just the latter implementation: (input + value * tensor1 / tensor2), for all dtypes.");
  return add_scaled(rows().addcdiv, call);
}

Result rsub_op(const Call& call) {
  const Operand inputs[] = {operand_of(call.args[1]), *call.args[0].tensor, call.args[2].number};
  const Scalar alpha = call.args[2].number;
  if (alpha.kind == Scalar::Kind::integer && alpha.integer == 1) return elementwise(rows().sub, {inputs, 2});
  return elementwise(*rows().sub.variants[0].row, inputs);
}

Result round_op(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const std::int64_t decimals = call.args[1].integer();
  if (!is_floating(input.dtype())) not_implemented(decimals == 0 ? "round_vml_cpu" : "round_cpu", input.dtype());
  const Operand inputs[] = {input, Scalar::of(std::pow(10.0, std::abs(static_cast<double>(decimals))))};
  if (decimals == 0) return elementwise(rows().round, {inputs, 1}, call.out, call.inplace);
  return elementwise(decimals > 0 ? rows().round_decimals : rows().round_tens, inputs, call.out, call.inplace);
}

Result isclose_op(const Call& call) {
  const Tensor &input = *call.args[0].tensor, &other = *call.args[1].tensor;
  const double rtol = call.args[2].number.floating, atol = call.args[3].number.floating;
  check(input.dtype() == other.dtype(), info(input.dtype()).scalar, " did not match ", info(other.dtype()).scalar);
  check(rtol >= 0, "rtol must be greater than or equal to zero, but got ", rtol);
  check(atol >= 0, "atol must be greater than or equal to zero, but got ", atol);
  if (!is_floating(input.dtype()) && rtol == 0 && atol == 0) {
    const Operand inputs[] = {input, other};
    return elementwise(rows().eq, inputs);
  }
  // Integers are compared as float64: exact up to 2^53, and beyond within the tolerance.
  const DType dtype = is_floating(input.dtype()) ? input.dtype() : DType::float64;
  const Tensor a = to_dtype(input, dtype), b = to_dtype(other, dtype);
  const Operand inputs[] = {a, b, Scalar::of(rtol), Scalar::of(atol)};
  return elementwise(call.args[4].truth() ? rows().isclose_nan : rows().isclose, inputs);
}

constexpr unsigned kAll = kFunction | kMethod | kInplace | kOut;

constexpr OpRow kRows[] = {
    {"where", "", "condition: Tensor, input: Operand, other: Operand", kFunction | kOut, where_op,
     "input where condition holds, else other, element by element. condition is bool; the three are broadcast, and the result "
     "has the promoted dtype of input and other.\n\n"
     ">>> x = wengert.tensor([-1., 2, -3])\n>>> wengert.where(x > 0, x, 0.5)\ntensor([0.5000, 2.0000, 0.5000])"},
    {"where.self", "", "input: Tensor, condition: Tensor, other: Operand", kMethod, where_method,
     "input where condition holds, else other, element by element.\n\n"
     ">>> x = wengert.tensor([-1., 2, -3])\n>>> x.where(x > 0, 0.5)\ntensor([0.5000, 2.0000, 0.5000])"},
    {"masked_fill", "", "input: Tensor, mask: Tensor, value: Operand", kFunction | kMethod | kInplace, masked_fill_op,
     "value where mask holds, else input, element by element. mask is bool and broadcast with input; value is a number or a "
     "0-d "
     "tensor and becomes input's dtype.\n\n"
     ">>> x = wengert.tensor([1, 2, 3])\n>>> x.masked_fill(x > 1, 0)\ntensor([1, 0, 0])"},
    {"clamp", "clip", "input: Tensor, min: Operand? = None, max: Operand? = None", kAll, clamp_op,
     "input, but min where it is below min and max where it is above max; max where min exceeds max. NaN where any of them is "
     "NaN. The bounds are numbers, tensors that broadcast with input, or None for no bound; the result has the promoted "
     "dtype.\n\n>>> wengert.tensor([-2, 5, 9]).clamp(0, 6)\ntensor([0, 5, 6])"},
    {"clamp_min", "", "input: Tensor, min: Operand", kAll, clamp_min_op,
     "input, but min where it is below min.\n\n>>> wengert.tensor([-2, 5]).clamp_min(0)\ntensor([0, 5])"},
    {"clamp_max", "", "input: Tensor, max: Operand", kAll, clamp_max_op,
     "input, but max where it is above max.\n\n>>> wengert.tensor([-2, 5]).clamp_max(0)\ntensor([-2,  0])"},
    {"nan_to_num", "", "input: Tensor, nan: float? = None, posinf: float? = None, neginf: float? = None", kAll, nan_to_num_op,
     "input with numbers for NaN (0 unless given) and for the infinities (the dtype's largest and smallest).\n\n"
     ">>> wengert.tensor([1, wengert.nan, wengert.inf]).nan_to_num(posinf=9)\ntensor([1., 0., 9.])"},
    {"lerp", "", "input: Tensor, end: Tensor, weight: Operand", kAll, lerp_op,
     "input + weight * (end - input), element by element. Floats of one dtype.\n\n"
     ">>> wengert.lerp(wengert.tensor([1., 2]), wengert.tensor([3., 6]), 0.5)\ntensor([2., 4.])"},
    {"addcmul", "", "input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1", kAll, addcmul_op,
     "input + value * tensor1 * tensor2, element by element.\n\n"
     ">>> one = wengert.tensor([1, 2])\n>>> wengert.addcmul(one, one, one, value=3)\ntensor([ 4, 14])"},
    {"addcdiv", "", "input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1", kAll, addcdiv_op,
     "input + value * tensor1 / tensor2, element by element. RuntimeError where both tensors are integers.\n\n"
     ">>> one = wengert.tensor([1., 2])\n>>> wengert.addcdiv(one, one, one, value=3)\ntensor([4., 5.])"},
    {"rsub", "", "input: Tensor, other: Operand, *, alpha: Number = 1", kFunction, rsub_op,
     "other - alpha * input, element by element.\n\n>>> wengert.rsub(wengert.tensor([1, 2]), 10)\ntensor([9, 8])"},
    {"round.decimals", "", "input: Tensor, *, decimals: int", kAll, round_op,
     "input rounded to that many decimals, negative ones for tens, hundreds ...; halves go to the even digit. Floats only.\n\n"
     ">>> wengert.tensor([1.2345]).round(decimals=2)\ntensor([1.2300])"},
    {"isclose", "", "input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False",
     kFunction | kMethod, isclose_op,
     "Whether abs(input - other) <= atol + rtol * abs(other), element by element. Infinities are close to themselves only, NaN "
     "to NaN with equal_nan.\n\n"
     ">>> wengert.isclose(wengert.tensor([1., 2]), wengert.tensor([1.000001, 2.1]))\ntensor([ True, False])"},
};

}  // namespace

constinit const std::span<const OpRow> kChoiceOps = kRows;

}  // namespace wengert
