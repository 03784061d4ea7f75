"""One look for every figure: hatches carry the meaning where colour is lost, text stays text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from nnasim.markup import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 5.2  # inches at 72 dpi: 375 units, so that 8-point text stays readable on a phone
FONT = "DejaVu Sans"  # comes with matplotlib; wider than the fonts a browser may put in its place

# After Okabe and Ito: told apart with every common colour blindness; the lightness differs too.
BLUE, ORANGE, GREEN, RED, SKY, YELLOW, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#F0E442", "#999999",
)  # fmt: skip


class Look(NamedTuple):
    """How a kind of work is drawn."""

    label: str
    color: str
    hatch: str


_ELEMENT_WISE = Look("element-wise", SKY, "//")
_PRODUCT = Look("matrix product", BLUE, "")
_ACTIVATION = Look("sigmoid, tanh", GREEN, "xx")
_FUNCTION = Look("other functions", GREEN, "..")
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


@contextmanager
def canvas(name: str, height: float) -> Iterator[Figure]:
    """A blank figure of ``height`` inches. ``name`` keeps identifiers of several figures of one page apart."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # rcdefaults first: a user's own matplotlibrc must not change the bytes.
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**_SETTINGS, "svg.hashsalt": name})
        yield Figure(figsize=(WIDTH, height), layout="constrained")


def svg(figure: Figure, title: str, description: str) -> str:
    """``figure`` as an SVG element for a page of HTML, with a title and description for screen readers.

    Dates, document type, name spaces (HTML needs none) and identifiers that nothing refers to are dropped.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
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
    return re.sub(r"<svg([^>]*)>", lambda m: f"{head}{m[1]}>{label}", text, count=1).strip()


def in_order(looks: list[Look]) -> list[Look]:
    """Each look once, in the order of ``KIND_LOOKS``."""
    order = [*KIND_LOOKS.values(), OTHER]
    return sorted(set(looks), key=order.index)


def legend_below(figure: Figure, looks: list[Look], columns: int = 3) -> None:
    """One key for ``looks``, outside the axes so that it never covers data."""
    from matplotlib.patches import Patch

    patches = [
        Patch(facecolor=look.color, edgecolor="black", linewidth=0.4, hatch=look.hatch, label=look.label)
        for look in looks
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=min(columns, len(looks)))
