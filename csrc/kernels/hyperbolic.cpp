// sinh, cosh, tanh, sigmoid and their inverses.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kHyperbolic;
const ElementwiseRows kHyperbolic = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
