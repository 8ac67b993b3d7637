"""The matrix family: gemm, small and skinny shapes, columns, bmm, mv, dot."""

import pytest

from wengert.bench.cases import written_cases

FAMILIES = ("gemm", "small gemm", "skinny", "columns", "integer", "bmm", "mv", "dot")
CASES = [case for case in written_cases() if case.family in FAMILIES]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_matrix(time_case, case):
    time_case(case)
