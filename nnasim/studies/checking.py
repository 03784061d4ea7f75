"""Whether a foreign model runs on a chip: its states, its work, where each node goes, and all that is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from nnasim import files, markup
from nnasim.compiler import CompiledTrace
from nnasim.errors import ModelError, PlacementError
from nnasim.hardware import NnaConfig
from nnasim.ir.imported import Recipe
from nnasim.ir.trace import OpTrace
from nnasim.markup import counted
from workloads.importers.recipes import ONCE, is_list_of_layers, made, model_from, refuse_idle_settings
from workloads.importers.topology_trace import GRAPH
from workloads.stepgraph.decoding.calls import periodic
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.importing import Model, ModelImport, imported, model_of, node_counts
from workloads.stepgraph.lowering.ledger import Fate, Row
from workloads.stepgraph.refusals import RefusedModelError, listing


@dataclass(frozen=True, eq=False, repr=False)
class ModelCheck:
    """The report on a foreign model and a chip.

    ``names``: the files; ``model``, ``result``: what could be read of them, and what a chip would run.

    ``refused``: a line for each reason that something cannot enter; ``no_room``: why ``chip`` cannot hold it;
    ``falls``: operations by kind that the chip has no unit for.
    """

    names: tuple[str, ...]
    chip: NnaConfig
    model: Model | None = None
    result: ModelImport | None = None
    refused: tuple[str, ...] = ()
    no_room: str = ""
    falls: Mapping[str, int] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        """Whether the model can be imported, and the chip can hold it."""
        return not self.refused and not self.no_room

    def __repr__(self) -> str:
        return "\n".join(map(markup.visible, self.lines()))

    def _repr_html_(self) -> str:
        """The lines of ``repr``, for notebooks: escaped."""
        return f"<pre>{escape(repr(self))}</pre>"

    def lines(self) -> Iterator[str]:
        """The report, line by line, as a terminal shows it."""
        yield ", ".join(self.names)
        if self.model is not None:
            for name, graph in self.model.graphs.items():
                yield from _graph_lines(name, graph, len(self.model.graphs) > 1)
        if self.result is not None:
            yield from self._work_lines(self.result)
        if self.no_room:
            yield f"does not fit {self.chip.name}: {self.no_room}"
        yield from (f"refused: {line}" for line in self.refused)
        if self.result is not None:
            yield from operator_table(self.result.ledger.rows)

    def _work_lines(self, result: ModelImport) -> Iterator[str]:
        weights = sum(spec.elements for spec in result.trace.tensors.values() if spec.role == "weight")
        yield f"{result.ledger.macs:,} multiply-accumulates a call, {weights:,} weights"
        if self.model is not None:
            counts = node_counts(self.model, result.ledger)
            yield f"nodes on {self.chip.name}: " + ", ".join(f"{count:,} {where}" for where, count in counts.items())
        for kind, count in self.falls.items():
            falls = f"{counted(count, 'operation')} {'falls' if count == 1 else 'fall'}"
            yield f"{self.chip.name} has no unit for {kind.replace('_', ' ')}: {falls} to the CPU"


def _graph_lines(name: str, graph: StepGraph, named: bool) -> Iterator[str]:
    head = f"{name}: " if named else ""
    tensors = ", ".join(f"{input_} {_shape(graph, input_)}" for input_ in graph.audio) or "nothing but its states"
    yield f"{head}{counted(len(graph.nodes), 'node')}, {len(graph.folded):,} more folded; inputs: {tensors}"
    for state in graph.states:
        start = "zeros" if state.initial is None else "a constant"
        yield f"{head}state {state.input} -> {state.output} {_shape(graph, state.input)}, from {start}"


def _shape(graph: StepGraph, value: str) -> str:
    return f"({', '.join(map(str, graph.tensor(value).shape))})"


def operator_table(rows: tuple[Row, ...]) -> Iterator[str]:
    """Lines that count the nodes of each operator by where they ended, the most frequent first."""
    fates: tuple[Fate, ...] = ("chip", "cpu", "view", "folded")
    operators = Counter(row.operator for row in rows)
    width = max(map(len, operators), default=0)
    counts = Counter((row.operator, row.fate) for row in rows)
    yield f"  {'':<{width}}" + "".join(f"{fate:>8}" for fate in fates)
    for operator, _ in sorted(operators.items(), key=lambda item: (-item[1], item[0])):
        cells = "".join(f"{counts[operator, fate] or '':>8}" for fate in fates)
        yield f"  {operator:<{width}}{cells}".rstrip()


def check_files(recipe: Recipe, chip: NnaConfig) -> ModelCheck:
    """The report on a recipe's models on ``chip``. Raises FileError for a file that is missing or not a regular
    file.
    """
    refuse_idle_settings(recipe)
    names = tuple(recipe.models.values())
    for name in names:
        files.open_regular(name).close()
    if is_list_of_layers(recipe):
        return _checked(names, chip, None, made(recipe, chip.numerics, periodic([GRAPH], *ONCE)))
    try:
        model = model_from(recipe)
    except RefusedModelError as error:
        return ModelCheck(names, chip, refused=tuple(listing(error.refusals)))
    except ModelError as error:
        return ModelCheck(names, chip, refused=(str(error),))
    return _of_model(names, chip, model, tuple(recipe.on_cpu))


def check_graphs(
    graphs: Mapping[str, StepGraph], chip: NnaConfig, on_cpu: tuple[str, ...] = (), blank: int = 0
) -> ModelCheck:
    """The report on models that were read already, on ``chip``."""
    names = tuple(graph.name or name for name, graph in graphs.items())
    try:
        model = model_of(graphs, ", ".join(names)[:500], blank=blank)
    except RefusedModelError as error:
        return ModelCheck(names, chip, refused=tuple(listing(error.refusals)))
    return _of_model(names, chip, model, on_cpu)


def _of_model(names: tuple[str, ...], chip: NnaConfig, model: Model, on_cpu: tuple[str, ...]) -> ModelCheck:
    calls = periodic(list(model.graphs), *ONCE)
    try:
        result = imported(model, chip.numerics, calls, on_cpu=on_cpu)
    except RefusedModelError as error:
        return ModelCheck(names, chip, model, refused=tuple(listing(error.refusals)))
    return _checked(names, chip, model, result)


def _checked(names: tuple[str, ...], chip: NnaConfig, model: Model | None, result: ModelImport) -> ModelCheck:
    try:
        compiled = CompiledTrace(result.trace, chip)
    except PlacementError as error:
        return ModelCheck(names, chip, model, result, no_room=str(error))
    return ModelCheck(names, chip, model, result, falls=_falls(result.trace, compiled))


def _falls(trace: OpTrace, compiled: CompiledTrace) -> dict[str, int]:
    """Operations by kind that the trace wants on the chip, and that run on the CPU."""
    fallen = set(compiled.fallen)
    return dict(Counter(op.kind for graph in trace.graphs.values() for op in graph.ops if op.kind in fallen))
