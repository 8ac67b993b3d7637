"""The published algorithms of the optimizers in float64, and the options that tests run them with."""

import itertools

import numpy as np
import pytest

import wengert as torch
import wengert.optim

STEPS = 10


class Reference:
    """A method on one array: `step(p, g, t)` changes p in place; attributes are its state."""

    def __init__(self, lr, weight_decay=0.0, **options):
        self.lr, self.weight_decay = lr, weight_decay
        self.__dict__.update(options)
        self.state = {}

    def kept(self, name, p, start=0.0):
        return self.state.setdefault(name, np.full_like(p, start))

    def step(self, p, g, t):
        if getattr(self, "maximize", False):
            g = -g
        if getattr(self, "decoupled_weight_decay", False):
            p *= 1 - self.lr * self.weight_decay
        else:
            g = g + self.weight_decay * p
        self.update(p, g, t)

    def moments(self, p, g):
        m, v = self.kept("m", p), self.kept("v", p)
        m[...] = self.betas[0] * m + (1 - self.betas[0]) * g
        v[...] = self.betas[1] * v + (1 - self.betas[1]) * g**2
        return m, v


class SGD(Reference):
    momentum = dampening = 0.0
    nesterov = False

    def update(self, p, g, t):
        if self.momentum:
            b = self.kept("b", p)
            b[...] = g if t == 1 else self.momentum * b + (1 - self.dampening) * g
            g = g + self.momentum * b if self.nesterov else b
        p -= self.lr * g


class Adam(Reference):
    betas, eps, amsgrad = (0.9, 0.999), 1e-8, False

    def update(self, p, g, t):
        m, v = self.moments(p, g)
        if self.amsgrad:
            largest = self.kept("largest", p)
            largest[...] = v = np.maximum(largest, v)
        p -= self.lr * m / (1 - self.betas[0] ** t) / (np.sqrt(v / (1 - self.betas[1] ** t)) + self.eps)


class AdamW(Adam):
    decoupled_weight_decay = True


class RMSprop(Reference):
    alpha, eps, momentum, centered = 0.99, 1e-8, 0.0, False

    def update(self, p, g, t):
        v, a, b = self.kept("v", p), self.kept("a", p), self.kept("b", p)
        v[...] = self.alpha * v + (1 - self.alpha) * g**2
        a[...] = self.alpha * a + (1 - self.alpha) * g
        d = g / (np.sqrt(v - a**2 if self.centered else v) + self.eps)
        b[...] = self.momentum * b + d
        p -= self.lr * b


class Adagrad(Reference):
    lr_decay, eps, initial_accumulator_value = 0.0, 1e-10, 0.0

    def update(self, p, g, t):
        s = self.kept("s", p, self.initial_accumulator_value)
        s += g**2
        p -= self.lr / (1 + (t - 1) * self.lr_decay) * g / (np.sqrt(s) + self.eps)


class Adadelta(Reference):
    rho, eps = 0.9, 1e-6

    def update(self, p, g, t):
        v, u = self.kept("v", p), self.kept("u", p)
        v[...] = self.rho * v + (1 - self.rho) * g**2
        d = np.sqrt(u + self.eps) / np.sqrt(v + self.eps) * g
        u[...] = self.rho * u + (1 - self.rho) * d**2
        p -= self.lr * d


class Adamax(Reference):
    betas, eps = (0.9, 0.999), 1e-8

    def update(self, p, g, t):
        m, u = self.kept("m", p), self.kept("u", p)
        m[...] = self.betas[0] * m + (1 - self.betas[0]) * g
        u[...] = np.maximum(self.betas[1] * u, abs(g) + self.eps)
        p -= self.lr / (1 - self.betas[0] ** t) * m / u


class NAdam(Reference):
    betas, eps, momentum_decay = (0.9, 0.999), 1e-8, 4e-3

    def mu(self, t):
        return self.betas[0] * (1 - 0.5 * 0.96 ** (t * self.momentum_decay))

    def update(self, p, g, t):
        m, v = self.moments(p, g)
        product = np.prod([self.mu(i) for i in range(1, t + 1)])
        hat = self.mu(t + 1) * m / (1 - product * self.mu(t + 1)) + (1 - self.mu(t)) * g / (1 - product)
        p -= self.lr * hat / (np.sqrt(v / (1 - self.betas[1] ** t)) + self.eps)


