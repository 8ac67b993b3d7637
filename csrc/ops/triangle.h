// Triangles and diagonals of matrices: tril, triu, diag, diag_embed, diagflat, trace.
#pragma once

#include <span>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kTriangleOps;

}  // namespace wengert
