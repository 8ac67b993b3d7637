// A tensor given another size in place: resize_, resize_as_; and sum_to_size, the reverse of expand.
#pragma once

#include <span>

#include "ops/op.h"

namespace wengert {

extern const std::span<const OpRow> kResizeOps;

}  // namespace wengert
