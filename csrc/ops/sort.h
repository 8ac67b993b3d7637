// Sorting, searching and counting.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kSortOps;

}  // namespace wengert
