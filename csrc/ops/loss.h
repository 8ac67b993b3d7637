// Losses of classification, and the rows of an embedding.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kLossOps;

}  // namespace wengert
