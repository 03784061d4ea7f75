"""`nnasim check`: whether a model from another tool runs on a chip. Writes nothing."""

from __future__ import annotations

from nnasim.cli import models as model
from nnasim.cli.options import DEFAULT_PRESET, All, Overrides, Preset
from nnasim.cli.told import list_first

REFUSED = 1  # the exit code of a model that does not run; 2 is for a user's errors


def command(
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
    preset: Preset = DEFAULT_PRESET,
    overrides: Overrides = None,
    whole: All = False,
) -> int:
    """Print a model's states, its work, and where each node goes: chip, CPU, or refused, by name and reason.

    Exits with 1 if anything is refused, or if the chip cannot hold the model.

    Example: nnasim check silero_vad.onnx --shape input=1x576 --bind sr=16000 --preset edge256
    """
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.wording import as_options
    from nnasim.markup import visible

    roles = {"encoder": encoder, "decoder": decoder, "joiner": joiner}
    recipe = model.recipe_of(
        models, roles, shape, bind, state, no_states, keep_state, on_cpu=tuple(on_cpu or ()), blank=blank
    )
    chip = load_chip(preset, overrides)

    from nnasim.studies.checking import check_files

    check = check_files(recipe, chip)
    list_first((as_options(visible(line)) for line in check.lines()), whole)
    return 0 if check.runs else REFUSED
