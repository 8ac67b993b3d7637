// Running results along a dimension: cumsum, cumprod, cummax, cummin, logcumsumexp.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kScanOps;

}  // namespace wengert
