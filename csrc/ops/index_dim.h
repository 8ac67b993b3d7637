// A list of indices along one dimension: index_select, index_copy, index_fill, index_add, index_reduce.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kIndexDimOps;

}  // namespace wengert
