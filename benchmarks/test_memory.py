"""Small calls, memory-bound elementwise work, random numbers."""

import pytest

from wengert.bench.cases import written_cases

FAMILIES = ("call", "memory", "random")
CASES = [case for case in written_cases() if case.family in FAMILIES]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_memory(time_case, case):
    time_case(case)
