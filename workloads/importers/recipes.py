"""From the files that a recipe names to a trace: at the import, and again for a chip of another arithmetic."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nnasim import files
from nnasim.errors import TraceError
from nnasim.ir.imported import Recipe, Source
from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from workloads.importers.foreign import LARGEST_FILE, Reading, read_models, source_of
from workloads.importers.topology import read_topology
from workloads.importers.topology_trace import GRAPH, topology_trace
from workloads.stepgraph.calls import Calls
from workloads.stepgraph.importing import (
    Calibrated,
    Model,
    ModelImport,
    calibrated_on,
    calibrated_on_noise,
    imported,
    model_of,
    stored_ranges,
)
from workloads.stepgraph.ledger import Ledger
from workloads.stepgraph.steps import RANDOM, read_arrays
from workloads.stepgraph.trace_draft import plain

LAYERS = ".csv"


def graph_name(path: Path) -> str:
    """What the graph of a model's file is called."""
    return plain(path.stem)[:200]


def is_list_of_layers(recipe: Recipe) -> bool:
    """Whether the recipe is of a list of layers, which has no model behind it."""
    return list(recipe.models) == [GRAPH] and recipe.models[GRAPH].lower().endswith(LAYERS)


def model_from(recipe: Recipe) -> Model:
    """The model of a recipe's files. Raises FileError, ModelError or RefusedModelError."""
    paths = {graph: Path(name) for graph, name in recipe.models.items()}
    reading = Reading(recipe.shapes, recipe.bind, recipe.states, tuple(recipe.keep_state))
    graphs = read_models(paths, reading)
    sources = [source_of(graphs[name], path) for name, path in paths.items()]
    return model_of(graphs, ", ".join(path.name for path in paths.values())[:500], sources, recipe.blank)


def calibrated_from(recipe: Recipe, model: Model) -> Calibrated | None:
    """``model`` on the recipe's calibration steps; without any the ranges that its files hold, if they do."""
    if recipe.steps is None:
        return stored_ranges(model)
    if recipe.steps == RANDOM:
        return calibrated_on_noise(model, recipe.method)
    return calibrated_on(model, read_arrays(recipe.steps), Path(recipe.steps).name, recipe.method)


def made(recipe: Recipe, numerics: NumericsConfig, calls: Calls, model: Model | None = None) -> ModelImport:
    """The import of ``recipe``; ``model``: what ``model_from`` has read already.

    Raises what reading and lowering raise, and InputError for calibration steps that do not fit.
    """
    if is_list_of_layers(recipe):
        return _of_layers(Path(recipe.models[GRAPH]), numerics, calls, recipe)
    model = model or model_from(recipe)
    result = imported(model, numerics, calls, calibrated=calibrated_from(recipe, model), on_cpu=tuple(recipe.on_cpu))
    return ModelImport(
        result.trace.model_copy(update={"recipe": recipe}), result.constants, result.ledger, result.inputs
    )


def _of_layers(path: Path, numerics: NumericsConfig, calls: Calls, recipe: Recipe) -> ModelImport:
    layers = read_topology(path)
    digest = hashlib.sha256(files.read_bytes(path, LARGEST_FILE)).hexdigest()
    trace = topology_trace(layers, calls, numerics, path.name[:500], digest)
    return ModelImport(trace.model_copy(update={"recipe": recipe}), {}, Ledger(()))


def made_again(trace: OpTrace, numerics: NumericsConfig, source: object) -> OpTrace:
    """An imported ``trace`` for another arithmetic, from the files that it was made of. For questions of time alone.

    Raises TraceError where it names none, or they are not what they were; else what reading them raises.
    """
    if trace.recipe is None or trace.imported is None:
        allowed = "another arithmetic needs the model's own files; import it again from them"
        raise TraceError(source, "recipe", None, f"is not there: the trace was made of what Python held; {allowed}")
    calls = Calls(trace.utterances, trace.imported.calls)
    again = made(trace.recipe, numerics, calls).trace
    assert again.imported is not None
    _refuse_other(trace.imported.sources, again.imported.sources, source)
    return again


def _refuse_other(before: tuple[Source, ...], now: tuple[Source, ...], source: object) -> None:
    for old, new in zip(before, now, strict=False):
        if old.digest != new.digest:
            why = "is another file than the one that was imported; import it again"
            raise TraceError(source, f"imported.sources.{old.name}", new.digest, why)
