"""A lecture on automatic differentiation and matrix products, end to end.

    python examples/lecture.py [--steps 10] [--pictures DIR]

The graph of f(x) = sin(log(x^2 + 1)), its derivative by hand and by backward(), ten steps of Adam, and the products of vectors and
matrices: dot, mv, mm, matmul and Hadamard's.
"""

import argparse
from pathlib import Path

import wengert as torch


def f(x):
    return torch.sin(torch.log(x**2 + 1))


def derivative(x):
    """f'(x) by hand, with the chain rule."""
    return torch.cos(torch.log(x**2 + 1)) / (x**2 + 1) * 2 * x


def graph(pictures):
    x = torch.tensor([1.0], requires_grad=True)
    y = f(x)
    print("The graph of f(x) = sin(log(x^2 + 1)):\n")
    recorded = torch.viz.graph(y)
    print(recorded)
    node = y.grad_fn
    names = []
    while node is not None:
        names.append(type(node).__name__)
        node = node.next_functions[0][0] if node.next_functions else None
    print(f"\nfrom the result back to the leaf: {' -> '.join(names)}")
    if pictures:
        recorded.save(pictures / "lecture-graph.svg")


def by_hand():
    x = torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True)
    f(x).sum().backward()
    expected = derivative(x.detach())
    print("\nThe derivative, by hand and by backward():\n")
    print("      x    by hand  backward")
    for point, one, other in zip(x.tolist(), expected.tolist(), x.grad.tolist(), strict=True):
        print(f"{point:7.2f}  {one:9.6f} {other:9.6f}")
    print(f"largest difference: {(x.grad - expected).abs().max().item():.1e}")


def descend(steps, pictures):
    x = torch.tensor([1.0], requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.1)
    path, values = [], []
    print("\nAdam walks downhill:\n")
    for i in range(steps):
        y = f(x)
        y.backward()
        print(f"step {i}: x = {x.item():.4f}, y = {y.item():.6f}, dy/dx = {x.grad.item():.6f}")
        path.append(x.item())
        values.append(y.item())
        optimizer.step()
        optimizer.zero_grad()
    print(f"after {steps} steps: x = {x.item():.4f}")
    if pictures:
        grid = torch.linspace(-0.5, 1.5, 201)
        plot = torch.viz.curves({"sin(log(x² + 1))": (grid, f(grid))}, xlabel="x", ylabel="y", title=f"{steps} steps of Adam")
        plot.figure.axes[0].plot(path, values, "o-", color="#d1770c")
        plot.save(pictures / "lecture-adam.svg")


def products():
    print("\nProducts of vectors and matrices:\n")
    u, v = torch.tensor([1, 2, 3]), torch.tensor([4, 5, 6])
    print("dot(u, v) =", torch.dot(u, v))

    a = torch.tensor([[1, 2, 3], [4, 3, 8], [1, 7, 2]])
    b = torch.tensor([[2, 4, 1], [1, 3, 6], [2, 6, 5]])
    print("mv(a, u) =", torch.mv(a, u))
    print("mm(a, b) =", torch.mm(a, b), sep="\n")
    print("a @ u and u @ a:", torch.matmul(a, u), torch.matmul(u, a))

    x, y = torch.arange(1, 7).view(2, 3), torch.arange(1, 7).view(3, 2)
    print("(2, 3) times (3, 2):", x @ y, "and (3, 2) times (2, 3):", y @ x, sep="\n")

    p, q = torch.tensor([[1, 2], [3, 4]]), torch.tensor([[5, 6], [7, 8]])
    print("p * q, element by element (Hadamard):", p * q, "p @ q, rows by columns:", p @ q, sep="\n")

    batch = torch.arange(12).view(2, 2, 3)
    print("a batch of two (2, 3) times one (3, 3):", tuple((batch @ a).shape))
    try:
        torch.mm(x, x)
    except RuntimeError as error:
        print("mm(x, x):", error)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10, help="of Adam")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write the pictures there; needs matplotlib")
    options = parser.parse_args()
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)

    graph(options.pictures)
    by_hand()
    descend(options.steps, options.pictures)
    products()


if __name__ == "__main__":
    main()
