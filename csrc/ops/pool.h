// Pooling: extremes and means of windows, and their gradients.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kPoolOps;

}  // namespace wengert
