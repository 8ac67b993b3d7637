// float_power: pow in float64.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kPowerOps;

}  // namespace wengert
