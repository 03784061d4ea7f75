"""One look for every figure: hatches carry the meaning where colour is lost, text stays text."""

from __future__ import annotations

import io
import logging
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from nnasim.markup import visible
from reports.text import LARGE, prefixed, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TITLE_WIDTH, _MOST_TITLE = 64, 180  # characters of a line, and of all
WIDTH = 5.2  # inches at 72 dpi: 375 units, so that 8-point text stays readable on a phone
FONT = "DejaVu Sans"  # comes with matplotlib; wider than the fonts a browser may put in its place

# After Okabe and Ito: told apart with every common colour blindness; the lightness differs too.
BLUE, ORANGE, GREEN, RED, SKY, YELLOW, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#F0E442", "#999999",
)  # fmt: skip


class Mark(NamedTuple):
    """The marker, colour and dash with which one of several series is drawn."""

    shape: str
    color: str
    line: str


_SHAPES = "os^DvPX*"
_COLORS = (BLUE, ORANGE, GREEN, RED, GREY, SKY, "#CC79A7", "#000000")
_LINES = ("-", "--", "-.", ":")


def mark(place: int) -> Mark:
    """The mark of the series at ``place``: 64 series have each their own shape and colour together."""
    around, at = divmod(place, len(_SHAPES))
    return Mark(_SHAPES[(at + around) % len(_SHAPES)], _COLORS[at], _LINES[place % len(_LINES)])


FileFormat = Literal["svg", "png", "pdf"]
FORMATS: tuple[FileFormat, ...] = get_args(FileFormat)
_DOTS_PER_INCH = 200
_STANDALONE = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
# What a file says of itself beside its picture, which must be the same tomorrow.
_UNDATED: dict[str, dict[str, None]] = {
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "png": {"Software": None},
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
}


class Look(NamedTuple):
    """The look of a kind of work."""

    label: str
    color: str
    hatch: str


_ELEMENT_WISE = Look("element-wise", SKY, "//")
_PRODUCT = Look("matrix product", BLUE, "")
_ACTIVATION = Look("sigmoid, tanh", GREEN, "xx")
_FUNCTION = Look("other functions", GREEN, "++")
_LOOK_UP = Look("embedding, argmax", "#CC79A7", "")

KIND_LOOKS = {
    **dict.fromkeys(("matmul", "conv", "bmm"), _PRODUCT),
    "sigmoid": _ACTIVATION,
    "tanh": _ACTIVATION,
    **dict.fromkeys(("table", "softmax"), _FUNCTION),
    **dict.fromkeys(("requantise", "quantise", "add", "mul", "layer_norm", "concat"), _ELEMENT_WISE),
    **dict.fromkeys(("mean", "copy", "slice", "split"), _ELEMENT_WISE),
    **dict.fromkeys(("embedding", "argmax"), _LOOK_UP),
    "dma_read": Look("DRAM read", ORANGE, "\\\\"),
    "cpu_read": Look("DRAM read by the CPU", YELLOW, "\\\\\\\\"),
    "handoff": Look("hand-off", RED, "||"),
    "stall": Look("waits", "#FFFFFF", "---"),
}
OTHER = Look("other", GREY, "")

_SETTINGS: Any = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # embedded TrueType: journals refuse the other kind
    "text.parse_math": False,  # a "$" in a name is a dollar sign
    "font.family": "sans-serif",
    "font.sans-serif": [FONT],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


@dataclass(frozen=True)
class Drawing:
    """A figure as an SVG element for a page of HTML, from which a file of each of ``FORMATS`` can be made."""

    svg: str
    figure: Figure = field(compare=False, repr=False)

    def file(self, kind: FileFormat) -> bytes:
        """The same picture as a file of its own: the same bytes for the same data, fonts embedded in a PDF."""
        if kind == "svg":
            return self.svg.replace("<svg", _STANDALONE, 1).encode()
        buffer = io.BytesIO()
        with _look(), _any_name():
            self.figure.savefig(buffer, format=kind, dpi=_DOTS_PER_INCH, metadata=_UNDATED[kind])
        return buffer.getvalue()