class RAdam(Reference):
    betas, eps = (0.9, 0.999), 1e-8

    def update(self, p, g, t):
        m, v = self.moments(p, g)
        n = 2 / (1 - self.betas[1]) - 1
        k = n - 2 * t * self.betas[1] ** t / (1 - self.betas[1] ** t)
        step = self.lr * m / (1 - self.betas[0] ** t)
        if k > 5:
            r = np.sqrt((k - 4) * (k - 2) * n / ((n - 4) * (n - 2) * k))
            step = step * r * np.sqrt(1 - self.betas[1] ** t) / (np.sqrt(v) + self.eps)
        p -= step


class Rprop(Reference):
    etas, step_sizes = (0.5, 1.2), (1e-6, 50)

    def update(self, p, g, t):
        before, size = self.kept("before", p), self.kept("size", p, self.lr)
        agreement = np.sign(g * before)
        size *= np.where(agreement > 0, self.etas[1], np.where(agreement < 0, self.etas[0], 1))
        np.clip(size, *self.step_sizes, out=size)
        before[...] = np.where(agreement < 0, 0, g)
        p -= np.sign(before) * size


class ASGD(Reference):
    lambd, alpha, t0 = 1e-4, 0.75, 1e6

    def update(self, p, g, t):
        eta = self.lr if t == 1 else self.lr / (1 + self.lambd * self.lr * (t - 1)) ** self.alpha
        p[...] = (1 - self.lambd * eta) * p - eta * g


REFERENCES = {cls.__name__: cls for cls in (SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, Adamax, NAdam, RAdam, Rprop, ASGD)}


def grid(**choices):
    return [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]


DECAY = {"weight_decay": [0, 0.1], "maximize": [False, True]}
OPTIONS = {
    "SGD": [
        *grid(lr=[0.1], momentum=[0, 0.9], dampening=[0, 0.3], **DECAY),
        *grid(lr=[0.1], momentum=[0.9], nesterov=[True], **DECAY),
    ],
    "Adam": grid(lr=[0.1], amsgrad=[False, True], betas=[(0.9, 0.999), (0.3, 0.8)], eps=[1e-8, 1e-3], **DECAY),
    "AdamW": grid(lr=[0.1], amsgrad=[False, True], betas=[(0.9, 0.999), (0.3, 0.8)], **DECAY),
    "RMSprop": grid(lr=[0.01], momentum=[0, 0.9], centered=[False, True], alpha=[0.99, 0.4], **DECAY),
    "Adagrad": grid(lr=[0.1], lr_decay=[0, 0.1], initial_accumulator_value=[0, 0.5], **DECAY),
    "Adadelta": grid(lr=[1.0, 5.0], rho=[0.9, 0.5], **DECAY),
    "Adamax": grid(lr=[0.1], betas=[(0.9, 0.999), (0.3, 0.8)], **DECAY),
    "NAdam": grid(lr=[0.1], momentum_decay=[4e-3, 0.2], decoupled_weight_decay=[False, True], **DECAY),
    "RAdam": grid(lr=[0.1], betas=[(0.9, 0.999), (0.3, 0.8)], decoupled_weight_decay=[False, True], **DECAY),
    "Rprop": grid(lr=[0.1], etas=[(0.5, 1.2), (0.1, 3.0)], step_sizes=[(1e-6, 50), (0.05, 0.2)], maximize=[False, True]),
    "ASGD": grid(lr=[0.1], lambd=[1e-4, 0.1], t0=[1e6, 3], **DECAY),
}
CASES = [pytest.param(name, options, id=f"{name}-{i}") for name, cases in OPTIONS.items() for i, options in enumerate(cases)]
NAMES = list(OPTIONS)
every_optimizer = pytest.mark.parametrize("name", NAMES)


def make(name, params, **options):
    return getattr(torch.optim, name)(params, **options)


def parameter(array):
    return torch.tensor(array, requires_grad=True)


def gradients(shape, dtype, steps=STEPS):
    rng = np.random.default_rng(7)
    return [rng.standard_normal(shape).astype(dtype) for _ in range(steps)]


def values(tensor):
    return tensor.detach().numpy()
