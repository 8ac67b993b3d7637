// pow.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kPower;
const ElementwiseRows kPower = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