@contextmanager
def _any_name() -> Iterator[None]:
    """Names in letters that our font lacks are drawn by the reader's; matplotlib would complain on the terminal."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def element(drawing: Drawing | None) -> str:
    """The SVG of ``drawing``, as it stands in a page; "" for no drawing."""
    return "" if drawing is None else drawing.svg


@contextmanager
def _silent(library: str) -> Iterator[None]:
    """Within, the library's warnings are not shown; its errors are."""
    logger = logging.getLogger(library)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _look(name: str = "") -> Iterator[None]:
    """matplotlib's settings as every figure has them: a user's own matplotlibrc must not change the bytes.

    Where no folder can hold its caches, or they take long to make, matplotlib would say so on the terminal.
    """
    with _silent("matplotlib"):
        import matplotlib as mpl

        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update({**_SETTINGS, "svg.hashsalt": name})
            yield


def _broken(title: str) -> str:
    """A title in lines that are no longer than a figure is wide: a longer one would take the axes' place."""
    return "\n".join(
        part for line in title.split("\n") for part in textwrap.wrap(shortened(line, _MOST_TITLE), _TITLE_WIDTH) or [""]
    )


@contextmanager
def canvas(name: str, height: float) -> Iterator[Figure]:
    """A blank figure of ``height`` inches. ``name`` keeps identifiers of several figures of one page apart."""
    with _look(name):
        from matplotlib.figure import Figure

        yield Figure(figsize=(WIDTH, height), layout="constrained")


def drawn(figure: Figure, title: str, description: str) -> Drawing:
    """``figure`` of a canvas as it stands, with a title and description for screen readers.

    Dates, document type, name spaces (HTML needs none) and identifiers that nothing refers to are dropped.
    """
    for axes in figure.axes:
        axes.set_title(_broken(axes.get_title(loc="left")))
    buffer = io.StringIO()
    with _any_name():
        figure.savefig(buffer, format="svg", metadata=_UNDATED["svg"])
    # Names from files stand in labels, ticks and legends; what a line of SVG holds is made visible at once.
    text = "\n".join(map(visible, buffer.getvalue().replace("\r", "").split("\n")))
    text = text[text.index("<svg") :]
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    wanted = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    text = re.sub(r'\sid="([^"]*)"', lambda match: match[0] if match[1] in wanted else "", text)
    for attribute in ("width", "height"):  # the page decides; the viewBox keeps the shape
        text = re.sub(rf'(<svg[^>]*?)\s{attribute}="[^"]*"', r"\1", text, count=1)
    title, description = escape(visible(title)), escape(visible(description))
    head = f'<svg role="img" aria-label="{title}"'
    label = f"<title>{title}</title><desc>{description}</desc>"
    text = re.sub(r"<svg([^>]*)>", lambda m: f"{head}{m[1]}>{label}", text, count=1).strip()
    return Drawing(text, figure)


def head(figure: Figure, title: str) -> None:
    """Draw a title over the whole width, for a figure whose names take the left of it."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=9, fontweight="bold")


def shorten_numbers(axis: Any, values: Iterable[float]) -> None:
    """Write the numbers of ``axis`` with a decimal prefix where its ``values`` are large, such as "5 G"."""
    if max(map(abs, values), default=0) >= LARGE:
        axis.set_major_formatter(lambda value, _: prefixed(float(value), 3))


def in_order(looks: list[Look]) -> list[Look]:
    """Each look once, in the order of ``KIND_LOOKS``."""
    order = [*KIND_LOOKS.values(), OTHER]
    return sorted(set(looks), key=order.index)


def legend_below(figure: Figure, looks: list[Look], columns: int = 3) -> None:
    """Draw one key for ``looks``, outside the axes so that it never covers data."""
    from matplotlib.patches import Patch

    patches = [
        Patch(facecolor=look.color, edgecolor="black", linewidth=0.4, hatch=look.hatch, label=look.label)
        for look in looks
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=min(columns, len(looks)))
