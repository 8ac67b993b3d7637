"""gradcheck and gradgradcheck: derivatives against central differences.

For input x and output y the Jacobian of y with respect to x is a matrix with a row for each element of x. Numerically, row i is
(y(x + eps e_i) - y(x - eps e_i)) / (2 eps), with an error of about eps^2 y''' / 6 + u y / eps, u the rounding unit: 1e-10 y for
float64 at the default eps, 1e-1 y for float32. Backward passes give its columns, tangents its rows.
"""

import itertools
import sys
import types
import warnings

import wengert

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A derivative that differs from the numerical one, or breaks a rule that derivatives keep."""


def gradcheck(
    func,
    inputs,
    *,
    eps=1e-6,
    atol=1e-5,
    rtol=1e-3,
    raise_exception=True,
    nondet_tol=0.0,
    check_undefined_grad=True,
    check_grad_dtypes=False,
    check_batched_grad=False,
    check_batched_forward_grad=False,
    check_forward_ad=False,
    check_backward_ad=True,
    fast_mode=False,
    masked=None,
):
    """True where the derivatives of func at inputs are the numerical ones, by :func:`wengert.allclose`.

    Args:
        func: takes inputs, returns a tensor or a tuple of them. Called often; it may use the inputs beside its arguments.
        inputs: a tensor or a tuple. Those that require a gradient should be float64; their elements are changed and put back.
        eps: the step of the differences.
        atol, rtol: the tolerances.
        raise_exception: False returns False in place of GradcheckError.
        nondet_tol: how far the results of two equal backward passes may be apart.
        check_undefined_grad: gradients that are not given count as zeros.
        check_grad_dtypes: gradients have the dtypes of their inputs.
        check_forward_ad, check_backward_ad: compare tangents, compare backward passes.
        fast_mode: compare u^T J v for one random u and v, not the whole Jacobian J.
        check_batched_grad, check_batched_forward_grad, masked: accepted, for what needs vmap or sparse tensors.

    Raises:
        GradcheckError: "Jacobian mismatch for output 0 with respect to input 0, ..." and others.
        ValueError: no input requires a gradient.
        RuntimeError: an input has elements that share memory.

    >>> x = wengert.tensor([0.5, 2.0], dtype=wengert.float64, requires_grad=True)
    >>> wengert.autograd.gradcheck(lambda x: x.log() * x, x)
    True
    """
    _require(check_forward_ad or check_backward_ad, "at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    inputs = _as_tuple(inputs)
    _check_inputs(inputs)
    check = _Check(func, inputs, eps, atol, rtol, nondet_tol, check_grad_dtypes)
    try:
        if not check.shapes:
            check.constant()
            return True
        for forward in (False, True):
            if check_forward_ad if forward else check_backward_ad:
                (check.fast if fast_mode else check.slow)(forward)
        if check_backward_ad:
            check.zero_gradients()
            if check_undefined_grad:
                check.undefined_gradients()
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func,
    inputs,
    grad_outputs=None,
    *,
    eps=1e-6,
    atol=1e-5,
    rtol=1e-3,
    gen_non_contig_grad_outputs=False,
    raise_exception=True,
    nondet_tol=0.0,
    check_undefined_grad=True,
    check_grad_dtypes=False,
    check_batched_grad=False,
    check_fwd_over_rev=False,
    check_rev_over_rev=True,
    fast_mode=False,
    masked=False,
):
    """True where the second derivatives of func are the numerical ones: :func:`gradcheck` of its backward pass.

    Args:
        grad_outputs: the gradients of func's outputs that the backward pass starts from; random ones by default.
        gen_non_contig_grad_outputs: make these with strides.
        check_rev_over_rev, check_fwd_over_rev: backward passes over the backward pass, tangents through it.
        func, inputs and the others: those of gradcheck.

    >>> x = wengert.tensor([0.5, 2.0], dtype=wengert.float64, requires_grad=True)
    >>> wengert.autograd.gradgradcheck(lambda x: x.exp(), x)
    True
    """
    _require(check_fwd_over_rev or check_rev_over_rev, "at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    inputs = _as_tuple(inputs)
    if grad_outputs is None:
        generator = wengert.Generator().manual_seed(0)
        outputs = _differentiable(func(*inputs))
        if not outputs:
            _check_inputs(inputs)
            raise ValueError("gradgradcheck expects at least one output to require gradient, but none of them does.")
        grad_outputs = tuple(
            _random(output, generator, gen_non_contig_grad_outputs).requires_grad_()
            for output in outputs
        )  # fmt: skip
    grad_outputs = _as_tuple(grad_outputs)
    needed = [isinstance(input, wengert.Tensor) and input.requires_grad for input in (*inputs, *grad_outputs)]

    def backward(*args):
        # Forward mode passes inputs that require no gradient.
        every = [arg.requires_grad_() if needs else arg for arg, needs in zip(args, needed, strict=True)]
        given = every[: len(inputs)]
        wanted = [arg for arg, needs in zip(given, needed, strict=False) if needs]
        outputs = _differentiable(func(*given))
        found = wengert.autograd.grad(outputs, wanted, every[len(inputs) :], create_graph=True, allow_unused=True)
        return tuple(gradient for gradient in found if gradient is not None)

    return gradcheck(
        backward,
        inputs + grad_outputs,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


class _Check:
    """One function at one point.

    Inputs and outputs are counted among those that are differentiable; `numbers` has the inputs' places among all of them, for
    messages, `differentiable` says which outputs are, `shapes` has their sizes and dtypes.
    """

    def __init__(self, func, inputs, eps, atol, rtol, nondet_tol, check_dtypes):
        self.func, self.inputs = func, inputs
        self.eps, self.atol, self.rtol = eps, atol, rtol
        self.nondet_tol, self.check_dtypes = nondet_tol, check_dtypes
        self.numbers = [i for i, input in enumerate(inputs) if isinstance(input, wengert.Tensor) and input.requires_grad]
        self.wanted = [inputs[i] for i in self.numbers]
        outputs = _as_tuple(func(*inputs))
        self.differentiable = [isinstance(output, wengert.Tensor) and output.requires_grad for output in outputs]
        self.shapes = [(output.shape, output.dtype) for output in _differentiable(outputs)]

    def outputs(self):
        return _differentiable(self.func(*self.inputs))

    def floats(self):
        """All outputs that a difference can be taken of."""
        outputs = _as_tuple(self.func(*self.inputs))
        return [output for output in outputs if isinstance(output, wengert.Tensor) and output.is_floating_point()]

    def slow(self, forward):
        numerical = [self.numerical(input) for input in self.wanted]
        analytical = self.forward() if forward else self.backward()
        for i, (row, numbers) in enumerate(zip(analytical, numerical, strict=True)):
            for o, (found, expected) in enumerate(zip(row, numbers, strict=True)):
                if not self.close(found, expected):
                    raise GradcheckError(_mismatch(found, expected, o, self.numbers[i], forward))

    def fast(self, forward):
        generator = wengert.Generator().manual_seed(0)
        u = [_unit(input.shape, input.dtype, generator) for input in self.wanted]
        v = [_unit(*shape, generator) for shape in self.shapes]
        numerical = [self.difference(input, direction) for input, direction in zip(self.wanted, u, strict=True)]
        for i, (direction, changes) in enumerate(zip(u, numerical, strict=True)):
            tangents = self.tangents(i, direction) if forward else []
            for o, (output, weights, change) in enumerate(zip(self.outputs(), v, changes, strict=True)):
                expected = (change * weights).sum()
                if forward:
                    found = (tangents[o] * weights).sum()
                else:
                    gradient = self.twice(output, weights)[i]
                    found = wengert.zeros_like(expected) if gradient is None else (gradient * direction).sum()
                # Each element of the Jacobian may be off by atol.
                slack = self.atol * float(direction.sum() * weights.sum())
                if not self.close(found, expected, slack):
                    raise GradcheckError(_mismatch(found, expected, o, self.numbers[i], forward) + self.explain(forward))

    def explain(self, forward):
        """What the slow mode says after the fast one failed."""
        try:
            self.slow(forward)
        except GradcheckError as error:
            return f"\nThe numbers above are products u^T J v with random u and v (fast_mode). All of the Jacobian:\n{error}"
        return (
            "\nFast gradcheck failed but element-wise differences are small. This means that the test might've passed in "
            "slow_mode! Call with fast_mode=False."
        )

    def close(self, found, expected, atol=None):
        return bool(wengert.allclose(found, expected.to(found.dtype), self.rtol, self.atol if atol is None else atol))

    def numerical(self, input):
        """The Jacobian of each output by differences."""
        data = input.data
        rows: list = [[] for _ in self.shapes]
        for number, index in enumerate(itertools.product(*map(range, input.shape))):
            before = data[index].item()

            def move(sign, index=index, before=before):
                data[index] = before + sign * self.eps

            for row, change in zip(rows, self.changes(move, f"on index {number} ", self.outputs), strict=True):
                row.append(change.reshape(-1))
            data[index] = before
        return [_stacked(row, 0, (0, sizes.numel()), dtype) for row, (sizes, dtype) in zip(rows, self.shapes, strict=True)]

    def difference(self, input, direction):
        """The product of each Jacobian with a direction of the input."""
        before = input.detach().clone()
        result = self.changes(lambda sign: input.data.copy_(before + sign * self.eps * direction), "", self.outputs)
        input.data.copy_(before)
        return result

    def changes(self, move, place, read):
        """The differences over 2 eps between what read gives after move(1) and after move(-1)."""
        sides = []
        for sign in (1, -1):
            move(sign)
            sides.append([output.detach().clone() for output in read()])
        for after, before in zip(*sides, strict=True):
            for what, one, other in (("shape", after.shape, before.shape), ("dtype", after.dtype, before.dtype)):
                _require(
                    one == other,
                    f"`func` to return outputs with the same {what} when inputs are perturbed {place}by {self.eps}, but got: "
                    f"{what}s {one} and {other}.",
                )
        return [(after - before) / (2 * self.eps) for after, before in zip(*sides, strict=True)]

    def backward(self):
        """The Jacobians by backward passes."""
        blocks: list = [[] for _ in self.wanted]
        for output in self.outputs():
            columns: list = [[] for _ in self.wanted]
            for unit in _unit_tensors(output.shape, output.dtype):
                for column, gradient, input in zip(columns, self.twice(output, unit), self.wanted, strict=True):
                    column.append((wengert.zeros_like(input) if gradient is None else gradient).reshape(-1))
            for block, column, input in zip(blocks, columns, self.wanted, strict=True):
                block.append(_stacked(column, 1, (input.numel(), 0), input.dtype))
        return blocks

    def twice(self, output, cotangent):
        """The gradients of one output, from two passes that have to agree."""
        first, second = (
            wengert.autograd.grad(output, self.wanted, cotangent.clone(), retain_graph=True, allow_unused=True) for _ in "12"
        )
        for gradient, again, input in zip(first, second, self.wanted, strict=True):
            if gradient is None and again is None:
                continue
            if self.check_dtypes and gradient is not None and gradient.dtype != input.dtype:
                raise GradcheckError("Gradient has dtype mismatch")
            if gradient is not None and gradient.shape != input.shape:
                raise GradcheckError("Analytical gradient has incorrect size")
            if (gradient is None) != (again is None) or not wengert.allclose(gradient, again, 0.0, self.nondet_tol, True):
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives "
                    "different values, although analytical gradient matches numerical gradient. The tolerance for nondeterminism "
                    f"was {self.nondet_tol}."
                )
        return first

    def forward(self):
        """The Jacobians by tangents."""
        blocks = []
        for i, input in enumerate(self.wanted):
            rows: list = [[] for _ in self.shapes]
            for unit in _unit_tensors(input.shape, input.dtype):
                for row, tangent in zip(rows, self.tangents(i, unit), strict=True):
                    row.append(tangent.reshape(-1))
            blocks.append(
                [_stacked(row, 0, (0, sizes.numel()), dtype) for row, (sizes, dtype) in zip(rows, self.shapes, strict=True)]
            )
        return blocks

    def tangents(self, i, direction):
        """The outputs' tangents where input i has one and the other inputs have none."""
        from . import forward_ad

        with forward_ad.dual_level():
            args = [input.detach() if k in self.numbers else input for k, input in enumerate(self.inputs)]
            args[self.numbers[i]] = forward_ad.make_dual(args[self.numbers[i]], direction)
            outputs = _as_tuple(self.func(*args))
            if len(outputs) != len(self.differentiable):
                raise GradcheckError(
                    f"Expected `func` to return {len(self.differentiable)} outputs for inputs with tangents, as it did without, "
                    f"but got {len(outputs)}"
                )
            found = []
            for output, counts in zip(outputs, self.differentiable, strict=True):
                if counts:
                    primal, tangent = forward_ad.unpack_dual(output)
                    if self.check_dtypes and tangent is not None and tangent.dtype != primal.dtype:
                        raise GradcheckError("Forward AD gradient has dtype mismatch.")
                    found.append(wengert.zeros_like(primal) if tangent is None else tangent.clone())
        return found

    def constant(self):
        """No output asks for a gradient, so that none may change with the inputs."""
        for input in self.wanted:
            data = input.data
            for index in itertools.product(*map(range, input.shape)):
                before = data[index].item()

                def move(sign, data=data, index=index, before=before):
                    data[index] = before + sign * self.eps

                changes = self.changes(move, "", self.floats)
                data[index] = before
                if not all(self.close(change, wengert.zeros_like(change)) for change in changes):
                    raise GradcheckError("Numerical gradient for function expected to be zero")

    def zero_gradients(self):
        """Gradients of zeros lead to zeros, of the inputs' dtypes and sizes."""
        outputs = self.outputs()
        zeros = [wengert.zeros_like(output) for output in outputs]
        found = wengert.autograd.grad(outputs, self.wanted, zeros, allow_unused=True)
        for gradient, input in zip(found, self.wanted, strict=True):
            if gradient is None:
                continue
            if not (gradient == 0).all():
                raise GradcheckError("backward not multiplied by grad_output")
            if gradient.dtype != input.dtype:
                raise GradcheckError("grad is incorrect type")
            if gradient.shape != input.shape:
                raise GradcheckError("grad is incorrect size")

    def undefined_gradients(self):
        """An output without a gradient counts as one with a gradient of zeros; without any, a node does not run."""
        for left_out in range(len(self.shapes)) if len(self.shapes) > 1 else ():
            outputs = [output for o, output in enumerate(self.outputs()) if o != left_out]
            zeros = [wengert.zeros_like(output) for output in outputs]
            try:
                found = wengert.autograd.grad(outputs, self.wanted, zeros, allow_unused=True)
            except RuntimeError as error:
                raise GradcheckError(
                    "Expected backward function to handle undefined output grads. They are None where "
                    f"set_materialize_grads(False) was called. [output {left_out}]"
                ) from error
            if not all(gradient is None or bool((gradient == 0).all()) for gradient in found):
                raise GradcheckError(
                    "Expected all input grads to be undefined or zero when all output grads are undefined or zero. "
                    f"[output {left_out}]"
                )


