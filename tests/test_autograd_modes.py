"""no_grad, enable_grad, set_grad_enabled and inference_mode: as context managers and decorators, nested, and in threads."""

import threading

import pytest

import wengert as torch


def leaf(*shape, dtype=torch.float32):
    return torch.ones(*shape, dtype=dtype, requires_grad=True)


def test_no_grad_and_enable_grad_nest():
    x = leaf(2)
    assert torch.is_grad_enabled()
    with torch.no_grad():
        assert not torch.is_grad_enabled() and not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
            with torch.set_grad_enabled(False):
                assert not (x * 2).requires_grad
            assert torch.is_grad_enabled()
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


def test_modes_end_with_an_exception():
    for mode in (torch.no_grad, torch.inference_mode, lambda: torch.set_grad_enabled(False)):
        with pytest.raises(ZeroDivisionError), mode():
            _ = 1 / 0
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


def test_set_grad_enabled_works_at_once():
    torch.set_grad_enabled(False)
    try:
        assert not (leaf(2) * 2).requires_grad
    finally:
        torch.set_grad_enabled(True)
    assert (leaf(2) * 2).requires_grad


def test_modes_decorate_functions():
    x = leaf(2)

    @torch.no_grad()
    def plain(a, *, scale=1):
        """The docstring."""
        return a * scale

    @torch.no_grad
    def bare(a):
        return a * 2

    @torch.enable_grad()
    def recorded(a):
        return a * 2

    @torch.set_grad_enabled(False)
    def chosen(a):
        return a * 2

    @torch.inference_mode()
    def inference(a):
        return a * 2

    assert torch.is_grad_enabled()
    assert plain.__name__ == "plain" and plain.__doc__ == "The docstring." and plain(x, scale=3).tolist() == [3, 3]
    assert not any(f(x).requires_grad for f in (plain, bare, chosen, inference)) and torch.is_grad_enabled()
    assert inference(x).is_inference()
    with torch.no_grad():
        assert recorded(x).requires_grad and not torch.is_grad_enabled()


def test_modes_decorate_generators():
    """The mode holds inside the generator only, not where it is suspended."""
    seen = []

    @torch.no_grad()
    def generate():
        try:
            for i in range(3):
                seen.append(torch.is_grad_enabled())
                sent = yield i
                seen.append((sent, torch.is_grad_enabled()))
        except KeyError:
            seen.append(("thrown", torch.is_grad_enabled()))
            yield "caught"
        finally:
            seen.append(("closed", torch.is_grad_enabled()))
        return "end"

    generator = generate()
    assert next(generator) == 0 and torch.is_grad_enabled()
    assert generator.send("a") == 1 and torch.is_grad_enabled()
    assert generator.throw(KeyError()) == "caught" and torch.is_grad_enabled()
    generator.close()
    assert torch.is_grad_enabled()
    assert seen == [False, ("a", False), False, ("thrown", False), ("closed", False)]

    def outer():
        return (yield from generate())

    whole = outer()
    assert list(iter(lambda: next(whole, None), None)) == [0, 1, 2]


def test_inference_mode():
    x = leaf(2)
    with torch.inference_mode():
        assert torch.is_inference_mode_enabled() and not torch.is_grad_enabled()
        made = x * 2
        made.add_(1)
        with torch.inference_mode(False):
            assert not torch.is_inference_mode_enabled() and (x * 2).requires_grad
    assert made.is_inference() and not x.is_inference() and not made.requires_grad
    assert not torch.is_inference_mode_enabled()
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode is not allowed"):
        made.add_(1)
    with pytest.raises(
        RuntimeError, match="Setting requires_grad=True on inference tensor outside InferenceMode is not allowed"
    ):
        made.requires_grad_()
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        _ = made * x
    assert (made + x).requires_grad  # addition saves nothing
    assert not made.clone().is_inference() and (made.clone() * x).requires_grad


def test_a_mode_belongs_to_its_thread():
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]
