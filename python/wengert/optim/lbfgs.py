"""L-BFGS with a line search for the strong Wolfe conditions."""

import wengert
from wengert import Tensor

from ._kernel import check_lr
from .optimizer import Optimizer

# Of sufficient decrease and of curvature (Nocedal & Wright 2006, section 3.1).
_DECREASE, _CURVATURE = 1e-4, 0.9


class _Point:
    """One place of a line search: the step, the loss, the gradient and its slope along the direction."""

    __slots__ = ("grad", "loss", "slope", "step")

    def __init__(self, step, loss, grad, slope):
        self.step, self.loss, self.grad, self.slope = step, loss, grad, slope


def _cubic_minimum(a, b, bounds=None):
    """The step at the minimum of the cubic through two points with their slopes, within bounds (by default the points); the
    middle where it has none (Nocedal & Wright 2006, eq. 3.59)."""
    low, high = bounds or ((a.step, b.step) if a.step <= b.step else (b.step, a.step))
    mean = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = mean**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    root = square.sqrt()
    if a.step > b.step:
        a, b = b, a
    step = b.step - (b.step - a.step) * ((b.slope + root - mean) / (b.slope - a.slope + 2 * root))
    return min(max(step, low), high)


def _strong_wolfe(evaluate, start, step, reach, tolerance_change, most):
    """A point where the strong Wolfe conditions hold, or the best of `most` tries, and the number of evaluations.

    evaluate(step) gives a point, start is that of step 0, reach the largest change of a parameter for a step of 1. Bracketing and
    zoom are algorithms 3.5 and 3.6 of Nocedal & Wright 2006, with the safeguards of Schmidt's minFunc.
    """
    point, previous = evaluate(step), start
    tries, done = 0, False
    while tries < most:
        too_high = point.loss > start.loss + _DECREASE * point.step * start.slope
        if too_high or (tries > 1 and point.loss >= previous.loss):
            bracket = [previous, point]
            break
        if abs(point.slope) <= -_CURVATURE * start.slope:
            bracket, done = [point], True
            break
        if point.slope >= 0:
            bracket = [previous, point]
            break
        bounds = point.step + 0.01 * (point.step - previous.step), point.step * 10
        step = _cubic_minimum(previous, point, bounds)
        previous, point = point, evaluate(step)
        tries += 1
    else:
        bracket = [start, point]

    evaluations = tries + 1
    low, high = (0, 1) if bracket[0].loss <= bracket[-1].loss else (1, 0)
    stalled = False
    while not done and tries < most:
        left, right = sorted((bracket[0].step, bracket[1].step))
        if (right - left) * reach < tolerance_change:
            break
        step = _cubic_minimum(*bracket)
        # Twice near an end, or at it: a tenth of the way from that end, since the cubic says too little.
        margin = 0.1 * (right - left)
        near = bool(min(right - step, step - left) < margin)
        if near and (stalled or step >= right or step <= left):
            step = right - margin if abs(step - right) < abs(step - left) else left + margin
            stalled = False
        else:
            stalled = near
        point = evaluate(step)
        evaluations += 1
        tries += 1
        if point.loss > start.loss + _DECREASE * step * start.slope or point.loss >= bracket[low].loss:
            bracket[high] = point
            low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
            continue
        if abs(point.slope) <= -_CURVATURE * start.slope:
            done = True
        elif point.slope * (bracket[high].step - bracket[low].step) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = point
    return bracket[low], evaluations


def _number(value):
    return value.item() if isinstance(value, Tensor) else value


