"""`nnasim diff`: the first integer that two traces compute differently; exit code 1 if there is one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnasim.cli.options import Force, Json, Quiet
from nnasim.cli.outputs import refuse_same
from nnasim.cli.told import refuse_json, tell_rows
from nnasim.cli.unused import refuse_idle_force
from nnasim.errors import shown

if TYPE_CHECKING:
    from nnasim.functional.first_difference import Difference, Run, Unequal

DIFFERENT = 1  # as `diff` says it; 2 is for a user's errors
_MOST_CONSTANTS = 5


def command(
    before: Annotated[Path, typer.Argument(metavar="A", help="a trace with its integers")],
    after: Annotated[Path, typer.Argument(metavar="B", help="another one, of the same model")],
    inputs: Annotated[
        Path | None,
        typer.Option(metavar="STEPS", help="the inputs of both, arrays (N, ...) in .npz or .safetensors"),
    ] = None,
    json: Json = None,
    quiet: Quiet = False,
    force: Force = False,
) -> int:
    """Run both traces in integers and name the first place that differs: frame, operation, element, both values.

    The inputs of each are those stored with it, or the same seeded noise. The simulated chip computes these very
    integers, as `simulate --functional` checks.

    Example: nnasim diff main.json branch.json
    """
    from nnasim.functional.first_difference import first_difference, other_constants

    refuse_json("diff", json, quiet, force)
    refuse_same("diff", {"--json": json}, [before, after, inputs])
    refuse_idle_force("diff", force, json=json)
    a, b = (_run(path, inputs) for path in (before, after))
    constants = other_constants(a.constants, b.constants)
    difference = first_difference(a, b)
    figures = {
        "same": difference is None,
        "constants": {name: found and dataclasses.asdict(found) for name, found in constants.items()},
        "first_difference": difference and dataclasses.asdict(difference),
    }
    tell_rows(_lines(constants, difference), figures, json=json, quiet=quiet, force=force)
    return DIFFERENT if difference else 0


def _lines(constants: Mapping[str, Unequal | None], difference: Difference | None) -> Iterator[str]:
    for name in list(constants)[:_MOST_CONSTANTS]:
        found = constants[name]
        yield f"constant {shown(name)}: {_unequal(found) if found else 'only one of both has it'}"
    if len(constants) > _MOST_CONSTANTS:
        yield f"... and {len(constants) - _MOST_CONSTANTS:,} more constants differ"
    yield _line(difference) if difference else "every integer of every operation is the same"


def _run(path: Path, inputs: Path | None) -> Run:
    """The integers of a trace. Raises TraceError, CheckpointError or FileError."""
    from nnasim.functional.cosimulate import refuse_what_has_no_integers
    from nnasim.functional.first_difference import Run
    from nnasim.functional.stored import heard_of_steps, random_features, read_constants, split_features
    from nnasim.ir.io import read_trace
    from workloads.stepgraph.steps import read_arrays

    trace = read_trace(path)
    refuse_what_has_no_integers(trace)
    constants, heard = split_features(read_constants(path, trace), trace)
    if inputs is not None:
        heard = heard_of_steps(read_arrays(inputs), trace, inputs)
    return Run(trace, constants, heard or random_features(trace))


def _line(difference: Difference) -> str:
    place = f"utterance {shown(difference.utterance)}, frame {difference.frame}, call {difference.call}"
    graph = f" ({difference.graph})" if difference.graph else ""
    values = f": {_unequal(difference.unequal)}" if difference.unequal else ""
    return f"first difference: {place}{graph}: {difference.where}{values}"


def _unequal(found: Unequal) -> str:
    a, b = found.values
    if found.greatest is None:
        return f"shape {a} against {b}"
    element = f"element {', '.join(map(str, found.element))}" if found.element else "its one element"
    of = f"{found.differing:,} of {found.elements:,} differ, by {found.greatest:g} at most"
    return f"{element} is {a} against {b}; {of}"
