"""`nnasim simulate`: the chip runs a stored trace and writes a result file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnasim.cli.options import DEFAULT_PRESET, LONGEST_WAIT_MS, Force, Overrides, Preset, finite, out_option
from nnasim.errors import SimulationError, shown

if TYPE_CHECKING:
    from nnasim.hardware import NnaConfig
    from nnasim.ir.result import Functional
    from nnasim.ir.trace import OpTrace


def command(
    trace: Annotated[Path, typer.Argument(help="a trace file, as `nnasim trace` writes it")],
    out: Annotated[Path, out_option("the result file to write")],
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    functional: Annotated[
        bool, typer.Option("--functional", help="also move the real integers and compare them with the reference")
    ] = False,
    perfetto: Annotated[
        Path | None, typer.Option(metavar="FILE", help="also write one frame's time line for ui.perfetto.dev")
    ] = None,
    endpointer_ms: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=LONGEST_WAIT_MS,
            callback=finite,
            help="what the endpointer waits, a part of the user-perceived latency",
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Run a trace on a chip and write what it cost, block by block and operation by operation.

    Example: nnasim simulate trace.json --preset edge256 --set dram.bytes_per_second=12e9 --out result.json
    """
    from nnasim import files
    from nnasim.cli.invocation import command_line
    from nnasim.hardware import load_preset
    from nnasim.ir.io import read_trace, write_record

    for path in (out, *([perfetto] if perfetto else ())):
        files.refuse_existing(path, force)
    chip = load_preset(preset, overrides or [], named="--set")
    operations = read_trace(trace)

    from nnasim.cli.doubts import warn
    from nnasim.hardware.plausible import implausible
    from nnasim.pipeline import simulate  # brings the simulator: after the inputs have been found good
    from nnasim.results import SimOptions
    from nnasim.studies.provenance import documented, with_section
    from reports.terminal import result_lines
    from workloads.rnnt.plausible import implausible_trace

    options = SimOptions(endpointer_ms=endpointer_ms)
    # After the run: one that cannot end says these in its own line.
    result = documented(simulate(operations, chip, options), preset, chip, command_line("RESULT"))
    warn([*implausible(chip), *implausible_trace(operations)])
    if functional:
        result = with_section(result, functional=_functional(trace, operations, chip))
    if perfetto is not None:
        from reports.perfetto import write_perfetto

        write_perfetto(perfetto, {result.system: result}, force=force)
    write_record(out, result, force=force)
    print(f"{out}: " + "\n".join(result_lines(result)))


def _functional(path: Path, trace: OpTrace, chip: NnaConfig) -> Functional:
    """Every event again with the real integers; SimulationError unless all that it shows is the reference's."""
    from nnasim.functional.cosimulate import cosimulate
    from nnasim.functional.stored import random_features, read_constants, split_features
    from nnasim.ir.result import Functional

    constants, features = split_features(read_constants(path, trace), trace)
    origin = "random, seed 0" if features is None else "stored"
    report = cosimulate(trace, chip, constants, random_features(trace) if features is None else features)
    if report.mismatches:
        which = ", ".join(f"{count:,} of {shown(name)}" for name, count in report.different.items())
        counts = f"{report.mismatches:,} of {report.values + report.states:,} integers: {which}"
        raise SimulationError(f"{path}: the functional chip differs from the reference in {counts}")
    if report.values:
        what = "logits" if report.only_logits else "integers of outputs"
        print(f"functional: 0 of {report.values:,} {what} differ from the reference (features: {origin})")
    if report.states:
        print(f"functional: 0 of {report.states:,} integers of last states differ from the reference")
    return Functional(
        utterances=report.utterances,
        joint_steps=report.joint_steps,
        values=report.values,
        states=report.states,
        mismatches=report.mismatches,
        features=origin,
    )
