// Bitwise operators and shifts.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kBitwise;
const ElementwiseRows kBitwise = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
