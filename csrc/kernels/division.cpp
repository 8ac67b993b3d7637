// Remainders, floor division, greatest common divisors.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kDivision;
const ElementwiseRows kDivision = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
