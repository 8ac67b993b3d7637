// Exponentials, logarithms and what is made of them.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kExponential;
const ElementwiseRows kExponential = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
