"""An activation unit's curve: what the chip puts out beside the real function, and the error below."""

from __future__ import annotations

from collections.abc import Sequence

from reports.figures.style import BLUE, GREY, RED, Drawing, canvas, drawn

_POINTS = 1500  # more than a printed line has dots


def curve(function: str, x: Sequence[float], chip: Sequence[float], exact: Sequence[float]) -> Drawing:
    """A figure: ``chip`` and ``exact`` over ``x``, and their difference."""
    error = [ours - real for ours, real in zip(chip, exact, strict=True)]
    every = max(1, len(x) // _POINTS)
    worst = max(map(abs, error))
    title = f"{function} on the chip: at most {worst:.3g} from the real function"
    with canvas("activation", 4.2) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        above.plot(x[::every], exact[::every], color=GREY, linewidth=3, label="real numbers")
        above.step(x[::every], chip[::every], where="post", color=BLUE, linewidth=1, label="the chip")
        above.set(ylabel=function, title=title)
        above.legend(loc="upper left")
        below.plot(x[::every], error[::every], color=RED, linewidth=0.6)
        below.axhline(0, color="black", linewidth=0.6)
        below.set(xlabel="input", ylabel="error")
        return drawn(figure, title, "Above, both curves; below, the chip's output less the real one.")
