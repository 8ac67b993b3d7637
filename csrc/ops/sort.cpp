#include "ops/sort.h"

namespace wengert {

constinit const std::span<const OpRow> kSortOps;

}  // namespace wengert
