"""Options of the commands that read models from other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nnasim.errors import InputError

if TYPE_CHECKING:
    from nnasim.ir.imported import Recipe

Models = Annotated[
    list[Path] | None, typer.Argument(metavar="MODEL...", help="models in .onnx or .tflite, or layers.csv")
]
Encoder = Annotated[Path | None, typer.Option(help="a transducer's encoder, with --decoder and --joiner")]
DecoderFile = Annotated[Path | None, typer.Option("--decoder", help="a transducer's decoder, or prediction network")]
Joiner = Annotated[Path | None, typer.Option(help="a transducer's joiner")]
ShapeTexts = Annotated[
    list[str] | None, typer.Option("--shape", metavar="INPUT=1x576", help="sizes of an input; may be repeated")
]
BindTexts = Annotated[
    list[str] | None,
    typer.Option("--bind", metavar="NAME=VALUE", help="an input that is one constant, or an open size"),
]
StateTexts = Annotated[
    list[str] | None,
    typer.Option("--state", metavar="IN:OUT", help="an output that is an input of the next call; * fits any text"),
]
NoStates = Annotated[
    bool, typer.Option("--no-states", help="nothing is kept from call to call, whatever the names suggest")
]
KeepState = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NODE", help=("a recurrent layer that starts from zeros at each call, and is to continue instead")
    ),
]
OnCpu = Annotated[
    list[str] | None,
    typer.Option("--on-cpu", metavar="KIND|NODE", help="nodes or operators that the CPU runs; * fits any text"),
]
Blank = Annotated[int, typer.Option(min=0, max=2**31, help="of a transducer: the number of the blank symbol")]


def recipe_of(
    models: list[Path] | None, roles: dict[str, Path | None], shapes: list[str] | None, bind: list[str] | None,
    states: list[str] | None, no_states: bool, keep_state: list[str] | None, **more: Any,
) -> Recipe:  # fmt: skip
    """The recipe that a command's options give for its models. Raises InputError."""
    from nnasim.cli.model_texts import bindings_of, shapes_of
    from nnasim.ir.imported import Recipe
    from nnasim.records import validated
    from nnasim.studies.importing import recipe_models

    if no_states and states:
        raise InputError("--no-states", "", True, "cannot be combined with --state")
    named = recipe_models(models or [], roles)
    data = {
        "models": named,
        "shapes": shapes_of(shapes),
        "bind": bindings_of(bind),
        "states": () if no_states else tuple(states) if states else None,
        "keep_state": tuple(keep_state or ()),
        **more,
    }
    return validated(Recipe, data, "import", InputError)
