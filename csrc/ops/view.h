// Views: the same storage under other sizes and strides. Nothing here touches an element, except reshape where no view can do.
#pragma once

#include <span>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

Tensor view(const Tensor& input, const Dims& size);
Tensor reshape(const Tensor& input, const Dims& size);
Tensor transpose(const Tensor& input, std::int64_t dim0, std::int64_t dim1);
Tensor permute(const Tensor& input, const Dims& dims);
Tensor reversed_dims(const Tensor& input);                            // .T
Tensor matrix_transpose(const Tensor& input);                         // .mT
Tensor adjoint(const Tensor& input, const char* name = "adjoint()");  // also .mH
Tensor unsqueeze(const Tensor& input, std::int64_t dim);
Tensor expand(const Tensor& input, const Dims& size);
void check_in_bounds(std::int64_t index, std::int64_t size, int dim);  // IndexError names dim
Tensor select(const Tensor& input, int dim, std::int64_t index);       // without that dim; IndexError outside it
// The elements start, start + step, ... (length of them) of dim; all inside it.
Tensor slice(const Tensor& input, int dim, std::int64_t start, std::int64_t step, std::int64_t length);

extern const std::span<const OpRow> kViewOps;

}  // namespace wengert
