"""`nnasim import`: a model from another tool as a trace, with its integers if steps for calibration are given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nnasim.cli import models as model
from nnasim.cli import when as call
from nnasim.cli.csv_safe import CsvSafe
from nnasim.cli.options import DEFAULT_PRESET, Force, Json, Limit, Overrides, Preset, Quiet, out_option
from nnasim.cli.told import cut_lines, refuse_json, tell_lines
from nnasim.errors import ConfigError


def command(
    out: Annotated[Path, out_option("the trace to write; its integers go to OUT.safetensors beside it")],
    models: model.Models = None,
    encoder: model.Encoder = None,
    decoder: model.DecoderFile = None,
    joiner: model.Joiner = None,
    shape: model.ShapeTexts = None,
    bind: model.BindTexts = None,
    state: model.StateTexts = None,
    no_states: model.NoStates = False,
    keep_state: model.KeepState = None,
    on_cpu: model.OnCpu = None,
    blank: model.Blank = 0,
    period_ms: call.PeriodMs = None,
    seconds: call.Seconds = None,
    symbols_per_second: call.SymbolsPerSecond = None,
    calls: call.CallsFile = None,
    manifest: call.Speech = None,
    features: call.Features = "fbank",
    mels: call.Mels = None,
    sample_rate: call.SampleRate = "16000",
    limit: Limit = None,
    steps: call.Steps = None,
    method: call.RangeMethod = "mse",
    weight_bits: Annotated[Literal["4", "8"] | None, typer.Option(help="as --set numerics.weight_bits=N")] = None,
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    ledger: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="also write where each node runs")] = None,
    csv_safe: CsvSafe = False,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write the operations of a model as a trace: for times only, or with exact integers if it is calibrated.

    Example: nnasim import vad.onnx --shape input=1x576 --bind sr=16000 --period-ms 32 --seconds 10 --out trace.json
    """
    from nnasim import files
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.idle_chip import tell_no_chip
    from nnasim.cli.outputs import refuse_same
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.unused import refuse_unused
    from nnasim.csvtext import spreadsheet_cells
    from nnasim.markup import visible
    from nnasim.studies.recording import integers_beside

    if ledger is None:
        refuse_unused("import", "without --ledger", csv_safe=csv_safe)
    for path in (out, ledger, integers_beside(out) if steps else None):
        if path is not None:
            files.refuse_existing_file(path, force)
    refuse_json("import", json, quiet, force)
    integers = integers_beside(out) if steps else None
    outputs = {"--out": out, "--ledger": ledger, "--json": json, "the integers of --out": integers}
    refuse_same("import", outputs, [*(models or ()), encoder, decoder, joiner, calls, manifest, steps, preset])
    if weight_bits and any(text.partition("=")[0].strip() == "numerics.weight_bits" for text in overrides or ()):
        raise ConfigError("import", "--weight-bits", weight_bits, "cannot be combined with --set numerics.weight_bits")
    bits = [] if weight_bits is None else [f"numerics.weight_bits={weight_bits}"]
    chip = load_chip(preset, [*(overrides or ()), *bits])
    recipe = model.recipe_of(
        models, {"encoder": encoder, "decoder": decoder, "joiner": joiner}, shape, bind, state, no_states, keep_state,
        on_cpu=tuple(on_cpu or ()), blank=blank, steps=steps, method=method,
    )  # fmt: skip

    from nnasim.studies.importing import (
        When,
        import_figures,
        import_files,
        import_lines,
        recorded_import,
        write_ledger,
    )
    from nnasim.together import together

    when = When(
        period_ms=period_ms, seconds=seconds, symbols_per_second=symbols_per_second, calls=calls, manifest=manifest,
        features=features, mels=mels, sample_rate=int(sample_rate), limit=limit,
    )  # fmt: skip
    with shown_progress(lines=True) as progress:
        result = import_files(recipe, when, chip.numerics, progress)
    tell_no_chip(result.trace.system, preset, overrides)
    with together():
        recorded_import(result).write(out, force=force)
        if ledger is not None:
            with spreadsheet_cells(csv_safe):
                write_ledger(ledger, result.ledger, force=force)
        lines = [visible(line) for line in (f"{out}: {result.trace}", *cut_lines(list(import_lines(result))))]
        tell_lines(lines, import_figures(result), json=json, quiet=quiet, force=force)
