"""`nnasim fit`: a preset from a user's own timings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import DEFAULT_PRESET, Force, Json, Overrides, Preset, Quiet, out_option
from nnasim.cli.told import refuse_json, tell_lines


def command(
    measured: Annotated[
        Path,
        typer.Argument(
            metavar="MEASUREMENTS.csv",
            help="a row for each run: a trace file, or a product M, N, K; and measured_ms (or _s, _us, _ns, _cycles)",
        ),
    ],
    fields: Annotated[str, typer.Option(metavar="F,F", help="the fields to find, as host.handoff_us,dram.efficiency")],
    out: Annotated[Path, out_option("the preset to write, which extends the chip's", "FILE.yaml")],
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    json: Json = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="continue the stopped fit to this file from what it has evaluated")
    ] = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Find fields of a chip from timings of your own board by bounded least squares on the simulator.

    Says how sure each value is, which fields the rows cannot tell apart, and the errors on rows that were left out of
    the fit. Columns: `trace` (relative to the table) or `M`, `N`, `K`, with `resident` yes or no; one of `measured_ms`,
    `_s`, `_us`, `_ns`, `_cycles`; and, if you like, `figure` (the figure that was timed, default
    engine_latency_ms.p50), fields of the chip that a row was measured with, `trace_hash`, `frames`, `system`. NVDLA's
    and Vela's tables are read as `validate` reads them; columns of their memory that are left out take the chip's
    values. Evaluations are kept in FILE.yaml.evaluated.jsonl until the fit is done, so that a stopped fit can continue.

    Example: nnasim fit board.csv --preset edge256 --fields host.handoff_us,dram.efficiency --out my_board.yaml
    """
    from nnasim import files
    from nnasim.cli.doubts import load_chip, warn
    from nnasim.cli.invocation import command_line
    from nnasim.cli.notes import tell
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.unused import refuse_unused
    from nnasim.studies.fitting.names import refuse_no_preset_name, split_names
    from workloads.importers.measured_table import read_measured_table

    refuse_no_preset_name(out)
    files.refuse_existing_file(out, force)
    refuse_json("fit", json, quiet, force)
    if resume:
        refuse_unused("fit", "with --resume", force=force)
    names, chip = split_names(fields), load_chip(preset, overrides)
    table = read_measured_table(measured)

    from nnasim.hardware.plausible import implausible
    from nnasim.studies.fitting.evaluated import evaluated_at
    from nnasim.studies.fitting.preset_file import write_preset
    from nnasim.studies.fitting.study import fit  # brings the simulator: after the table was read
    from nnasim.studies.fitting.words import in_short
    from nnasim.together import together

    with evaluated_at(out, resume=resume, force=force) as evaluated:
        with shown_progress(lines=True) as progress:
            found = fit(
                table, chip, names, preset=preset, overrides=overrides or [], command=command_line("FILE.yaml"),
                progress=progress, evaluated=evaluated,
            )  # fmt: skip
        with together():
            write_preset(found.record, out, force=force)
            if found.unused:
                tell([f"columns that the fit does not use: {', '.join(found.unused)}"])
            warn(implausible(found.chip))
            first, *rest = in_short(found.record)
            lines, record = [f"{out}: {first}", *rest], found.record.model_dump(mode="json")
            tell_lines(lines, record, json=json, quiet=quiet, force=force)
