"""Options about when the graphs of an imported model run, and about its calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nnasim.cli.options import finite

LEAST, MOST_MS, MOST_RATE, LEAST_MELS, MOST_MELS = 1e-3, 1e6, 1e5, 4, 128

PeriodMs = Annotated[
    float | None, typer.Option(min=LEAST, max=MOST_MS, callback=finite, help="time from one call to the next")
]
Seconds = Annotated[
    float | None,
    typer.Option(
        min=LEAST, max=MOST_MS, callback=finite, help="how much audio is processed; default with --period-ms: 1"
    ),
]
SymbolsPerSecond = Annotated[
    float | None,
    typer.Option(min=0, max=MOST_RATE, callback=finite, help="symbols that a transducer emits, evenly spread"),
]
CallsFile = Annotated[
    Path | None, typer.Option("--calls", metavar="CALLS.csv", help="calls measured on a device: time_s,graph")
]
Speech = Annotated[
    Path | None, typer.Option("--manifest", help="real speech: a transducer decodes it greedily, in float")
]
Features = Annotated[
    Literal["fbank", "logmel"], typer.Option(help="the inputs of a transducer: Kaldi's filter banks, or log-mel")
]
Mels = Annotated[
    int | None,
    typer.Option(min=LEAST_MELS, max=MOST_MELS, help="number of filters; default: as many as the encoder's input has"),
]
SampleRate = Annotated[Literal["8000", "16000"], typer.Option(help="sample rate at which features are computed [Hz]")]
Steps = Annotated[
    str | None,
    typer.Option(
        "--calibrate",
        metavar="STEPS",
        help="arrays (N, ...) by input in .npz or .safetensors; or random, for times only",
    ),
]
RangeMethod = Annotated[
    Literal["mse", "percentile", "max"],
    typer.Option("--method", help="how ranges are chosen from the calibration's inputs"),
]
