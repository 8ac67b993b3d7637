// sin, cos, tan and their inverses.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kTrigonometric;
const ElementwiseRows kTrigonometric = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
