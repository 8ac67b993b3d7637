// Indices into the row-major order of all elements: take and put.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kTakeOps;

}  // namespace wengert
