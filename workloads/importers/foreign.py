"""Files of foreign models, whatever their format: each becomes a StepGraph, or all that cannot enter is refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.errors import FileError
from nnasim.ir.imported import Source
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.refusals import Refusal, RefusedModelError


@dataclass(frozen=True)
class Reading:
    """The user's settings about a model's inputs. If there are several files, a name may begin with GRAPH/.

    ``shapes``: sizes by input; ``bind``: constants by input, sizes by open axis; ``states``: "IN:OUT", with *, None to
    have them proposed by their names; ``keep_state``: recurrent layers that start from zeros at each call in the file,
    and are to continue instead.
    """

    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    bind: Mapping[str, Any] = field(default_factory=dict)
    states: tuple[str, ...] | None = None
    keep_state: tuple[str, ...] = ()


def read_model(path: Path, reading: Reading) -> StepGraph:
    """The model of one file. Raises FileError, ModelError or RefusedModelError."""
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise FileError(path, f"must be a file of {', '.join(_READERS)}{files.seems(path)}")
    return read(path, reading)


def read_models(paths: Mapping[str, Path], reading: Reading) -> dict[str, StepGraph]:
    """The model of each file, by graph. Raises RefusedModelError with everything that is refused in all of them."""
    if len(paths) == 1:
        return {graph: read_model(path, reading) for graph, path in paths.items()}
    names = {graph: names_of(path) for graph, path in paths.items()}
    graphs, refusals = dict[str, StepGraph](), list(_strangers(reading, names))
    for graph, path in paths.items():
        try:
            graphs[graph] = read_model(path, _share(reading, graph, names[graph]))
        except RefusedModelError as error:
            refusals += [replace(refusal, name=f"{graph}/{refusal.name}") for refusal in error.refusals]
    if refusals:
        raise RefusedModelError(", ".join(map(str, paths.values())), refusals)
    return graphs


def names_of(path: Path) -> Collection[str]:
    """The names of inputs, outputs, open sizes and layers in the model of a file."""
    if path.suffix.lower() != ".onnx":
        return {*read_model(path, Reading()).inputs}
    from workloads.importers.onnx_names import names_in

    return names_in(path)


def source_of(graph: StepGraph, path: Path | None = None) -> Source:
    """The origin of a graph, with the digest of its file."""
    known = dict(graph.origin)
    name = known.pop("file", "") or graph.name or "model"
    digest = None if path is None else digest_of(path)
    return Source(name=name[:500], format=" ".join(known.values())[:2000], digest=digest)


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises FileError."""
    return files.digest(path)


def _onnx(path: Path, reading: Reading) -> StepGraph:
    from workloads.importers.onnx_reader import read_onnx

    return read_onnx(path, reading.shapes, reading.bind, reading.states, reading.keep_state)


def _tflite(path: Path, reading: Reading) -> StepGraph:
    from workloads.importers.tflite_reader import read_tflite

    if unused := [name for name in ("bind", "states", "keep_state") if getattr(reading, name)]:
        raise RefusedModelError(path, [Refusal(name, "setting", "is not used with TFLite") for name in unused])
    return read_tflite(path, reading.shapes)


_READERS: Mapping[str, Callable[[Path, Reading], StepGraph]] = {".onnx": _onnx, ".tflite": _tflite}


def _share(reading: Reading, graph: str, names: Collection[str]) -> Reading:
    """The part of ``reading`` that is for the file of ``graph``, whose model has ``names``."""

    def own(name: str) -> str | None:
        head, slash, rest = name.partition("/")
        if slash and head == graph:
            return rest
        return name if name in names else None

    states = reading.states
    if states:
        states = tuple(rest for state in states if (rest := _own_state(state, graph, names)) is not None) or None
    return Reading(
        shapes={rest: shape for name, shape in reading.shapes.items() if (rest := own(name)) is not None},
        bind={rest: value for name, value in reading.bind.items() if (rest := own(name)) is not None},
        states=states,
        keep_state=tuple(rest for name in reading.keep_state if (rest := own(name)) is not None),
    )


def _own_state(state: str, graph: str, names: Collection[str]) -> str | None:
    """``state`` without the graph before it, if it is one of ``graph``."""
    head, slash, rest = state.partition("/")
    if slash and head == graph:
        return rest
    before = state.partition(":")[0]
    return state if any(fnmatchcase(name, before) for name in names) else None


def _strangers(reading: Reading, names: Mapping[str, Collection[str]]) -> Iterator[Refusal]:
    """Refusals of names that none of several files has."""
    for setting in ("shapes", "bind", "keep_state"):
        for name in getattr(reading, setting):
            head, slash, _ = name.partition("/")
            if not (slash and head in names) and not any(name in known for known in names.values()):
                yield Refusal(name, setting, "is known to none of the models")
