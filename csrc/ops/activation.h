// Activations of networks and their gradients, which are elementwise kernels.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kActivationOps;

}  // namespace wengert
