// Layer, group, batch and root-mean-square normalisation, and their gradients.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kNormalizeOps;

}  // namespace wengert
