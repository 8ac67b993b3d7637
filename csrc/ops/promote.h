// PyTorch's type promotion (torch.result_type): dimensioned tensors before 0-d tensors before Python numbers, by category.
#pragma once

#include <span>

#include "ops/elementwise.h"

namespace wengert {

// Between unsigned and signed integers the smallest that holds both; RuntimeError for uint64 with a signed one. (PyTorch raises
// wherever uint16, uint32 or uint64 meets another integer or bool.)
DType promote_types(DType a, DType b);
DType result_type(std::span<const Operand> operands);
DType default_dtype();                // of Python floats: float32 unless set
void set_default_dtype(DType dtype);  // TypeError unless floating
const char* cpp_name(DType dtype);    // the C++ type, as PyTorch's messages on dtypes have it
bool can_cast(DType from, DType to);  // PyTorch's: no float to integer, no number to bool

}  // namespace wengert
