// Activations of networks, losses of single elements and the gradients of both, which are elementwise kernels.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kActivationOps;

}  // namespace wengert
