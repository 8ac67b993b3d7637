// PyTorch's type promotion (torch.result_type): dimensioned tensors before 0-d tensors before Python numbers, by category.
#pragma once

#include <span>

#include "ops/elementwise.h"

namespace wengert {

DType promote_types(DType a, DType b);
DType result_type(std::span<const Operand> operands);
DType default_dtype();                // of Python floats: float32 unless set
void set_default_dtype(DType dtype);  // TypeError unless floating
bool can_cast(DType from, DType to);  // PyTorch's: no float to integer, no number to bool

}  // namespace wengert
