"""Options of `nnasim simulate` for several models or streams. Light, since its help shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from nnasim import limits
from nnasim.cli.options import LONGEST_WAIT_MS, finite

MOST_STREAMS = limits.STREAMS

PolicyOption = Annotated[
    str | None,
    typer.Option(
        metavar="fifo|priority|round_robin",
        help="the rule that chooses the next call, with several models or streams",
    ),
]
Streams = Annotated[int | None, typer.Option(min=1, max=MOST_STREAMS, help="streams of each trace")]
FindStreams = Annotated[
    bool,
    typer.Option("--find-streams", help="find how many streams keep the p99 of frame latency within --deadline-ms"),
]
Deadline = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=LONGEST_WAIT_MS,
        callback=finite,
        help="deadline of each frame, with several models or streams; default: the arrival of the next",
    ),
]
Starts = Annotated[
    str | None,
    typer.Option(metavar="even|together|random", help="when streams of one trace begin within a frame's period"),
]
Residents = Annotated[
    str | None,
    typer.Option(
        metavar="fewest_bytes|together|in_turn", help="whose weights stay in SRAM: of all models, or of one at a time"
    ),
]


@dataclass(frozen=True)
class SharedOptions:
    """The options about sharing; None and False: not given."""

    policy: str | None
    streams: int | None
    find_streams: bool
    deadline_ms: float | None
    starts: str | None
    residents: str | None

    @property
    def given(self) -> bool:
        """Whether any of them was given, so that even a single trace is a stream on a shared chip."""
        return self.find_streams or any(
            value is not None for value in (self.policy, self.streams, self.deadline_ms, self.starts, self.residents)
        )
