"""Training steps: forward pass, backward pass and optimizer of whole networks."""

import pytest

from wengert.bench.training import written_cases


@pytest.mark.parametrize("case", written_cases(), ids=lambda case: case.name)
def test_training(time_case, case):
    time_case(case)
