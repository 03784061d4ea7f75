"""`nnasim evaluate`: word error rate of one system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nnasim.cli.options import DEFAULT_PRESET, Force, Json, Limit, Overrides, Preset, Quiet
from nnasim.cli.told import list_rows, refuse_json, tell_lines
from nnasim.cli.training_options import Device, ExplainNumerics
from nnasim.markup import counted


def command(
    checkpoint: Annotated[Path, typer.Option(help="a checkpoint's folder or its model.safetensors")],
    manifest: Annotated[Path, typer.Option(help="the speech to recognise")],
    system: Annotated[
        Literal["float", "cpu_int8", "cpu_fallback", "naive", "aat"], typer.Option(help="which arithmetic")
    ],
    json_file: Json = None,
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    calibration: Annotated[
        Literal["mse", "percentile", "max"] | None,
        typer.Option(help="how naive and cpu_fallback choose their ranges; default: mse"),
    ] = None,
    limit: Limit = None,
    beam: Annotated[int, typer.Option(min=1, max=64, help="beam width; 1: greedy")] = 1,
    batch: Annotated[
        int | None,
        typer.Option(min=1, max=4096, help="decode up to this many utterances at once: same words; default: 32"),
    ] = None,
    device: Device = "cpu",
    explain_numerics: ExplainNumerics = False,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Decode a manifest with one system and compare the words with the manifest's text.

    Example: nnasim evaluate --checkpoint runs/float --manifest dev.jsonl --system naive --json naive.json
    """
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.idle_chip import ON_THE_CPU, tell_no_chip
    from nnasim.cli.inputs import checked_speech, look_for_checkpoint
    from nnasim.cli.notes import tell
    from nnasim.cli.progress import shown_progress
    from nnasim.cli.unused import refuse_explained, refuse_idle_force, refuse_unused
    from nnasim.errors import ConfigError

    if system in ON_THE_CPU:
        refuse_unused("evaluate", f"with --system {system}", calibration=calibration)
    refuse_idle_force("evaluate", force, json=json_file)
    refuse_json("evaluate", json_file, quiet, force)
    refuse_explained("evaluate", explain_numerics, json_file)
    tell_no_chip(system, preset, overrides)
    if batch is not None and beam != 1:
        raise ConfigError("--batch", "beam", beam, "must be 1: only greedy decoding takes several utterances at once")
    numerics = load_chip(preset, overrides).numerics
    look_for_checkpoint(checkpoint)
    entries = checked_speech(manifest, limit)

    from aat_training.data.notes import score_notes, speech_notes
    from aat_training.decode.corpus import BATCH  # brings torch: after the files have been looked at
    from aat_training.devices import label
    from aat_training.evaluate import hypotheses_of
    from aat_training.score import score
    from aat_training.systems import brings_its_own, load_system

    loaded, model, scheme = load_system(checkpoint, system, numerics, calibration or "mse", device)
    if system == "aat" and scheme is not None and brings_its_own(loaded, scheme):
        why = "on the chip that aat was trained for: its ranges are trained"
        refuse_unused("evaluate", why, calibration=calibration)
    tell(speech_notes(entries, loaded))
    if explain_numerics:
        from aat_training.computing import numerics_lines

        list_rows(numerics_lines(model, numerics, batch or BATCH if beam == 1 else 1))
    with shown_progress() as progress:
        words = hypotheses_of(model, loaded, entries, system, progress, beam, batch or BATCH)
    scored = score([(reference, hypothesis) for _, reference, hypothesis in words])
    found = {"text_normalisation": loaded.recipe.text, "device": label(model.device)}
    named, wer = {**scored.summary(), **found}, scored.wer
    wer_text = "not defined" if wer is None else f"{100 * wer:.2f} %"
    tell(score_notes({system: wer}))
    counts = ", ".join(
        counted(each, what)
        for each, what in ((scored.errors, "error"), (scored.words, "word"), (scored.utterances, "utterance"))
    )
    line = f"{system}: WER {wer_text} ({counts})"
    tell_lines([line], named, json=json_file, quiet=quiet, force=force)
