// Indexing by tensors: advanced indexing, gather, scatter, index_*, take, put, masked_*, nonzero.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kIndexOps;

}  // namespace wengert
