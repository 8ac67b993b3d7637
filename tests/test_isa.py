"""The choice of the instruction set: forced by WENGERT_ISA, the same integers from all of them."""

import os
import subprocess
import sys

import pytest

from wengert import _C


@pytest.mark.parametrize("isa", _C.supported_isas())
def test_forced_one_runs(isa, python):
    script = "import wengert; print(wengert._C.isa()); wengert.show_config()"
    lines = python(script, WENGERT_ISA=isa).splitlines()
    assert lines[0] == isa
    assert any(line.startswith("instruction set:") and f" {isa} " in line for line in lines)


def test_best_one_by_default(python):
    assert python("import wengert; print(wengert._C.isa())", WENGERT_ISA="").strip() == _C.supported_isas()[0]
    assert set(_C.supported_isas()) <= set(_C.compiled_isas())


def test_unknown_one_is_an_error():
    script = "import wengert"
    environment = {**os.environ, "WENGERT_ISA": "avx1024"}
    result = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    message = result.stderr.strip().splitlines()[-1]
    assert "WENGERT_ISA=avx1024 is not an instruction set of this build; valid here: " in message
    assert all(isa in message for isa in _C.supported_isas())


INTEGERS = """
import hashlib
import wengert as torch

digest = hashlib.sha256()

def see(*tensors):
    for t in tensors:
        digest.update(bytes(memoryview(t.contiguous())))

for name in ("uint8", "int8", "int16", "int32", "int64"):
    dtype = getattr(torch, name)
    for n in (1, 3, 15, 16, 17, 33, 65, 130, 300):
        a = (torch.arange(n * n) * 2654435761 - 300).to(dtype).view(n, n)
        b = (torch.arange(n * n) * 40503 - 7000).to(dtype).view(n, n).t()
        see(a + b, a - b, a * b, -a, abs(a), torch.add(a, b, alpha=3), torch.maximum(a, b), torch.minimum(a, b))
        see(a == b, a < b, a >= b, a.bool(), a.float(), a.to(torch.int16), a.double().to(dtype))
        see(a.sum(), a.sum(0), b.sum(1), a.max(), *a.max(1), *a.min(0))
        see(torch.mm(a, b), torch.mv(b, a[0]), torch.mv(a, b[:, 0]), torch.dot(a[0], b[0]), a.t().contiguous())
print(digest.hexdigest())
"""


def test_integers_agree(python):
    digests = {isa: python(INTEGERS, WENGERT_ISA=isa).strip() for isa in _C.supported_isas()}
    assert len(set(digests.values())) == 1, digests
