"""`nnasim simulate`: the chip runs a stored trace and writes a result file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import (
    DEFAULT_PRESET,
    LONGEST_WAIT_MS,
    Force,
    Json,
    Overrides,
    Preset,
    Quiet,
    finite,
    out_option,
)
from nnasim.cli.shared_options import (
    Deadline,
    FindStreams,
    PolicyOption,
    Residents,
    SharedOptions,
    Starts,
    Streams,
)
from nnasim.cli.simulate_shared import simulate_shared
from nnasim.cli.told import refuse_json, tell_lines
from nnasim.cli.unused import refuse_unused
from nnasim.errors import ConfigError


def command(
    traces: Annotated[
        list[Path],
        typer.Argument(metavar="TRACE...", help="a trace file, as `nnasim trace` writes it; several share the chip"),
    ],
    out: Annotated[Path, out_option("the result file to write")],
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    functional: Annotated[
        bool, typer.Option("--functional", help="also move the real integers and compare them with the reference")
    ] = False,
    inputs: Annotated[
        Path | None,
        typer.Option(metavar="STEPS", help="with --functional: the inputs, arrays (N, ...) in .npz or .safetensors"),
    ] = None,
    perfetto: Annotated[
        Path | None, typer.Option(metavar="FILE", help="also write one frame's time line for ui.perfetto.dev")
    ] = None,
    endpointer_ms: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=LONGEST_WAIT_MS,
            callback=finite,
            help="how long the endpointer waits, a part of the user-perceived latency",
        ),
    ] = None,
    policy: PolicyOption = None,
    streams: Streams = None,
    find_streams: FindStreams = False,
    deadline_ms: Deadline = None,
    starts: Starts = None,
    residents: Residents = None,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Run a trace on a chip and write its cost, block by block and operation by operation.

    Several traces, or several streams of one, share the chip; the result says how late each was.

    Example: nnasim simulate trace.json --preset edge256 --set dram.bytes_per_second=12e9 --out result.json
    """
    asked = SharedOptions(policy, streams, find_streams, deadline_ms, starts, residents)
    if len(traces) > 1 or asked.given:
        why = "with several traces or streams"
        refuse_unused("simulate", why, inputs=inputs, perfetto=perfetto, endpointer_ms=endpointer_ms)
        simulate_shared(traces, out, preset, overrides, asked, functional, json, quiet, force)
        return
    (trace,) = traces
    from nnasim import files
    from nnasim.cli.invocation import command_line
    from nnasim.cli.outputs import refuse_same
    from nnasim.hardware import load_preset
    from nnasim.ir.io import read_trace, write_record
    from nnasim.studies.recording import integers_beside

    if inputs is not None and not functional:
        raise ConfigError("simulate", "--inputs", inputs, "is not used without --functional")
    for path in (out, *([perfetto] if perfetto else ())):
        files.refuse_existing_file(path, force)
    refuse_json("simulate", json, quiet, force)
    outputs = {"--out": out, "--perfetto": perfetto, "--json": json}
    refuse_same("simulate", outputs, [trace, integers_beside(trace), inputs, preset])
    chip = load_preset(preset, overrides or [], named="--set")
    operations = read_trace(trace)

    from nnasim.cli.doubts import warn
    from nnasim.hardware.plausible import implausible
    from nnasim.pipeline import simulate  # brings the simulator: after the inputs have been found good
    from nnasim.results import SimOptions
    from nnasim.studies.explaining.in_brief import with_what_ifs
    from nnasim.studies.provenance import documented, with_section
    from nnasim.sweeps.objectives import chip_figures
    from nnasim.together import together
    from reports.terminal import result_lines
    from workloads.rnnt.plausible import implausible_trace

    options = SimOptions(endpointer_ms=endpointer_ms)
    # After the run: one that cannot end says these in its own line.
    result = with_what_ifs(simulate(operations, chip, options), operations, chip)
    result = documented(result, preset, chip, command_line("RESULT"))
    warn([*implausible(chip), *implausible_trace(operations)])
    lines = list[str]()
    if functional:
        from nnasim.studies.functional import compared, compared_lines

        section = compared(trace, operations, chip, inputs)
        result = with_section(result, functional=section)
        lines += compared_lines(section, operations)
    with together():
        if perfetto is not None:
            from reports.perfetto import write_perfetto

            write_perfetto(perfetto, {result.system: result}, force=force)
        write_record(out, result, force=force)
        first, *rest = result_lines(result)
        lines += [f"{out}: {first}", *rest]
        figures = chip_figures([result], chip)
        tell_lines(lines, figures, json=json, quiet=quiet, force=force)
