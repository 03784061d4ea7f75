"""A trace from the files that a recipe names: at the import, and again for a chip of another arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from nnasim.errors import ConfigError, TraceError
from nnasim.ir.imported import Recipe
from nnasim.ir.trace import OpTrace
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import Method
from workloads.importers.foreign import Reading, digest_of, read_models, source_of
from workloads.importers.topology import read_topology
from workloads.importers.topology_trace import GRAPH, layer_rows, topology_trace
from workloads.stepgraph.decoding.calls import Calls, periodic
from workloads.stepgraph.decoding.transducer import DECODER, ENCODER, JOINER
from workloads.stepgraph.graph import StepGraph
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
from workloads.stepgraph.lowering.ledger import Ledger
from workloads.stepgraph.lowering.trace_draft import plain
from workloads.stepgraph.steps import RANDOM, read_arrays

LAYERS = ".csv"
_AGAIN = "it was made again for another arithmetic, and called as for the first; import it for its integers"
ONCE = 1000.0, 1.0  # a call a second, for a second


def graph_name(path: Path) -> str:
    """The name of the graph of a model's file."""
    return plain(path.stem)[:200]


def is_list_of_layers(recipe: Recipe) -> bool:
    """Whether the recipe is of a list of layers, which has no model behind it."""
    return list(recipe.models) == [GRAPH] and recipe.models[GRAPH].lower().endswith(LAYERS)


def refuse_idle_settings(recipe: Recipe) -> None:
    """Raise ConfigError for a setting that nothing of the recipe's files would use."""
    if is_list_of_layers(recipe):
        for field in ("shapes", "bind", "states", "keep_state", "on_cpu", "steps"):
            if (value := getattr(recipe, field)) not in (None, {}) and (value or field == "states"):
                name = "calibrate" if field == "steps" else field
                raise ConfigError("import", name, value, "is not used with a list of layers, which holds no model")
    refuse_idle_choices(recipe.models, recipe.steps, recipe.method, recipe.blank)


def refuse_idle_choices(models: Collection[str], steps: Any, method: Method, blank: int) -> None:
    """Raise ConfigError for a ``method`` without calibration ``steps`` that keep ranges, or a ``blank`` without a
    transducer.
    """
    if steps is None and method != "mse":
        raise ConfigError("import", "method", method, "is not used without steps for `calibrate`")
    if method != "mse" and isinstance(steps, str) and steps == RANDOM:
        why = f"is not used with {RANDOM} steps, which are for times only: no range of theirs is kept"
        raise ConfigError("import", "method", method, why)
    if blank and set(models) != {ENCODER, DECODER, JOINER}:
        raise ConfigError("import", "blank", blank, "is not used without encoder, decoder and joiner")


def graphs_from(recipe: Recipe) -> dict[str, StepGraph]:
    """The graphs of a recipe's files. Raises FileError, ModelError or RefusedModelError."""
    reading = Reading(recipe.shapes, recipe.bind, recipe.states, tuple(recipe.keep_state))
    return read_models({graph: Path(name) for graph, name in recipe.models.items()}, reading)


def model_from(recipe: Recipe) -> Model:
    """The model of a recipe's files. Raises FileError, ModelError or RefusedModelError."""
    graphs, paths = graphs_from(recipe), {graph: Path(name) for graph, name in recipe.models.items()}
    sources = [source_of(graphs[name], path) for name, path in paths.items()]
    return model_of(graphs, ", ".join(path.name for path in paths.values())[:500], sources, recipe.blank)


def calibrated_with(model: Model, steps: Any, method: Method) -> Calibrated | None:
    """``model`` on ``steps``: arrays by input, a file of them, or "random", for noise.

    Without any it has the ranges that its files hold, if they do, else None.
    """
    if steps is None:
        return stored_ranges(model)
    if isinstance(steps, Mapping):
        return calibrated_on(model, steps, "arrays", method)
    if str(steps) == RANDOM:
        return calibrated_on_noise(model, method)
    return calibrated_on(model, read_arrays(steps), Path(steps).name, method)


def made(recipe: Recipe, numerics: NumericsConfig, calls: Calls, model: Model | None = None) -> ModelImport:
    """The import of ``recipe``; ``model``: what ``model_from`` has read already.

    Raises what reading and lowering raise, and InputError for calibration steps that do not fit.
    """
    if is_list_of_layers(recipe):
        return _of_layers(Path(recipe.models[GRAPH]), numerics, calls, recipe)
    model = model or model_from(recipe)
    result = imported(
        model,
        numerics,
        calls,
        calibrated=calibrated_with(model, recipe.steps, recipe.method),
        on_cpu=tuple(recipe.on_cpu),
    )
    return ModelImport(
        result.trace.model_copy(update={"recipe": recipe}), result.constants, result.ledger, result.inputs
    )


def _of_layers(path: Path, numerics: NumericsConfig, calls: Calls, recipe: Recipe) -> ModelImport:
    layers = read_topology(path)
    trace = topology_trace(layers, calls, numerics, path.name[:500], digest_of(path))
    return ModelImport(trace.model_copy(update={"recipe": recipe}), {}, Ledger(layer_rows(layers, trace)))


def made_again(trace: OpTrace, numerics: NumericsConfig, source: object) -> OpTrace:
    """An imported ``trace`` for another arithmetic, from the files that it was made of. For questions of time alone.

    Raises TraceError if it names none, or they are not what they were; else what reading them raises.
    """
    if trace.recipe is None or trace.imported is None:
        allowed = "is not there: the trace was made of what Python held, so another arithmetic needs another import"
        raise TraceError(source, "recipe", None, allowed)
    for path, old in zip(trace.recipe.models.values(), trace.imported.sources, strict=False):
        if (digest := digest_of(Path(path))) != old.digest:
            why = "is another file than the one that was imported; import it again"
            raise TraceError(source, f"imported.sources.{old.name}", digest, why)
    again = _made_once(trace.recipe.model_dump_json(), numerics.model_dump_json())
    assert again.imported is not None
    changes = {"calls": trace.imported.calls, "claim": "time only", "reason": _AGAIN, "distances": ()}
    described = again.imported.model_copy(update=changes)
    return again.model_copy(update={"utterances": trace.utterances, "imported": described})


@lru_cache(maxsize=8)
def _made_once(recipe: str, numerics: str) -> OpTrace:
    """The trace of a recipe, called once; remembered, since a sweep asks repeatedly for a few arithmetics."""
    known = Recipe.model_validate_json(recipe)
    model = None if is_list_of_layers(known) else model_from(known)
    calls = periodic([GRAPH] if model is None else list(model.graphs), *ONCE)
    return made(known, NumericsConfig.model_validate_json(numerics), calls, model).trace
