"""Not run: mypy checks that the stubs say what these calls give."""

from collections.abc import Callable
from typing import Any, assert_type

from numpy.typing import NDArray

import wengert as torch

a = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float32)
assert_type(a, torch.Tensor)
assert_type(a.shape, torch.Size)
assert_type(a.size(0), int)
assert_type(a.dtype, torch.dtype)
assert_type(a + 1, torch.Tensor)
assert_type(2.5 * a, torch.Tensor)
assert_type(a @ a.t(), torch.Tensor)
assert_type(a < a.T, torch.Tensor)
assert_type(a[0, ..., None, ::2], torch.Tensor)
assert_type(a.view(-1), torch.Tensor)
assert_type(a.view((4,)), torch.Tensor)
assert_type(a.view(2, 2).add_(1, alpha=2), torch.Tensor)
assert_type(a.to(torch.int64, copy=True), torch.Tensor)
assert_type(a.float().int(), torch.Tensor)
assert_type(a.numpy(), NDArray[Any])
assert_type(a.max(), torch.Tensor)
assert_type(a.max(dim=1).indices, torch.Tensor)
assert_type(torch.equal(a, a), bool)
assert_type(torch.zeros(2, 3, dtype=torch.int64), torch.Tensor)
assert_type(torch.zeros([2, 3], out=a), torch.Tensor)
assert_type(torch.arange(0, 1, 0.1), torch.Tensor)
assert_type(torch.randn(3, generator=torch.Generator().manual_seed(1)), torch.Tensor)
assert_type(torch.mm(a, a, out=a), torch.Tensor)
assert_type(torch.sum(a, 0, keepdim=True), torch.Tensor)
assert_type(torch.memory_stats(), dict[str, int])

x = torch.ones(2, requires_grad=True)
assert_type(x.requires_grad, bool)
assert_type(x.grad, torch.Tensor | None)
assert_type(x.detach().requires_grad_(), torch.Tensor)
x.sum().backward(retain_graph=True)
x.grad = None
with x.register_hook(lambda grad: grad * 2) as handle:
    handle.remove()
node = (x * 2).grad_fn
assert node is not None
assert_type(node.name(), str)
assert_type(node.next_functions[0][1], int)
assert_type(node.saved, dict[str, Any])


@torch.no_grad()
def first(t: torch.Tensor) -> int:
    return int(t)


@torch.no_grad
def second(t: torch.Tensor) -> int:
    return int(t)


@torch.inference_mode
def third(t: torch.Tensor) -> int:
    return int(t)


callables: list[Callable[[torch.Tensor], int]] = [first, second, third]
assert_type(second(x), int)
with torch.no_grad(), torch.enable_grad(), torch.set_grad_enabled(False), torch.inference_mode():
    assert_type(torch.is_grad_enabled(), bool)


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, t: torch.Tensor) -> torch.Tensor:
        return t * 2

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        return grad * 2


Double.apply(x)
torch.optim.SGD([x], lr=0.1).step()
torch.func.grad(lambda t: t.sum())(x)

torch.mm(a, 2)  # type: ignore[arg-type]
a.view("x")  # type: ignore[arg-type]
