"""Anomaly detection and blame: what is reported of the forward pass when a backward pass fails or is not finite."""

import inspect
import re
import warnings

import pytest

import wengert as torch
from wengert.autograd import Function, blame, detect_anomaly, grad, set_detect_anomaly, watch, watching


@pytest.fixture(autouse=True)
def off():
    """Both are off before and after each test, and nothing is reported yet."""
    watching._report = None
    before = torch._C._get_notes()
    assert before[0] == 0
    yield
    assert torch._C._get_notes() == before
    watching._report = None


def here():
    """The line that called."""
    return inspect.currentframe().f_back.f_lineno


def nan_at(values=(0.0, 4.0)):
    """A loss whose gradient of sqrt is 0 * inf, and the line of the sqrt."""
    x = torch.tensor(values, requires_grad=True)
    root, line = x.sqrt(), here()
    return x, (root * torch.tensor([0.0] * len(values))).sum(), line


# Anomaly detection ---------------------------------------------------------------------------------------------------------


def test_a_nan_is_an_error_that_shows_the_line():
    with detect_anomaly():
        x, loss, line = nan_at()
        with (
            pytest.warns(UserWarning, match="Error detected in SqrtBackward0") as caught,
            pytest.raises(RuntimeError, match=r"Function 'SqrtBackward0' returned nan values in its 0th output\."),
        ):
            loss.backward()
    (warning,) = caught
    text = str(warning.message)
    assert "Traceback of forward call that caused the error:\n" in text
    assert f'File "{__file__}", line {line}, in nan_at\n    root, line = x.sqrt(), here()' in text
    assert "site-packages/wengert" not in text and x.grad is None


def test_without_detection_a_nan_passes():
    x, loss, _ = nan_at()
    loss.backward()
    assert bool(x.grad[0].isnan())


def test_nan_checks_can_be_left_out():
    with detect_anomaly(check_nan=False):
        x, loss, _ = nan_at()
        loss.backward()
    assert bool(x.grad[0].isnan())


def test_infinities_are_no_anomaly():
    with detect_anomaly():
        x = torch.tensor([0.0], requires_grad=True)
        x.sqrt().backward()
    assert x.grad.tolist() == [float("inf")]


def test_a_graph_from_before():
    _, loss, _ = nan_at()
    with (
        detect_anomaly(),
        pytest.warns(
            UserWarning, match=r"SqrtBackward0\. No forward pass information available\. Enable detect anomaly during"
        ),
        pytest.raises(RuntimeError, match="nan values"),
    ):
        loss.backward()


class Failing(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        raise ValueError("mine")


def written(x):
    y = x.exp()
    y.add_(1)
    return y


def hooked(x):
    y = x * 2
    y.register_hook(lambda g: 1 / 0)
    return y


def hooked_node(x):
    y = x * 2
    y.grad_fn.register_hook(lambda *_: 1 / 0)
    return y


@pytest.mark.parametrize(
    "f, node, error",
    [
        (Failing.apply, "FailingBackward", ValueError),
        (written, "ExpBackward0", RuntimeError),
        (hooked, "MulBackward0", ZeroDivisionError),
        (hooked_node, "MulBackward0", ZeroDivisionError),
    ],
)
def test_every_error_shows_its_node(f, node, error):
    with detect_anomaly():
        y, line = f(torch.tensor([1.0], requires_grad=True)), here()
        with pytest.warns(UserWarning, match=f"Error detected in {node}") as caught, pytest.raises(error):
            y.backward()
    assert len(caught) == 1 and f'File "{__file__}", line {line}' in str(caught[0].message)


def test_without_detection_errors_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeError, match="set_detect_anomaly"):
            written(torch.tensor([1.0], requires_grad=True)).backward()


def test_warnings_that_are_errors_do_not_hide_the_cause():
    with detect_anomaly(), warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="mine"):
            Failing.apply(torch.tensor([1.0], requires_grad=True)).backward()


def test_detection_in_second_derivatives():
    with detect_anomaly():
        x = torch.tensor([0.0], requires_grad=True)
        (first,) = grad(x**1.5, x, create_graph=True)
        assert first.grad_fn.where is not None
        message = "SqrtBackward0' returned nan values"
        with pytest.warns(UserWarning, match="SqrtBackward0"), pytest.raises(RuntimeError, match=message):
            (first * x.sqrt() * 0).backward()


def test_detection_is_switched_and_nests():
    assert not torch.is_anomaly_enabled() and torch.is_anomaly_check_nan_enabled()
    with set_detect_anomaly(True):
        assert torch.is_anomaly_enabled()
        with set_detect_anomaly(False):
            assert not torch.is_anomaly_enabled()
            with detect_anomaly(check_nan=False):
                assert torch.is_anomaly_enabled() and not torch.is_anomaly_check_nan_enabled()
        assert torch.is_anomaly_enabled() and torch.is_anomaly_check_nan_enabled()
    assert not torch.is_anomaly_enabled()
    set_detect_anomaly(True)
    assert torch.autograd.anomaly.is_anomaly_enabled()
    set_detect_anomaly(False)
    assert not torch.is_anomaly_enabled()
    with pytest.raises(ZeroDivisionError), detect_anomaly():
        _ = 1 / 0
    assert not torch.is_anomaly_enabled()


