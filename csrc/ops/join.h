// Tensors put together: cat, stack and their kin.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kJoinOps;

}  // namespace wengert
