// Copies of a tensor with one of its views replaced: select_scatter, slice_scatter, diagonal_scatter, as_strided_scatter.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kViewScatterOps;

}  // namespace wengert
