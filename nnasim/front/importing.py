"""``nnasim.check_model`` and ``nnasim.import_model``: models from other tools on a chip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from nnasim import markup
from nnasim.errors import ConfigError, TraceError
from nnasim.front.arguments import ChipLike, FilePath, Utterances, checked, only
from nnasim.front.chips import chip_of
from nnasim.front.results import Result
from nnasim.ir.imported import Recipe
from nnasim.ir.trace import OpTrace
from nnasim.progress import Progress, silent
from nnasim.records import Flag, Integer, Number, validated
from nnasim.studies.checking import ModelCheck, check_files, check_graphs
from nnasim.studies.foreign_speech import FeatureKind
from nnasim.studies.importing import (
    ROLES,
    When,
    import_files,
    import_graphs,
    import_lines,
    recipe_models,
    recorded_import,
)
from nnasim.studies.provenance import with_section
from workloads.importers.recipes import graphs_from
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.importing import ModelImport
from workloads.stepgraph.lowering.trace_draft import plain

if TYPE_CHECKING:
    import pandas as pd

Period = Annotated[Number, Field(gt=0, le=1e6)]
Rate = Annotated[Number, Field(ge=0, le=1e5)]
Shapes = Mapping[str, Sequence[int]]
Methods = Literal["mse", "percentile", "max"]
_MODELS = "a model's path, a StepGraph, several of them, or encoder, decoder and joiner by those names"


def _models(value: object) -> object:
    """Models as a mapping by graph; a single model, and several in a list, are called by their own names."""
    many: object = value
    if isinstance(value, str | Path | StepGraph):
        many = [value]
    if isinstance(many, Mapping):
        given = dict(many)
    elif isinstance(many, Sequence):
        given = {_called(model): model for model in many}
        if len(given) < len(many):
            raise ValueError("must be models whose names differ")
    else:
        raise ValueError(f"must be {_MODELS}")
    if not given or not all(isinstance(model, str | Path | StepGraph) for model in given.values()):
        raise ValueError(f"must be {_MODELS}")
    return given


def _called(model: object) -> str:
    name = model.name if isinstance(model, StepGraph) else str(model)
    return Path(name or "model").stem


Models = Annotated[Mapping[str, Any] | Sequence[Any] | str | Path | StepGraph, BeforeValidator(_models)]
Steps = Annotated[Any, only((str, Path, Mapping), "a .npz or .safetensors file, arrays by input, or 'random'")]


@dataclass(frozen=True, repr=False)
class ImportedModel:
    """A model as a trace. ``record``: the trace, its integers if it is exact, and where each node runs."""

    record: ModelImport

    @property
    def trace(self) -> OpTrace:
        """The trace: every operation of every call, ready to be simulated."""
        return self.record.trace

    def ledger(self) -> pd.DataFrame:
        """The place of each node: operator, fate, operations, multiply-accumulates; index (graph, node)."""
        import pandas as pd

        columns = ["graph", "node", "operator", "fate", "operations", "macs", "why"]
        rows = [(r.graph, r.node, r.operator, r.fate, list(r.ops), r.macs, r.why) for r in self.record.ledger.rows]
        return pd.DataFrame(rows, columns=columns).set_index(["graph", "node"])

    def distances(self) -> pd.DataFrame:
        """The distance of each node's integers from float [dB], the worst first, and what would help; index node."""
        import pandas as pd

        listed = () if self.trace.imported is None else self.trace.imported.distances
        rows = [(each.node, each.operator, each.signal_db, each.proposal) for each in listed]
        frame = pd.DataFrame(rows, columns=["node", "operator", "signal_db", "proposal"]).set_index("node")
        return frame.astype({"signal_db": float})

    @checked
    def run_integers(self, chip: ChipLike = "edge256") -> Result:
        """The result of a run in which the chip computes the model's integers and compares every one with the
        reference.

        The inputs are those of the calibration. Raises SimulationError if a single integer differs, and TraceError for
        a model that was imported for its time only.
        """
        from nnasim.front.simulating import simulate  # brings the simulator
        from nnasim.studies.functional import compared_with

        if not self.record.constants:
            raise TraceError(
                "run_integers", "integers", None, "this import has no integers, only times: import it with `calibrate`"
            )
        hardware, arrays = chip_of(chip), recorded_import(self.record).constants
        section = compared_with(arrays, self.trace, hardware, Path(self.trace.name or "trace"))
        result = simulate(self.trace, hardware)
        return Result(with_section(result.record, functional=section), self.trace)

    @checked
    def save(self, path: FilePath, *, force: Flag = False) -> None:
        """Write the trace, and its integers beside it. Raises FileError if the files exist, unless ``force``."""
        recorded_import(self.record).write(Path(path), force=force)

    def __repr__(self) -> str:
        return "\n".join(map(markup.visible, (repr(self.trace), *import_lines(self.record))))

    def _repr_html_(self) -> str:
        """The lines of ``repr`` as HTML for notebooks."""
        return f"<div>{markup.paragraphs([repr(self.trace), *import_lines(self.record)])}</div>"


