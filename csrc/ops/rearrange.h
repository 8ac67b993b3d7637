// The elements in other places: flip, roll, rot90, repeat, tile, repeat_interleave, constant padding.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kRearrangeOps;

}  // namespace wengert