class LBFGS(Optimizer):
    """L-BFGS (Liu & Nocedal 1989): Newton steps with an inverse Hessian from the last history_size changes of the gradient.

    One step() makes up to max_iter iterations and max_eval (default: max_iter * 5 // 4) calls of closure, which computes loss
    and gradients anew. It ends early when no gradient is above tolerance_grad, or when loss or parameters change by less than
    tolerance_change. Each iteration goes lr along its direction, or, with line_search_fn="strong_wolfe", to where the strong
    Wolfe conditions hold. One parameter group only (ValueError); memory for 2 * history_size copies of the parameters.

    >>> p = wengert.tensor([-1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.LBFGS([p], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2)  # Rosenbrock's valley
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(3):
    ...     loss = optimizer.step(closure)
    >>> p.detach().round(decimals=3)
    tensor([1., 1.])
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        check_lr(lr)
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self):
        return self.param_groups[0]["params"]

    def _flat_grad(self):
        parts = [p.new_zeros(p.numel()) if p.grad is None else p.grad.reshape(-1) for p in self._params]
        return wengert.cat(parts, 0)

    def _move(self, step, direction):
        offset = 0
        for p in self._params:
            p.add_(direction[offset : offset + p.numel()].view(p.shape), alpha=_number(step))
            offset += p.numel()

    def step(self, closure):  # type: ignore[override]
        """Iterates as the class says; closure() computes the loss and the gradients. Returns the loss before the first change."""

        def evaluate():
            with wengert.enable_grad():
                return closure()

        with wengert.no_grad():
            return self._iterate(evaluate)

    def _direction(self, state, grad, history_size):
        """Minus the approximate inverse Hessian times the gradient: the two loops over the history (Nocedal & Wright 2006,
        algorithm 7.4), after the last change has been added to it."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return grad.neg()
        changes, steps, inverses = state["old_dirs"], state["old_stps"], state["ro"]
        change, step = grad.sub(state["prev_flat_grad"]), state["d"].mul(state["t"])
        product = change.dot(step)
        if product > 1e-10:  # else the approximation would not stay positive
            if len(changes) == history_size:
                for history in (changes, steps, inverses):
                    history.pop(0)
            changes.append(change)
            steps.append(step)
            inverses.append(1.0 / product)
            state["H_diag"] = product / change.dot(change)
        weights = state.setdefault("al", [None] * history_size)
        direction = grad.neg()
        for i in reversed(range(len(changes))):
            weights[i] = steps[i].dot(direction) * inverses[i]
            direction.add_(changes[i], alpha=-_number(weights[i]))
        direction = direction.mul(state["H_diag"])
        for i in range(len(changes)):
            correction = changes[i].dot(direction) * inverses[i]
            direction.add_(steps[i], alpha=_number(weights[i] - correction))
        return direction

    def _search(self, evaluate, step, direction, start, options, evaluations):
        before = [p.clone() for p in self._params]

        def point(step):
            self._move(step, direction)
            loss, grad = float(evaluate()), self._flat_grad()
            for p, value in zip(self._params, before, strict=True):
                p.copy_(value)
            return _Point(step, loss, grad, grad.dot(direction))

        reach, most = direction.abs().max(), options["max_eval"] - evaluations
        return _strong_wolfe(point, start, step, reach, options["tolerance_change"], most)

    def _iterate(self, evaluate):
        options = self.param_groups[0]
        lr, max_iter = options["lr"], options["max_iter"]
        if isinstance(lr, Tensor):
            lr = lr.squeeze()
        if options["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")

        # One state for all parameters, kept as the first one's, as in PyTorch's state dicts.
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = evaluate()
        loss, grad = float(first_loss), self._flat_grad()
        evaluations = 1
        state["func_evals"] += 1
        if grad.abs().max() <= options["tolerance_grad"]:
            return first_loss

        for iteration in range(1, max_iter + 1):
            state["n_iter"] += 1
            direction = state["d"] = self._direction(state, grad, options["history_size"])
            if state.get("prev_flat_grad") is None:
                state["prev_flat_grad"] = grad.clone()
            else:
                state["prev_flat_grad"].copy_(grad)
            previous_loss = state["prev_loss"] = loss

            step = min(1.0, 1.0 / grad.abs().sum()) * lr if state["n_iter"] == 1 else lr
            state["t"] = step
            slope = grad.dot(direction)
            if slope > -options["tolerance_change"]:
                break

            calls = 0
            if options["line_search_fn"]:
                start = _Point(0, loss, grad, slope)
                point, calls = self._search(evaluate, step, direction, start, options, evaluations)
                step, loss, grad = point.step, point.loss, point.grad
                state["t"] = step
                self._move(step, direction)
            else:
                self._move(step, direction)
                if iteration != max_iter:  # nothing needs the loss after the last one
                    loss, grad = float(evaluate()), self._flat_grad()
                    calls = 1
            evaluations += calls
            state["func_evals"] += calls

            if (
                evaluations >= options["max_eval"]
                or grad.abs().max() <= options["tolerance_grad"]
                or direction.mul(step).abs().max() <= options["tolerance_change"]
                or abs(loss - previous_loss) < options["tolerance_change"]
            ):
                break
        return first_loss
