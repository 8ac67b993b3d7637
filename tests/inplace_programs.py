"""Random programs of views and writes in place, for either library.

A program starts from two leaves of shape (4, 3) and grows a pool of tensors: views of views, products, and what is written through
them. Its loss reads every tensor of the pool that requires a gradient at the end, so that each view, read after writes through
others, has to know what it holds. All choices come from the seed and from shapes, never from values: the same program runs in any
library and at any point.
"""

import random

import numpy

SHAPE = (4, 3)


class Program:
    def __init__(self, library, seed, leaves, reversed_views=False):
        self.library, self.leaves = library, leaves
        self.choose = random.Random(seed)
        self.numbers = numpy.random.RandomState(seed)
        self.pool = [leaves[0] * 1, leaves[1] * 2, self.tensor(SHAPE), self.tensor(SHAPE)]
        self.log = []
        self.steps = [step for step in STEPS if reversed_views or step is not reverse]

    def tensor(self, shape):
        return self.library.tensor(self.numbers.uniform(0.5, 1.5, shape))

    def pick(self):
        return self.pool[self.choose.randrange(len(self.pool))]

    def alike(self, shape):
        """A tensor of the pool of this shape, or a new one."""
        found = [tensor for tensor in self.pool if tuple(tensor.shape) == tuple(shape)]
        return self.choose.choice(found) if found else self.tensor(tuple(shape))

    def apart(self, shape):
        """As alike, in memory of its own: what is read while it is written to is anybody's guess."""
        return self.alike(shape) * 1

    def index(self, size):
        return self.choose.randrange(size)

    def run(self):
        """The loss, a tensor."""
        for _ in range(self.choose.randrange(3, 14)):
            step = self.choose.choice(self.steps)
            self.log.append(step.__name__)
            made = step(self, self.pick())
            if made is not None:
                self.pool.append(made)
        loss = self.tensor(()) * 0
        for tensor in self.pool:
            if tensor.requires_grad:
                loss = loss + (tensor * tensor.cos()).sum()
        return loss


# Views -------------------------------------------------------------------------------------------------------------------


def select(program, t):
    return t[program.index(t.shape[0])] if t.dim() and t.shape[0] else None


def cut(program, t):
    start = program.index(3)
    return t[start : start + 2] if t.dim() else None


def column(program, t):
    return t[:, program.index(t.shape[1])] if t.dim() > 1 and t.shape[1] else None


def stride(program, t):
    return t[..., ::2] if t.dim() else None


def reverse(program, t):
    return t[::-1] if t.dim() else None


def transpose(program, t):
    return t.transpose(0, -1) if t.dim() > 1 else None


def flat(program, t):
    return t.reshape(-1)


def new_dim(program, t):
    return t.unsqueeze(program.index(t.dim() + 1)) if t.dim() < 4 else None


def expand(program, t):
    return t.unsqueeze(0).expand(2, *t.shape) if 0 < t.dim() < 4 else None


def diagonal(program, t):
    return t.diagonal() if t.dim() == 2 else None


def strided(program, t):
    return t.as_strided((2, 2), (2, 1), t.storage_offset()) if t.dim() == 2 and t.is_contiguous() and t.numel() >= 4 else None


def alias(program, t):
    return t.view_as(t)


def parts(program, t):
    if t.dim() == 2:
        program.pool.extend(t.unbind(program.index(2))[:2])


def halves(program, t):
    if t.dim() and t.shape[0] > 1:
        program.pool.append(t.split(2)[0])


def sections(program, t):
    if t.dim() and t.shape[0] > 1:
        program.pool.extend(t.tensor_split(2))


# Writes ------------------------------------------------------------------------------------------------------------------


def scale(program, t):
    t.mul_(program.choose.choice([0.5, 2.0]))


def add(program, t):
    t.add_(program.alike(t.shape), alpha=0.5)


def multiply(program, t):
    t.mul_(program.alike(t.shape))


def augment(program, t):
    other = program.apart(t.shape[1:])
    t += other


def wave(program, t):
    t.sin_()


def exponential(program, t):
    t.mul_(0.1).exp_()


def copy(program, t):
    t.copy_(program.alike(t.shape))


def fill(program, t):
    t.fill_(1.25)


def set_row(program, t):
    if t.dim() and t.shape[0]:
        t[program.index(t.shape[0])] = program.choose.choice([0.0, 3.0])


def set_row_to(program, t):
    if t.dim() and t.shape[0]:
        t[program.index(t.shape[0])] = program.apart(t.shape[1:])


def set_column_to(program, t):
    if t.dim() > 1 and t.shape[0] and t.shape[1]:
        t[:, program.index(t.shape[1])] = t[:, 0] * 2


def set_broadcast(program, t):
    if t.dim() > 1:
        t[:2] = program.apart(t.shape[-1:]).reshape((1,) * (t.dim() - 1) + (-1,))


def set_places(program, t):
    if t.dim() and t.shape[0] > 1:
        key = program.library.tensor([t.shape[0] - 1, 0])
        t[key] = program.apart(t.shape[1:])


def set_mask(program, t):
    if t.dim():
        mask = program.library.tensor(program.numbers.uniform(size=t.shape[0]) > 0.5)
        t[mask] = program.choose.choice([0.5, 2.5])


def masked(program, t):
    t.masked_fill_(program.library.tensor(program.numbers.uniform(size=tuple(t.shape)) > 0.5), 1.5)


def shift_unseen(program, t):
    """A constant is added where nothing is recorded: values move, gradients do not."""
    with program.library.no_grad():
        t.add_(0.125)


# Tensor objects that turn into views of themselves -------------------------------------------------------------------------


def turn(program, t):
    if t.dim() > 1:
        t.transpose_(0, -1)


def grow(program, t):
    if t.dim() < 4:
        t.unsqueeze_(program.index(t.dim() + 1))


# Results -----------------------------------------------------------------------------------------------------------------


def square(program, t):
    return t * t


def total(program, t):
    return t.sum(0) if t.dim() else None


def joined(program, t):
    return program.library.cat([t, t * 2]) if t.dim() and t.dim() < 4 and t.shape[0] < 5 else None


VIEWS = [
    select,
    cut,
    column,
    stride,
    reverse,
    transpose,
    flat,
    new_dim,
    expand,
    diagonal,
    strided,
    alias,
    parts,
    halves,
    sections,
]
WRITES = [scale, add, multiply, augment, wave, exponential, copy, fill]
ASSIGNMENTS = [set_row, set_row_to, set_column_to, set_broadcast, set_places, set_mask, masked, shift_unseen]
STEPS = [*VIEWS, *WRITES, *ASSIGNMENTS, turn, grow, square, total, joined]


def leaves_of(library, seed, shift=(0.0, 0.0)):
    """The two leaves of the seed, moved by shift."""
    numbers = numpy.random.RandomState(seed + 1)
    values = [numbers.uniform(0.5, 1.5, SHAPE) + move for move in shift]
    return [library.tensor(value).requires_grad_() for value in values]


def run(library, seed, shift=(0.0, 0.0), **options):
    """(loss, gradients as arrays or None); RuntimeError where the library refuses the program."""
    leaves = leaves_of(library, seed, shift)
    loss = Program(library, seed, leaves, **options).run()
    if loss.requires_grad:
        loss.backward()
    return float(loss.detach()), [None if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]


def loss_of(library, seed, shift, **options):
    leaves = leaves_of(library, seed, shift)
    return float(Program(library, seed, leaves, **options).run().detach())
