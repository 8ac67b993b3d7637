// Scaled dot-product attention and its gradients, block by block.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kAttentionOps;

}  // namespace wengert
