"""The numeric surface: mathematics, broadcasting, reductions, movement, indexing, sorting, small calls."""

import pytest

from wengert.bench.surface import written_cases


@pytest.mark.parametrize("case", written_cases(), ids=lambda case: f"{case.family}: {case.name}")
def test_surface(time_case, case):
    time_case(case)
