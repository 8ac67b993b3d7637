"""A figure of matplotlib as a picture that notebooks show and files hold, the same bytes for the same data.

matplotlib is imported by what draws, never by importing this package.
"""

import io
import os
import re

COLOURS = ("#0b5fa5", "#d1770c", "#2e8b57", "#c0392b", "#8e5aa8", "#6b7785")

# Text stays text, in one font or its like: pictures are small and can be searched. Ids and the date would differ from run to run.
_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "wengert", "font.sans-serif": ["DejaVu Sans"]}
_FORMATS = {"svg": {"Date": None}, "png": {"Software": None}, "pdf": {"CreationDate": None}}


def require(caller):
    """matplotlib; ImportError, naming the extra, where it is missing."""
    try:
        import matplotlib
    except ImportError:
        raise ImportError(f"{caller}() needs matplotlib: pip install 'wengert[viz]'") from None
    return matplotlib


def figure(width, height):
    """An empty figure of so many inches, which no window and no other figure knows of."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def style(axes):
    """Light lines behind the data, and no frame."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def _compact(svg):
    """An SVG file without spaces at the ends of lines, its places to a hundredth of a point: a third smaller."""
    svg = re.sub(rb"\s*\n", b"\n", svg)
    return re.sub(rb' (d|x|y)="[^"]*"', lambda place: re.sub(rb"(\.\d\d)\d+", rb"\1", place[0]), svg)


class Plot:
    """A picture made with matplotlib: shown by notebooks, saved as SVG, PNG or PDF.

    figure: any ``matplotlib.figure.Figure``, also one drawn by hand; it stays at hand as the attribute of that name.
    """

    def __init__(self, figure):
        self.figure = figure

    def __repr__(self):
        titles = [axes.get_title() or axes.get_ylabel() for axes in self.figure.axes]
        return f"<Plot of {', '.join(title.splitlines()[0] for title in titles if title) or 'a figure'}>"

    def to_svg(self):
        """The picture as the text of an SVG file."""
        return self._bytes("svg").decode()

    def to_png(self, dpi=144):
        """The picture as the bytes of a PNG file with so many dots per inch."""
        return self._bytes("png", dpi)

    def save(self, path, dpi=144):
        """Writes the file that the suffix of path asks for: .svg, .png or .pdf; dpi is for .png. ValueError for another suffix."""
        suffix = os.path.splitext(path)[1].lower().removeprefix(".")
        if suffix not in _FORMATS:
            raise ValueError(f"save(): the suffix of {os.fspath(path)!r} must be .svg, .png or .pdf")
        data = self._bytes(suffix, dpi)
        with open(path, "wb") as file:
            file.write(data)

    def show(self):
        """Opens the picture in the browser. Notebooks show a Plot by themselves."""
        import tempfile
        import webbrowser

        with tempfile.NamedTemporaryFile("w", prefix="wengert-", suffix=".svg", encoding="utf-8", delete=False) as file:
            file.write(self.to_svg())
        webbrowser.open(f"file://{file.name}")

    def _bytes(self, form, dpi="figure"):
        import matplotlib

        data = io.BytesIO()
        with matplotlib.rc_context(_SETTINGS):
            self.figure.savefig(data, format=form, dpi=dpi, metadata=_FORMATS[form])
        return _compact(data.getvalue()) if form == "svg" else data.getvalue()

    def _repr_svg_(self):
        return self.to_svg()
