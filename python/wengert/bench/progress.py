"""A progress bar on standard error: tqdm's, or plain lines without it."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self

EVERY = 20  # plain lines: one for each twentieth of the way


class Progress:
    def __init__(self, total: int):
        self.total, self.done = total, 0
        self.bar: Any = None
        try:
            from tqdm import tqdm
        except ImportError:
            print("progress in plain lines; pip install 'wengert[bench]' for a bar", file=sys.stderr)
        else:
            self.bar = tqdm(total=total, file=sys.stderr, unit="case", dynamic_ncols=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()

    def say(self, what: str) -> None:
        """What is being done now."""
        if self.bar is not None:
            self.bar.set_description_str(what)

    def step(self, what: str) -> None:
        """One case done."""
        self.done += 1
        if self.bar is not None:
            self.bar.update()
        elif self.done == self.total or self.done % max(1, self.total // EVERY) == 0:
            print(f"{self.done}/{self.total} {what}", file=sys.stderr)
