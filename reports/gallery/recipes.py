"""The commands that draw each figure of the gallery; docs/results/gallery.md shows the same, as a test checks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = "reports/gallery/"  # the inputs' folder, as it is typed in a clone
_PAPER = "nnasim trace --shape rnnt-paper --frames 20 --symbols 5 --out paper.json"
_STREAMS = "nnasim simulate paper.json --find-streams --deadline-ms 60"


@dataclass(frozen=True)
class Recipe:
    """``commands``, typed in a clone's folder, write the picture ``figure``.

    ``seconds``: of CPU that they took together on one core, rounded up.
    """

    title: str
    commands: tuple[str, ...]
    figure: str
    seconds: int

    @property
    def source(self) -> Path:
        """The path at which the commands leave the figure."""
        return Path(self.figure)


RECIPES: dict[str, Recipe] = {
    "waterfall": Recipe(
        "What one frame waits for",
        (_PAPER, "nnasim explain paper.json --figures explained"),
        "explained/path.svg",
        10,
    ),
    "gain-map": Recipe(
        "Where keeping operations on the chip gains 5 to 7 %: hand-off against bandwidth",
        ("nnasim study aat --limit 2 --out study --figures study-figures",),
        "study-figures/map-rnnt-paper.svg",
        60,
    ),
    "roofline": Recipe(
        "Layers under the roof of DRAM and MAC array, four frames a chunk",
        (
            _PAPER,
            "nnasim simulate paper.json --set compiler.chunk_frames=4 --out chunks.json",
            "nnasim report chunks.json --out chunks.html --figures chunks",
        ),
        "chunks/roofline0.svg",
        10,
    ),
    "time-line": Recipe(
        "What each block does in one frame",
        (
            _PAPER,
            "nnasim simulate paper.json --out result.json",
            "nnasim report result.json --out result.html --figures result",
        ),
        "result/gantt0.svg",
        10,
    ),
    "pareto": Recipe(
        "Chips that no other beats in latency and area at once",
        (
            f"nnasim sweep {HERE}sweep.yaml --store sweep.sqlite",
            "nnasim sweep-report sweep.sqlite --out sweep.html --figures sweep",
        ),
        "sweep/front0.svg",
        30,
    ),
    "words-latency": Recipe(
        "Words wrong against time waited",
        ("nnasim compare --limit 40 --out compared --figures systems",),
        "systems/words_latency.svg",
        40,
    ),
    "energy": Recipe(
        "What takes the energy",
        ("nnasim compare --limit 40 --out compared --figures systems",),
        "systems/energy.svg",
        40,
    ),
    "validation": Recipe(
        "Predicted against measured cycles",
        (f"nnasim validate --reference {HERE}nvdla_small_part.csv --out validated --figures validation",),
        "validation/validation.svg",
        10,
    ),
    "tornado": Recipe(
        "Which assumed numbers decide",
        (_PAPER, "nnasim explain paper.json --figures explained"),
        "explained/frame_ms.svg",
        10,
    ),
    "streams": Recipe(
        "How many streams each chip carries in time",
        (
            _PAPER,
            f"{_STREAMS} --out edge256.json",
            f"{_STREAMS} --set dram.bytes_per_second=12e9 --out fast.json",
            f"{_STREAMS} --set compiler.batch_streams=4 --out batched.json",
            "nnasim report edge256.json fast.json batched.json --out streams.html --figures streams",
        ),
        "streams/streams.svg",
        30,
    ),
}
