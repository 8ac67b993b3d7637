// Error functions, gamma functions, and others.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kSpecial;
const ElementwiseRows kSpecial = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
