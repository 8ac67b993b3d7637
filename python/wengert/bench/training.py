"""The cases of training: a step of forward pass, backward pass and optimizer, on networks as PyTorch's users write them.

Every library runs the same program, with the same seed on the same batch, and the losses of the first steps must agree.
"""

from __future__ import annotations

from collections.abc import Iterator

from .cases import ITEMSIZE, Case, Operand, elements

FAMILY = "training"
# Steps of 1e-4 leave the loss well above zero after the thousands of steps of a measurement; a batch that is fitted would have
# gradients so small that their squares are denormal, which costs what no training costs.
STEP = """\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
def step({arguments}):
    optimizer.zero_grad()
    loss = {loss}
    loss.backward()
    optimizer.step()
    return loss
"""
CNN = """\
model = torch.nn.Sequential(
    torch.nn.Conv2d(1, 16, 3, padding=1),
    torch.nn.ReLU(),
    torch.nn.MaxPool2d(2),
    torch.nn.Conv2d(16, 32, 3, padding=1),
    torch.nn.ReLU(),
    torch.nn.MaxPool2d(2),
    torch.nn.Flatten(),
    torch.nn.Linear(32 * 7 * 7, 10),
)
"""
TRANSFORMER = """\
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = torch.nn.Embedding(64, 128)
        self.places = torch.nn.Parameter(0.02 * torch.randn(64, 128))
        layer = torch.nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
        self.layers = torch.nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        self.head = torch.nn.Linear(128, 64)

    def forward(self, tokens):
        return self.head(self.layers(self.tokens(tokens) + self.places, mask=mask, is_causal=True))

mask = torch.nn.Transformer.generate_square_subsequent_mask(64)
model = Model()
"""
LSTM = """\
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(16, 64, batch_first=True)
        self.head = torch.nn.Linear(64, 1)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])

model = Model()
"""


def _training(name: str, operands: tuple[Operand, ...], model: str, loss: str, flops: float, family: str) -> Case:
    """``model`` are statements that make ``model``; ``loss`` an expression of it and the operands."""
    arguments = ", ".join(o.name for o in operands)
    return Case(
        name=name,
        family=family,
        dtype="float32",
        operands=operands,
        code={"torch": f"step({arguments})"},
        bytes=float(sum(elements(o.shape) * ITEMSIZE[o.dtype or "float32"] for o in operands)) if flops else 0.0,
        flops=flops,
        check="peers",
        program={"torch": "torch.manual_seed(1964)\n" + model + STEP.format(arguments=arguments, loss=loss)},
    )


def _labels(*shape: int, classes: int) -> Operand:
    return Operand("t", shape, dtype="int64", low=0, high=classes)


def tiny(family: str = FAMILY) -> Case:
    """Where calls are all there is."""
    model = "model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))\n"
    operands = (Operand("x", (4, 2)), Operand("t", (4, 1)))
    return _training("MLP 2-16-1, batch 4, Adam", operands, model, "torch.nn.functional.mse_loss(model(x), t)", 0.0, family)


def mlp(family: str = FAMILY) -> Case:
    model = "model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))\n"
    operands = (Operand("x", (64, 784)), _labels(64, classes=10))
    # Forward, the gradients of both weights, and the hidden layer's.
    flops = 2.0 * 64 * (2 * 784 * 128 + 3 * 128 * 10)
    loss = "torch.nn.functional.cross_entropy(model(x), t)"
    return _training("MLP 784-128-10, batch 64, Adam", operands, model, loss, flops, family)


def cnn(family: str = FAMILY) -> Case:
    operands = (Operand("x", (32, 1, 28, 28)), _labels(32, classes=10))
    # Products with 3x3 kernels: 784 places from 1 to 16 channels, whose input needs no gradient, and 196 from 16 to 32.
    flops = 2.0 * 32 * (2 * 784 * 16 * 9 + 3 * 196 * 16 * 32 * 9 + 3 * 32 * 49 * 10)
    loss = "torch.nn.functional.cross_entropy(model(x), t)"
    return _training("CNN 1x28x28, 16 and 32 channels, batch 32, Adam", operands, CNN, loss, flops, family)


def transformer(family: str = FAMILY) -> Case:
    """A language model of 64 tokens. Its masked attention counts in full."""
    operands = (_labels(16, 64, classes=64), Operand("x", (16, 64), dtype="int64", low=0, high=64))
    # A token of a layer: 12 products with 128x128 matrices, and with 64 keys and values; then the head.
    flops = 3 * 2.0 * 16 * 64 * (4 * (12 * 128 * 128 + 2 * 64 * 128) + 128 * 64)
    loss = "torch.nn.functional.cross_entropy(model(x).flatten(0, 1), t.flatten())"
    name = "transformer, 4 layers of 128, batch 16, length 64, Adam"
    return _training(name, operands, TRANSFORMER, loss, flops, family)


def lstm(family: str = FAMILY) -> Case:
    operands = (Operand("x", (32, 50, 16)), Operand("t", (32, 1)))
    # Four gates: forward and gradient of the weights from 16 inputs, and the states' gradients too from 64 states.
    flops = 2.0 * 32 * 50 * 4 * 64 * (2 * 16 + 3 * 64)
    loss = "torch.nn.functional.mse_loss(model(x), t)"
    return _training("LSTM 16 to 64, batch 32, length 50, Adam", operands, LSTM, loss, flops, family)


def _every() -> Iterator[Case]:
    yield tiny()
    yield mlp()
    yield cnn()
    yield transformer()
    yield lstm()


def written_cases() -> list[Case]:
    """Every case of this file."""
    return list(_every())
