"""Automatic differentiation: recording, backward passes from one element to a network, one operator at a time."""

import pytest

from wengert.bench.gradients import written_cases


@pytest.mark.parametrize("case", written_cases(), ids=lambda case: case.name)
def test_autograd(time_case, case):
    time_case(case)