def test_what_nodes_note():
    x = torch.tensor([1.0], requires_grad=True)
    assert (x * 2).grad_fn.where is None
    with detect_anomaly():
        noted, line = (x * 2).grad_fn.where, here()
        view = (x * 2)[:1]
        view.mul_(3)
        assert f"line {line + 2}" in view._base.grad_fn.where.splitlines()[-2]
    assert isinstance(noted, str) and f"line {line}" in noted
    with watch():
        noted, line = (x * 2).grad_fn.where, here()
    assert noted == f"{__file__}:{line}"
    with watch():
        assert torch.nn.functional.softplus(x).grad_fn.where == f"{__file__}:{here()}"  # the call outside wengert


# Blame ---------------------------------------------------------------------------------------------------------------------


def report(capsys):
    blame()
    return capsys.readouterr().out


def test_nothing_to_report(capsys):
    assert report(capsys) == (
        "No backward pass that was watched had a gradient that is not finite. It is not watched now: "
        "wengert.autograd.watch() switches that on.\n"
    )
    with watch():
        x = torch.tensor([1.0], requires_grad=True)
        (x * 2).backward()
        assert report(capsys) == "No backward pass that was watched had a gradient that is not finite.\n"


def test_it_is_off_by_default(capsys):
    _, loss, _ = nan_at()
    loss.backward()
    assert report(capsys).startswith("No backward pass that was watched")


def test_the_report(capsys):
    with watch():
        x, loss, line = nan_at((0.0, 4.0, 9.0))
        loss.backward()
    assert x.grad[1:].tolist() == [0, 0] and bool(x.grad[0].isnan())  # nothing is changed, and nothing raised
    file = re.escape(__file__)
    assert re.fullmatch(
        rf"SqrtBackward0: the gradient of input has 1 NaN\n"
        rf"  made at {file}:{line}\n"
        rf"  row sqrt: input = grad / \(result \* 2\)\n"
        rf"  grad \(3,\) in \[0, 0\], 3 zero\n"
        rf"  result \(3,\) in \[0, 3\], 1 zero\n"
        rf"The way to it, from the result:\n"
        rf"  SumBackward0 {file}:\d+\n"
        rf"  MulBackward0 {file}:\d+\n"
        rf"  SqrtBackward0 {file}:{line}\n",
        report(capsys),
    )


def test_the_first_fault_is_the_one_reported(capsys):
    with watch():
        x = torch.tensor([0.0, 1.0], requires_grad=True)
        y = x.log()  # infinite first, and all that follows
        y.sum().backward()
        text = report(capsys)
        assert text.startswith("LogBackward0: the gradient of input has 1 infinite\n") and "  grad (2,) in [1, 1]" in text
        assert "input (2,) in [0, 1], 1 zero" in text
        x.grad = None
        (x * 2).sum().backward()
        assert report(capsys) == text  # of the last pass that went wrong
        (y * torch.tensor([float("nan"), 1.0])).sum().backward(inputs=[y])
        assert report(capsys).startswith("MulBackward0: the gradient of input has 1 NaN")


def test_what_comes_in_is_told_apart(capsys):
    with watch():
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        (x * 2).backward(torch.tensor([float("inf"), 1.0]))
    text = report(capsys)
    assert "MulBackward0: the gradient of input has 1 infinite" in text and "(what came in was not finite already)" in text


def test_sums_that_overflow_are_no_fault(capsys):
    with watch():
        x = torch.full((4,), 1.0, requires_grad=True)
        (x * 3e38).sum().backward()
    assert report(capsys).startswith("No backward pass")


def test_the_report_of_python_nodes(capsys):
    class Bad(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * b

        @staticmethod
        def backward(ctx, g):
            return g, g * float("nan")

    with watch():
        x = torch.tensor([1.0], requires_grad=True)
        Bad.apply(x, x * 2).backward()
    assert report(capsys).startswith("BadBackward: the gradient of input 1 has 1 NaN\n")


def test_the_report_after_writes_to_what_was_kept(capsys):
    with watch():
        x = torch.tensor([0.0, 1.0], requires_grad=True)
        kept = torch.tensor([float("inf"), 1.0])
        (x * kept).sum().backward()
    assert "other (2,) in [1, 1], 1 infinite" in report(capsys)


def test_watching_is_switched_and_nests(capsys):
    with watch():
        with watch(False):
            nan_at()[1].backward()
            assert report(capsys).startswith("No backward pass")
        nan_at()[1].backward()
        assert report(capsys).startswith("SqrtBackward0")
    watching._report = None
    watch()
    nan_at()[1].backward()
    assert report(capsys).startswith("SqrtBackward0")
    watch(False)
    watching._report = None
    nan_at()[1].backward()
    assert report(capsys).startswith("No backward pass")


def test_watching_and_detection_together(capsys):
    with watch(), detect_anomaly():
        x, loss, line = nan_at()
        with pytest.warns(UserWarning, match=f"line {line}"), pytest.raises(RuntimeError, match="nan values"):
            loss.backward()
    with detect_anomaly(check_nan=False), watch():
        x, loss, line = nan_at()
        loss.backward()
    assert "SqrtBackward0" in report(capsys) and bool(x.grad[0].isnan())
