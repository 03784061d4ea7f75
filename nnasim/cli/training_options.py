"""Options about the steps and the data of a training run, and their ranges. Light, since commands load it at once."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from nnasim.cli.options import finite
from nnasim.errors import ConfigError

MOST_BATCH = 65_536
MOST_ACCUMULATED = 1024
LEAST_CLIP, MOST_CLIP = 1e-6, 1e6
MOST_AVERAGE = 0.999_999
MOST_PATIENCE = 1_000_000
MOST_SHUFFLED_SHARDS = 1024
MOST_WORKERS = 64

Batch = Annotated[
    int | None, typer.Option(min=1, max=MOST_BATCH, help="utterances of a batch, instead of the recipe's")
]
Accumulate = Annotated[
    int | None, typer.Option(min=1, max=MOST_ACCUMULATED, help="batches whose gradients make one step; default: 1")
]
Clip = Annotated[
    float | None,
    typer.Option(min=LEAST_CLIP, max=MOST_CLIP, callback=finite, help="largest gradient norm; default: the recipe's"),
]
Average = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=MOST_AVERAGE,
        callback=finite,
        help="decay of the moving average of weights that is evaluated and kept; 0: none; default: the recipe's",
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=MOST_PATIENCE,
        help="end after this many evaluations on dev in a row without a lower WER; 0, default: never",
    ),
]
ShuffleShards = Annotated[
    int | None,
    typer.Option(
        min=1, max=MOST_SHUFFLED_SHARDS, help="shards whose utterances are shuffled among each other; default: 16"
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=MOST_WORKERS,
        help="processes (of each rank) that compute features of shards; 0: none beside the training; default: 1",
    ),
]


def device_name(value: str) -> str:
    """``value``. Raises an error unless it names a device, before torch is loaded to look for it."""
    if not re.fullmatch(r"cpu|cuda(:[0-9]{1,2})?", value):
        raise ConfigError("device", "", value, "must be cpu, cuda, or cuda:N")
    return value


Device = Annotated[
    str,
    typer.Option(
        metavar="cpu|cuda[:N]",
        callback=device_name,
        help="where it computes: the CPU or a GPU, on which the chip's integers are the same; default: cpu",
    ),
]

ExplainNumerics = Annotated[
    bool,
    typer.Option(
        "--explain-numerics", help="show each product's accumulator bound and float type, what computes it, and why"
    ),
]
