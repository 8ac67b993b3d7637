#include "ops/representation.h"

#include "ops/copy.h"
#include "ops/elementwise.h"

namespace wengert {
namespace {

Result itself(const Call& call) { return *call.args[0].tensor; }

Result positive_op(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  check(input.dtype() != DType::boolean, "The `+` operator, on a bool tensor is not supported. [positive: input ",
        tuple_of(input.sizes()), " bool]");
  return input;
}

Result conj_physical_op(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  if (!call.out || call.inplace) return input;
  check_out("conj_physical", call.out, input.sizes(), input.dtype());
  check_no_partial_overlap(*call.out, input);
  copy_into(*call.out, input);
  return *call.out;
}

Result frexp_op(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  check(is_floating(input.dtype()), "torch.frexp() only supports floating-point dtypes [frexp: input ", tuple_of(input.sizes()),
        ' ', info(input.dtype()).name, ']');
  if (call.out) {
    check(call.out->dtype() == input.dtype(), "torch.frexp() expects mantissa to have dtype ", info(input.dtype()).scalar,
          " but got ", info(call.out->dtype()).scalar);
    check(call.out2->dtype() == DType::int32, "torch.frexp() expects exponent to have int dtype but got ",
          info(call.out2->dtype()).scalar);
    check_out("frexp", call.out, input.sizes(), input.dtype());
    check_out("frexp", call.out2, input.sizes(), DType::int32);
    check_no_overlap(*call.out, *call.out2);
  }
  // Looked up once: the active kernel table does not change.
  static const ElementwiseRow &mantissa_row = kernel_row("frexp_mantissa"), &exponent_row = kernel_row("frexp_exponent");
  const Operand operand(input);
  Tensor mantissa = elementwise(mantissa_row, {&operand, 1});
  Tensor exponent = to_dtype(elementwise(exponent_row, {&operand, 1}), DType::int32);
  if (!call.out) return std::pair(std::move(mantissa), std::move(exponent));
  copy_into(*call.out, mantissa);
  copy_into(*call.out2, exponent);
  return std::pair(*call.out, *call.out2);
}

constexpr unsigned kSame = kFunction | kMethod | kSelf;

constexpr OpRow kRows[] = {
    {"frexp", "", "input: Tensor -> (mantissa, exponent)", kFunction | kMethod | kOut, frexp_op,
     "Mantissas of magnitude in [1/2, 1) and int32 exponents: input = mantissa * 2^exponent. Zeros, infinities and NaN are "
     "their "
     "own mantissa, with exponent 0. RuntimeError for integers.\n\n"
     ">>> wengert.frexp(wengert.tensor([8.0, 0.75])).exponent\ntensor([4, 0], dtype=torch.int32)"},
    {"positive", "", "input: Tensor", kSame, positive_op,
     "input itself: what + before a tensor gives. RuntimeError for bool.\n\n"
     ">>> wengert.positive(wengert.tensor([1, -2]))\ntensor([ 1, -2])"},
    {"conj", "", "input: Tensor", kSame, itself,
     "The complex conjugate, which of real numbers is the tensor itself.\n\n"
     ">>> wengert.tensor([1.5]).conj()\ntensor([1.5000])"},
    {"conj_physical", "", "input: Tensor", kSame | kInplace | kOut, conj_physical_op,
     "The complex conjugate, which of real numbers is the tensor itself; with out=, a copy.\n\n"
     ">>> wengert.conj_physical(wengert.tensor([1.5]))\ntensor([1.5000])"},
    {"resolve_conj", "", "input: Tensor", kSame, itself,
     "The tensor itself: there is no lazy conjugation to resolve.\n\n"
     ">>> wengert.tensor([1.5]).resolve_conj()\ntensor([1.5000])"},
    {"resolve_neg", "", "input: Tensor", kSame, itself,
     "The tensor itself: there is no lazy negation to resolve.\n\n>>> wengert.tensor([1.5]).resolve_neg()\ntensor([1.5000])"},
    {"real", "", "input: Tensor", kFunction | kSelf, itself,
     "The real part, which of real numbers is the tensor itself.\n\n>>> wengert.real(wengert.tensor([1.5]))\ntensor([1.5000])"},
};

}  // namespace

constinit const std::span<const OpRow> kRepresentationOps = kRows;

}  // namespace wengert
