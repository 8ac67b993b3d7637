"""docs/autograd.md: its examples print what it says, and its links lead somewhere."""

import doctest
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "autograd.md"


def test_examples():
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted >= 40 and result.failed == 0


def test_links():
    links = re.findall(r"\]\(([\w.-]+)\)", PAGE.read_text())
    assert links
    for target in links:
        assert (PAGE.parent / target).exists(), target
