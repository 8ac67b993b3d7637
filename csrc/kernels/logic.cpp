// Logical operators.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kLogic;
const ElementwiseRows kLogic = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
