"""`nnasim simulate` of several models or streams on one chip."""

from __future__ import annotations

from pathlib import Path

from nnasim.cli.shared_options import MOST_STREAMS, SharedOptions
from nnasim.cli.told import refuse_json, tell_lines


def simulate_shared(
    traces: list[Path],
    out: Path,
    preset: str,
    overrides: list[str] | None,
    asked: SharedOptions,
    functional: bool,
    json: Path | None,
    quiet: bool,
    force: bool,
) -> None:
    """Run ``traces`` on one chip, write the result and, unless ``quiet``, print its figures."""
    from nnasim import files
    from nnasim.cli.invocation import command_line
    from nnasim.cli.outputs import refuse_same
    from nnasim.cli.unused import refuse_unused
    from nnasim.errors import ConfigError
    from nnasim.hardware import load_preset
    from nnasim.ir.io import read_trace, write_record
    from nnasim.ir.shared import POLICIES, RESIDENTS, STARTS
    from nnasim.sharing.idle import idle_settings
    from nnasim.studies.recording import integers_beside

    for option, value, allowed in (
        ("--policy", asked.policy, POLICIES),
        ("--starts", asked.starts, STARTS),
        ("--residents", asked.residents, RESIDENTS),
    ):
        if value is not None and value not in allowed:
            raise ConfigError("simulate", option, value, f"must be one of {', '.join(allowed)}")
    if asked.find_streams:
        if asked.deadline_ms is None:
            raise ConfigError("simulate", "--find-streams", True, "needs --deadline-ms")
        refuse_unused("simulate", "with --find-streams", streams=asked.streams, functional=functional)
    idle = idle_settings(
        len(traces), asked.streams, searched=asked.find_streams, policy=asked.policy, starts=asked.starts,
        residents=asked.residents,
    )  # fmt: skip
    for name, value, why in idle:
        refuse_unused("simulate", why, **{name: value})
    files.refuse_existing_file(out, force)
    refuse_json("simulate", json, quiet, force)
    refuse_same("simulate", {"--out": out, "--json": json}, [*traces, *map(integers_beside, traces), preset])
    chip = load_preset(preset, overrides or [], named="--set")
    operations = [read_trace(path) for path in traces]

    from nnasim.cli.doubts import warn
    from nnasim.hardware.plausible import implausible
    from nnasim.markup import columns
    from nnasim.sharing.run import SharingOptions
    from nnasim.studies.sharing import Asked, documented_shared, models_of, shared
    from nnasim.together import together
    from reports.shared_lines import shared_figures, terminal_lines
    from workloads.rnnt.plausible import implausible_trace

    options = SharingOptions(
        policy=asked.policy or "fifo",  # type: ignore[arg-type]
        starts=asked.starts or "even",  # type: ignore[arg-type]
        residents=asked.residents or "fewest_bytes",  # type: ignore[arg-type]
        deadline_ms=asked.deadline_ms,
    )
    models = models_of([path.stem for path in traces], operations, asked.streams or 1)
    wanted = Asked(options, MOST_STREAMS if asked.find_streams else None)
    result = shared(models, chip, wanted, traces if functional else None)
    warn([*implausible(chip), *(line for trace in operations for line in implausible_trace(trace))])
    with together():
        write_record(out, documented_shared(result, preset, chip, command_line("RESULT")), force=force)
        lines = list(terminal_lines(result, f"{out}: ", columns()))
        tell_lines(lines, shared_figures(result), json=json, quiet=quiet, force=force)
