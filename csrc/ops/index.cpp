#include "ops/index.h"

namespace wengert {

constinit const std::span<const OpRow> kIndexOps;

}  // namespace wengert
