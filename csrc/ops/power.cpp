#include "ops/power.h"

#include "ops/copy.h"
#include "ops/elementwise.h"

namespace wengert {
namespace {

Result float_power_op(const Call& call) {
  if (call.out)
    check(call.out->dtype() == DType::float64,
          call.inplace ? "the base given to float_power_" : "the output given to float_power", " has dtype ",
          info(call.out->dtype()).scalar, " but the operation's result requires dtype Double");
  Tensor tensors[2];
  Operand operands[2];
  for (int k = 0; k < 2; ++k) {
    if (call.args[k].is_tensor()) {
      tensors[k] = to_dtype(*call.args[k].tensor, DType::float64);
      operands[k] = Operand(tensors[k]);
    } else {
      operands[k] = Operand(Scalar::of(call.args[k].number.to<double>()));
    }
  }
  static const ElementwiseRow& row = kernel_row("pow");  // looked up once: the active kernel table does not change
  return elementwise(row, operands, call.out, call.inplace);
}

constexpr OpRow kRows[] = {
    {"float_power", "", "input: Operand, exponent: Operand", kFunction | kMethod | kInplace | kOut, float_power_op,
     "pow of input and exponent as float64, whatever their dtypes; either may be a number. RuntimeError where out=, or the "
     "tensor of the in-place form, is not float64.\n\n"
     ">>> wengert.float_power(wengert.tensor([1, 2]), -1)\ntensor([1.0000, 0.5000], dtype=torch.float64)"},
};

}  // namespace

constinit const std::span<const OpRow> kPowerOps = kRows;

}  // namespace wengert