@checked
def check_model(
    models: Models, *, shapes: Shapes | None = None, bind: Mapping[str, Any] | None = None,
    states: Sequence[str] | None = None, keep_state: Sequence[str] = (), on_cpu: Sequence[str] = (),
    blank: Integer = 0, chip: ChipLike = "edge256",
) -> ModelCheck:  # fmt: skip
    """A report on a model and a ``chip``: its states, its work, where each node would run, and every node that is
    refused.

    ``models``: a path or a StepGraph, several of them, or {"encoder": ..., "decoder": ..., "joiner": ...}. The other
    arguments are those of ``import_model``. Raises FileError if a file is missing.
    """
    hardware, named = chip_of(chip), _named(models)
    if _are_files(named):
        return check_files(_recipe(named, shapes, bind, states, keep_state, on_cpu=on_cpu, blank=blank), hardware)
    _refuse_settings("check_model", shapes, bind, states, keep_state)
    return check_graphs(_graphs(named), hardware, tuple(on_cpu), blank)


@checked
def import_model(
    models: Models, *, shapes: Shapes | None = None, bind: Mapping[str, Any] | None = None,
    states: Sequence[str] | None = None, keep_state: Sequence[str] = (), chip: ChipLike = "edge256",
    period_ms: Period | None = None, seconds: Period | None = None, symbols_per_second: Rate | None = None,
    calls: FilePath | None = None, manifest: FilePath | None = None, features: FeatureKind = "fbank",
    mels: Integer | None = None, sample_rate: Literal[8000, 16000] = 16000, limit: Utterances | None = None,
    calibrate: Steps | None = None, method: Methods = "mse", on_cpu: Sequence[str] = (), blank: Integer = 0,
    progress: Progress = silent,
) -> ImportedModel:  # fmt: skip
    """A model as a trace for ``chip``. It gives times only, or exact integers too if it is calibrated.

    - ``models``: a path (.onnx, .tflite, a .csv of layers) or a StepGraph, several that run one after another, or
      {"encoder": ..., "decoder": ..., "joiner": ...}.
    - ``shapes``, ``bind``, ``states``, ``keep_state``: how files are read, as in ``read_onnx``.
    - ``period_ms``, ``seconds`` (default 1): the model is called every ``period_ms`` for this long; a transducer also
      needs ``symbols_per_second``.
    - ``calls``: instead, a table of measured calls.
    - ``manifest``, ``features``, ``mels``, ``sample_rate``, ``limit``: instead, speech that a transducer decodes in
      float on these features, at most ``limit`` utterances.
    - ``calibrate``: inputs for calibration, arrays (N, ...) of N steps by input, or a file of them; or "random", for
      times only.
    - ``method``: how ranges are chosen from the calibration.
    - ``on_cpu``: nodes, operators or patterns that the CPU runs.
    - ``blank``: the number of a transducer's blank symbol.

    Raises RefusedModelError with every node that cannot enter, or an error that names what does not fit.
    """
    when = When(
        period_ms=period_ms, seconds=seconds, symbols_per_second=symbols_per_second, features=features, mels=mels,
        calls=None if calls is None else Path(calls), manifest=None if manifest is None else Path(manifest),
        sample_rate=sample_rate, limit=limit,
    )  # fmt: skip
    numerics, named = chip_of(chip).numerics, _named(models)
    wishes: dict[str, Any] = {"on_cpu": tuple(on_cpu), "blank": blank, "method": method}
    if _are_files(named) and not isinstance(calibrate, Mapping):
        steps = None if calibrate is None else str(calibrate)
        recipe = _recipe(named, shapes, bind, states, keep_state, steps=steps, **wishes)
        return ImportedModel(import_files(recipe, when, numerics, progress))
    if _are_files(named):
        graphs = graphs_from(_recipe(named, shapes, bind, states, keep_state, **wishes))
    else:
        _refuse_settings("import_model", shapes, bind, states, keep_state)
        graphs = _graphs(named)
    return ImportedModel(import_graphs(graphs, when, numerics, steps=calibrate, progress=progress, **wishes))


def _named(models: object) -> Mapping[str, Any]:
    """``models`` as the mapping that its check has made of it."""
    assert isinstance(models, Mapping)
    return models


def _are_files(models: Mapping[str, Any]) -> bool:
    return not any(isinstance(model, StepGraph) for model in models.values())


def _graphs(models: Mapping[str, Any]) -> dict[str, StepGraph]:
    """The graphs of ``models``. Raises ConfigError if there are paths among them."""
    for name, model in models.items():
        if not isinstance(model, StepGraph):
            raise ConfigError("models", name, model, "must be a StepGraph like the others; read_onnx makes one")
    return {plain(name): graph for name, graph in models.items()}


def _recipe(
    models: Mapping[str, Any], shapes: Shapes | None, bind: Mapping[str, Any] | None, states: Sequence[str] | None,
    keep_state: Sequence[str], **more: Any,
) -> Recipe:  # fmt: skip
    paths = {name: Path(model) for name, model in models.items()}
    roles = paths if set(paths) & set(ROLES) else {}
    data = {
        "models": recipe_models([] if roles else list(paths.values()), roles),
        "shapes": {name: tuple(shape) for name, shape in (shapes or {}).items()},
        "bind": dict(bind or {}),
        "states": None if states is None else tuple(states),
        "keep_state": tuple(keep_state),
        **more,
    }
    return validated(Recipe, data, "import_model")


def _refuse_settings(verb: str, *settings: object) -> None:
    """Raise ConfigError if a setting for reading files is given for a graph that has been read already."""
    for name, value in zip(("shapes", "bind", "states", "keep_state"), settings, strict=True):
        if value:
            raise ConfigError(
                verb, name, value, "is a setting for reading a file, and this model is a StepGraph already"
            )
