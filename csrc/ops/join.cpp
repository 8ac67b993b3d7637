#include "ops/join.h"

namespace wengert {

constinit const std::span<const OpRow> kJoinOps;

}  // namespace wengert
