"""The inputs of a model, call by call: named arrays with a leading step axis, read strictly and checked against a
graph.

States are not among them: they begin at their initial values, and each call hands them to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnasim import files, limits
from nnasim.errors import FileError, InputError
from nnasim.npzfile import LARGEST_FILE, read_npz
from nnasim.tensorfile import read_tensors
from workloads.stepgraph.graph import Array, StepGraph, Tensor

RANDOM = "random"
HELD_OUT_OF = 5
_KINDS = {"f": "real numbers", "i": "whole numbers", "u": "whole numbers", "b": "truth values"}
_MOST_COMPLAINTS = 20


@dataclass(frozen=True, eq=False)
class Steps:
    """The inputs of a model, call by call.

    ``arrays``: (N, *shape) by input, in the graph's types; ``source``: the file, or what made them.

    ``is_random``: whether they are noise, which says nothing about what the model's values will be.
    """

    arrays: Mapping[str, Array]
    source: str
    is_random: bool = False

    def __len__(self) -> int:
        """The number of calls."""
        return len(next(iter(self.arrays.values())))

    def __iter__(self) -> Iterator[dict[str, Array]]:
        """The inputs of each call."""
        for number in range(len(self)):
            yield {name: values[number] for name, values in self.arrays.items()}

    def is_held_out(self, number: int) -> bool:
        """Whether call ``number`` is held out of calibration for judging it: every fifth, if there are enough.

        It is run all the same, since states continue through it.
        """
        return len(self) >= HELD_OUT_OF and number % HELD_OUT_OF == HELD_OUT_OF - 1


def read_arrays(path: str | Path) -> Mapping[str, Array]:
    """The arrays of a ``.npz`` or ``.safetensors`` file. Raises FileError or InputError."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".npz", ".safetensors"):
        raise FileError(path, f"must be a .npz or .safetensors file of named arrays{files.seems(path)}")
    return read_npz(path) if suffix == ".npz" else read_tensors(path, LARGEST_FILE)


def steps_of_each(arrays: Mapping[str, Array], graphs: Mapping[str, StepGraph], source: str) -> dict[str, Steps]:
    """``arrays`` as steps of several graphs that are called together, by the name of an input or by GRAPH/INPUT.

    An input that several graphs have, and differently, needs the latter. Raises InputError as ``checked_steps`` does.
    """
    if len(graphs) == 1:
        return {name: checked_steps(arrays, graph, source) for name, graph in graphs.items()}
    tensors = defaultdict[str, set[Tensor]](set)
    for graph in graphs.values():
        for input_ in graph.audio:
            tensors[input_].add(graph.inputs[input_])
    given = {
        (name, input_): full if (full := f"{name}/{input_}") in arrays or len(tensors[input_]) > 1 else input_
        for name, graph in graphs.items()
        for input_ in graph.audio
    }
    states = tuple(state for graph in graphs.values() for state in graph.states)
    inputs = {called: graphs[name].inputs[input_] for (name, input_), called in given.items()}
    inputs |= {state.input: graph.inputs[state.input] for graph in graphs.values() for state in graph.states}
    together = StepGraph(
        name=" and ".join(graphs), nodes=(), inputs=inputs, values={}, constants={}, outputs=(), states=states
    )
    steps = checked_steps(arrays, together, source)
    return {
        name: Steps({input_: steps.arrays[given[name, input_]] for input_ in graph.audio}, source)
        for name, graph in graphs.items()
    }


def checked_steps(arrays: Mapping[str, Array], graph: StepGraph, source: str) -> Steps:
    """``arrays`` as steps of ``graph``: an array (N, *shape) for every input that is no state, the same N for all.

    Raises InputError, which names ``source``, with everything that is wrong at once.
    """
    wanted = {name: graph.inputs[name] for name in graph.audio}
    complaints = [*_other_names(arrays, wanted, graph), *_wrong_arrays(arrays, wanted)]
    if not complaints and len({len(arrays[name]) for name in wanted}) > 1:
        lengths = ", ".join(f"{name} {len(arrays[name])}" for name in wanted)
        complaints = [f"inputs have different numbers of steps ({lengths})"]
    longest = max((len(arrays[name]) for name in wanted if name in arrays and np.ndim(arrays[name])), default=0)
    if not complaints and longest > limits.MODEL_STEPS:
        complaints = [f"there are {longest:,} steps, of which at most {limits.MODEL_STEPS:,} are allowed"]
    if not complaints and not (wanted and len(arrays[next(iter(wanted))])):
        complaints = ["there must be at least one step"] if wanted else ["the graph has no input but its states"]
    if complaints:
        more = len(complaints) - _MOST_COMPLAINTS
        listed = [*complaints[:_MOST_COMPLAINTS], *([f"and {more} more"] if more > 0 else [])]
        raise InputError(source, "steps", sorted(map(str, arrays)), "; ".join(listed))
    return Steps({name: np.asarray(arrays[name]).astype(spec.dtype) for name, spec in wanted.items()}, source)


def random_steps(graph: StepGraph, count: int, seed: int = 0) -> Steps:
    """``count`` calls of seeded noise: normal real numbers, zeros for whole ones, which are indices mostly."""
    generator = np.random.default_rng(seed)
    arrays = {name: _noise(generator, count, graph.inputs[name]) for name in graph.audio}
    return Steps(arrays, f"{RANDOM}, seed {seed}", is_random=True)


def _noise(generator: np.random.Generator, count: int, spec: Tensor) -> Array:
    shape = (count, *spec.shape)
    values: Array = generator.normal(size=shape) if np.dtype(spec.dtype).kind == "f" else np.zeros(shape)
    return values.astype(spec.dtype)


def _other_names(arrays: Mapping[str, Array], wanted: Mapping[str, Tensor], graph: StepGraph) -> Iterator[str]:
    """Inputs without an array, and arrays without an input."""
    states = {state.input for state in graph.states}
    for name, spec in wanted.items():
        if name not in arrays:
            yield f"input {name} is missing, an array {_shape_text(spec.shape)} of {_kind(spec.dtype)}"
    for name in arrays:
        if name in states:
            yield f"{name} is a state, which each step hands to the next: leave it out"
        elif name not in wanted:
            yield f"{name} is no input of {graph.name}, which are {', '.join(wanted) or 'none but its states'}"


def _wrong_arrays(arrays: Mapping[str, Array], wanted: Mapping[str, Tensor]) -> Iterator[str]:
    for name, spec in wanted.items():
        if name not in arrays:
            continue
        values = np.asarray(arrays[name])
        if values.ndim == 0 or values.shape[1:] != spec.shape:
            yield f"input {name} has the shape {tuple(values.shape)}, must have {_shape_text(spec.shape)}"
        if _kind(values.dtype) != _kind(spec.dtype):
            yield f"input {name} is {values.dtype}, must hold {_kind(spec.dtype)}"
        elif values.dtype.kind == "f" and not np.isfinite(values).all():
            yield f"input {name} holds NaN or infinity"
        elif not _fits(values, np.dtype(spec.dtype)):
            yield f"input {name} holds values beyond {spec.dtype}"


def _kind(dtype: object) -> str:
    return _KINDS.get(np.dtype(dtype).kind, str(dtype))  # type: ignore[call-overload]


def _fits(values: Array, dtype: np.dtype) -> bool:
    if not values.size or dtype.kind == "b":
        return True
    bounds = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return bool(bounds.min <= values.min() and values.max() <= bounds.max)


def _shape_text(shape: Sequence[int]) -> str:
    """ "(N, 1, 576)"."""
    return f"({', '.join(['N', *map(str, shape)])})"
