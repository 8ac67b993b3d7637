// Operators that choose or mix: where, clamp, lerp, addcmul.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {

extern const ElementwiseRows kChoice;
const ElementwiseRows kChoice = {nullptr, 0};

}  // namespace wengert::WENGERT_ISA
