"""A row per elementwise operator of the op table."""

import pytest

from wengert.bench.elementwise import installed_cases

CASES = installed_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_elementwise(time_case, case):
    time_case(case)
