// Elementwise operators that choose or mix and take optional operands: where, clamp.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kChoiceOps;

}  // namespace wengert
