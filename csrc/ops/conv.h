// conv1d/2d/3d, conv_transpose1d/2d/3d and the gradients of both.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kConvOps;

}  // namespace wengert
