// Variances and standard deviations.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kMomentOps;

}  // namespace wengert
