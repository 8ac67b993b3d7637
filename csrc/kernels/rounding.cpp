// Rounding, signs, reciprocals, and what floats are: NaN, infinite.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kRounding;
const ElementwiseRows kRounding = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