def _require(condition, text):
    if not condition:
        raise AssertionError(f"Expected {text}")


def _as_tuple(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _differentiable(outputs):
    return tuple(output for output in _as_tuple(outputs) if isinstance(output, wengert.Tensor) and output.requires_grad)


def _check_inputs(inputs):
    found = False
    for i, input in enumerate(inputs):
        if not (isinstance(input, wengert.Tensor) and input.requires_grad):
            continue
        found = True
        if input.dtype != wengert.float64:
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point or complex. This check will likely "
                "fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=3,
            )
        if any(stride == 0 and size > 1 for stride, size in zip(input.stride(), input.shape, strict=True)):
            raise RuntimeError(
                f"The {i}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to be "
                "able to compute the numerical gradients correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )
    if not found:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def _mismatch(analytical, numerical, output, input, forward):
    mode = "computed with forward mode " if forward else ""
    return (
        f"Jacobian {mode}mismatch for output {output} with respect to input {input},\n"
        f"numerical:{numerical}\nanalytical:{analytical}\n"
    )


def _random(like, generator, strided=False):
    """Elements from [-1, 1)."""
    sizes = (*like.shape, 2) if strided else like.shape
    values = wengert.rand(sizes, generator=generator, dtype=like.dtype) * 2 - 1
    return values.select(-1, 0) if strided else values


def _unit(sizes, dtype, generator):
    """A vector of length 1 without negative elements."""
    values = wengert.rand(sizes, generator=generator, dtype=dtype)
    return values / values.norm() if values.numel() else values


def _unit_tensors(sizes, dtype):
    """For each element, the tensor that is 1 there and 0 elsewhere."""
    for i in range(sizes.numel()):
        unit = wengert.zeros(sizes.numel(), dtype=dtype)
        unit[i] = 1
        yield unit.view(sizes)


def _stacked(vectors, dim, empty, dtype):
    return wengert.stack(vectors, dim) if vectors else wengert.zeros(empty, dtype=dtype)


class _Callable(types.ModuleType):
    """Importing this module binds it in wengert.autograd over the function of the same name, whose place it takes."""

    def __call__(self, *args, **options):
        return gradcheck(*args, **options)


sys.modules[__name__].__class__ = _Callable
