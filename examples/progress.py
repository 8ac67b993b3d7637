"""The progress bar of the examples: tqdm's, or plain lines where it is not installed. Both go to standard error."""

import sys

try:
    from tqdm import tqdm
except ImportError:
    tqdm = None

LINES = 10  # without tqdm: one for each tenth of the way


class Progress:
    """Iterates over things; note(text) is shown beside the bar."""

    def __init__(self, things, unit):
        self.things, self.unit, self.text = things, unit, ""
        self.bar = tqdm(things, unit=unit, file=sys.stderr, dynamic_ncols=True) if tqdm else None

    def note(self, text):
        self.text = text
        if self.bar is not None:
            self.bar.set_postfix_str(text, refresh=False)

    def __iter__(self):
        if self.bar is not None:
            yield from self.bar
            return
        total = len(self.things)
        for done, thing in enumerate(self.things, 1):
            yield thing
            if done == total or done % max(1, total // LINES) == 0:
                print(f"{self.unit} {done}/{total} {self.text}", file=sys.stderr)
