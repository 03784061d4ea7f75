"""`nnasim trace`: record the operations of a recogniser, from real decoding or from its sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nnasim.cli.options import (
    DEFAULT_PRESET,
    MOST_FRAMES,
    MOST_SYMBOLS,
    Force,
    Limit,
    Overrides,
    Preset,
    Quiet,
    out_option,
)
from nnasim.cli.told import say
from nnasim.errors import ConfigError
from nnasim.markup import counted

if TYPE_CHECKING:
    from nnasim.hardware import NnaConfig
    from nnasim.ir.trace import OpTrace, System
    from nnasim.studies.recording import Recorded


def command(
    out: Annotated[Path, out_option("the trace to write; weights go to OUT.safetensors beside it")],
    shape: Annotated[str | None, typer.Option(help="a known shape's name, or a YAML file")] = None,
    frames: Annotated[int | None, typer.Option(min=1, max=MOST_FRAMES, help="with --shape: input frames")] = None,
    symbols: Annotated[int | None, typer.Option(min=0, max=MOST_SYMBOLS, help="with --shape: symbols emitted")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="TRACE", help="a stored trace: the same decoding on another chip")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="a checkpoint to decode with")] = None,
    manifest: Annotated[Path | None, typer.Option(help="with --checkpoint: the speech to decode")] = None,
    system: Annotated[
        Literal["float", "cpu_int8", "cpu_fallback", "naive", "aat"] | None,
        typer.Option(help="which operations run where; default: aat, with --from the stored trace's"),
    ] = None,
    place: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP=UNIT", help="the place of a group of operations, as argmax=cpu; may be repeated"),
    ] = None,
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    limit: Limit = None,
    beam: Annotated[
        int | None, typer.Option(min=1, max=64, help="with --manifest: beam width; default 1: greedy")
    ] = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write the operations of decoding: their graphs, and every call with the time at which its audio exists.

    Example: nnasim trace --shape rnnt-paper --frames 100 --symbols 25 --out trace.json
    """
    from nnasim import files
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.idle_chip import tell_no_chip
    from nnasim.cli.outputs import refuse_same
    from nnasim.studies.recording import Recorded, integers_beside
    from nnasim.together import together

    files.refuse_existing_file(out, force)
    if checkpoint is not None and beam in (None, 1) and system in (None, "naive", "aat"):
        files.refuse_existing_file(integers_beside(out), force)
    refuse_same("trace", {"--out": out}, [shape, source, manifest, preset])
    hardware = load_chip(preset, overrides)
    _refuse_unused(
        {"--shape": shape, "--from": source, "--checkpoint": checkpoint},
        {"--frames": frames, "--symbols": symbols, "--manifest": manifest, "--limit": limit, "--beam": beam},
    )
    if shape is not None:
        record = Recorded(_from_shape(shape, frames, symbols, system or "aat", hardware))
    elif source is not None:
        record = Recorded(_from_trace(source, system, hardware))
    else:
        assert checkpoint is not None
        record = _from_speech(checkpoint, manifest, system or "aat", hardware, limit, beam or 1)
    trace = record.trace
    tell_no_chip(trace.system, preset, overrides)
    if place:
        moves = [move.partition("=")[::2] for move in place]
        if len(dict(moves)) < len(moves):
            raise ConfigError("trace", "--place", ", ".join(place), "must name each group once")
        record = record.placed(dict(moves))
    with together():
        record.write(out, force=force)
        calls = sum(len(utterance.call_graphs) for utterance in trace.utterances)
        if not quiet:
            say([f"{out}: {trace.system}, {counted(len(trace.utterances), 'utterance')}, {counted(calls, 'call')}"])


# What each source of a trace takes beside the chip and the system.
TAKES = {"--shape": ("--frames", "--symbols"), "--from": (), "--checkpoint": ("--manifest", "--limit", "--beam")}


def _refuse_unused(sources: dict[str, object], beside: dict[str, object]) -> None:
    """Raise ConfigError unless exactly one source is given, with only those options that it takes."""
    given = [name for name, value in sources.items() if value is not None]
    if len(given) != 1:
        what = ", ".join(given) or None
        raise ConfigError("trace", "--shape", what, "give one of --shape, --from, or --checkpoint with --manifest")
    for name, value in beside.items():
        if value is not None and name not in TAKES[given[0]]:
            raise ConfigError("trace", name, value, f"is not used with {given[0]}")


def _from_trace(path: Path, system: System | None, chip: NnaConfig) -> OpTrace:
    """The decoding of a stored trace with another arithmetic or system, without its weights."""
    from nnasim.ir.io import read_trace
    from nnasim.sweeps.retarget import retarget

    return retarget(read_trace(path), chip.numerics, system, path).model_copy(update={"weights_file": None})


def _from_shape(shape: str, frames: int | None, symbols: int | None, system: System, chip: NnaConfig) -> OpTrace:
    from nnasim.cli.doubts import warn
    from workloads.rnnt.builder import build_trace
    from workloads.rnnt.plausible import implausible_shape
    from workloads.rnnt.shapes import load_shape

    if frames is None or symbols is None:
        raise ConfigError("trace", "--frames, --symbols", (frames, symbols), "must both be given with --shape")
    sizes = load_shape(shape)
    warn(implausible_shape(sizes))
    return build_trace(sizes, frames, symbols, system=system, numerics=chip.numerics)


def _from_speech(
    checkpoint: Path, manifest: Path | None, system: System, chip: NnaConfig, limit: int | None, beam: int
) -> Recorded:
    from nnasim.cli.inputs import checked_speech, look_for_checkpoint
    from nnasim.cli.notes import tell
    from nnasim.studies.recording import recorded

    if manifest is None:
        raise ConfigError("trace", "--manifest", None, "must be given with --checkpoint: the speech to decode")
    look_for_checkpoint(checkpoint)
    entries = checked_speech(manifest, limit)
    return recorded(checkpoint, entries, system, chip.numerics, beam=beam, tell=tell)
