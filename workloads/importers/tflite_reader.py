"""TensorFlow Lite models: a file becomes a StepGraph in reals, with the file's own integers recorded beside it.

A TFLite model says for each value how its integers are to be read: real = scale * (integer - zero point). The graph
here computes with the reals; weights are exactly the reals that the file's integers stand for. ``StepGraph.affine``
holds how the file stores every value and constant, so no calibration is needed. Images are kept channels first,
variables are states, and of an operator that changes integers only (QUANTIZE, DEQUANTIZE) only its range is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from nnasim.errors import NOT_GIVEN, ModelError
from workloads.importers.tflite_emission import Emission
from workloads.importers.tflite_file import FileOperator, TfliteFile, read_file
from workloads.importers.tflite_layout import CHANNELS_FIRST, channels_first
from workloads.importers.tflite_operators import CONTROL_FLOW, OPERATORS, Entry, follows
from workloads.importers.tflite_states import HOLDERS, variables_of
from workloads.importers.tflite_table import OutsideFileError
from workloads.importers.tflite_values import refuse_boundless
from workloads.stepgraph.graph import FoldedNode, State, StepGraph, Tensor
from workloads.stepgraph.refusals import CannotEnterError, Refusal, RefusedModelError
from workloads.stepgraph.standard import standard_form

Shapes = Mapping[str, Sequence[int]]


def read_tflite(path: str | Path, shapes: Shapes | None = None) -> StepGraph:
    """One call of the model of a file. ``shapes``: of inputs whose size the file leaves open, or is to be another.

    Raises FileError, ModelError for a file that is truncated or foreign, and RefusedModelError, which lists everything
    that cannot enter: operators that are not known, control flow, undecided shapes, sparse tensors.
    """
    file = read_file(path)
    if file.entries > 1:
        raise ModelError(path, "signatures", file.entries, "must be one: write each entry into a file of its own")
    try:
        return _Reading(file, shapes or {}).graph()
    except OutsideFileError as error:  # options of operators are read when they are asked for
        raise ModelError(path, "", NOT_GIVEN, f"is truncated or corrupt: {error}") from None


class _Reading:
    """The way from a file's records to a graph."""

    def __init__(self, file: TfliteFile, shapes: Shapes) -> None:
        self.file, self.main, self.shapes = file, file.graphs[0], shapes
        self.variables = variables_of(file)
        uses = {variable.name: (*variable.reads, *variable.writes) for variable in self.variables}
        self.emission = Emission(self.main, channels_first(self.main, follows, uses), shapes_hold=not shapes)
        self.inputs: dict[str, Tensor] = {}
        self.held: dict[str, str] = {}
        """The value that each variable has at the current operator."""
        self.starts: dict[str, str] = {}
        """The constant that a variable starts from, by the name of the input that it is; none of zeros."""
        self.refusals = list(self.variables.refusals)

    def graph(self) -> StepGraph:
        """The graph in standard form. Raises RefusedModelError with all refusals."""
        self._inputs()
        self._kept()
        self.refusals += self._unknown()
        if len(self.inputs) == len(self.main.inputs):  # else no shape is decided
            self._variables()
            for operator in self.main.operators:
                self._write(operator)
        outputs = [self._output(index) for index in self.main.outputs] if not self.refusals else []
        if self.refusals:
            raise RefusedModelError(self.file.path, self.refusals)
        return self._accounted(standard_form(self._named(self._written(outputs))))

    def _inputs(self) -> None:
        emission = self.emission
        known = [emission.names[index] for index in self.main.inputs]
        for name in self.shapes.keys() - set(known):
            self.refusals.append(Refusal(name, "shape", f"is of no input of the model; it has {', '.join(known)}"))
        for index, name in zip(self.main.inputs, known, strict=True):
            try:
                self._input(index, name)
            except CannotEnterError as refused:
                self.refusals.append(Refusal(name, "input", refused.why, refused.help))

    def _input(self, index: int, name: str) -> None:
        """Declare one input in the file's order. A batch that the file leaves open is one stream."""
        declared = self.emission.tensor(index).shape
        usual = (1, *declared[1:]) if declared[:1] == (-1,) else declared
        shape = tuple(self.shapes.get(name, usual))
        if len(shape) != len(declared) or 0 in shape:
            raise CannotEnterError(f"has the shape {declared} in the file, which cannot be {shape}")
        refuse_boundless(shape)
        self.inputs[name] = Tensor(shape, self.emission.dtype(index))
        self.emission.arrive(name, self.inputs[name], index)

    def _kept(self) -> None:
        """Declare each tensor that survives a call as an input, which starts from zeros."""
        for tensor in self.main.tensors:
            if tensor.kept and tensor.data is None and -1 not in tensor.shape:
                name = self.emission.names[tensor.index]
                try:
                    refuse_boundless(tensor.shape)
                    self.emission.arrive(name, Tensor(tensor.shape, self.emission.dtype(tensor.index)), tensor.index)
                except CannotEnterError as refused:
                    self.refusals.append(Refusal(name, "state", refused.why, refused.help))

    def _variables(self) -> None:
        """Declare each variable as an input, ordered like the tensor that it is read into; one that is never written is
        a constant.
        """
        emission = self.emission
        for variable in self.variables:
            start, name = variable.initial, emission.names[variable.handle]
            if start is None or start.data is None:
                continue
            reals = start.quantisation.reals(start.data) if start.quantisation else start.data
            first = any(emission.follows(index) for index in (*variable.reads, *variable.writes))
            values = reals.transpose(CHANNELS_FIRST) if first and reals.ndim == 4 else reals
            if values.any() or not variable.writes:
                self.starts[name] = emission.derived(f"{name}.initial", values, start.quantisation)
            if variable.reads and variable.writes:
                self.inputs[name] = Tensor(tuple(values.shape), str(values.dtype))
                emission.arrive(name, self.inputs[name])
                if start.quantisation:
                    emission.affine[name] = start.quantisation
            self.held[variable.name] = name if variable.writes else self.starts[name]

    def _unknown(self) -> Iterator[Refusal]:
        """Operators that cannot enter whatever they are given."""
        for operator in self.main.operators:
            label, word = self.emission.labels[operator.place], operator.operator
            if word in CONTROL_FLOW:
                yield Refusal(label, word, "branches or loops over data", "export one step, without control flow")
            elif word.startswith("CUSTOM"):
                yield Refusal(label, word, "is a custom operator", "export with built-in operators")
            elif word not in HOLDERS and word not in OPERATORS:
                yield Refusal(label, word, "is not known here", "the manual lists the operators that are")

    def _write(self, operator: FileOperator) -> None:
        """Write one operator into the emission; if it is refused, declare its outputs as the file does."""
        try:
            self.emission.begin(operator)
            if operator.operator in HOLDERS:
                self._hold(operator)
            elif entry := OPERATORS.get(operator.operator):
                _check_counts(operator, entry)
                entry.write(self.emission, operator)
            else:
                self.emission.give_up()
        except CannotEnterError as refused:
            label = self.emission.labels[operator.place]
            self.refusals.append(Refusal(label, operator.operator, refused.why, refused.help))
            self.emission.give_up()

    def _hold(self, operator: FileOperator) -> None:
        """Connect variables: a read gives the current value, and a write replaces it."""
        variable = self.variables.by_handle.get(operator.inputs[0]) if operator.inputs else None
        if variable is None or variable.name not in self.held:
            return  # no variable of the model, which is refused already; or none that anybody reads
        if operator.operator == "READ_VARIABLE":
            self.emission.alias(self.held[variable.name], variable.shape)
        elif operator.operator == "ASSIGN_VARIABLE":
            index = operator.inputs[1]
            if self.emission.shape(index) != variable.shape:
                raise CannotEnterError(f"writes {self.emission.shape(index)} into a variable of {variable.shape}")
            self.held[variable.name] = self.emission.form(index, self.emission.follows(index))

    def _output(self, index: int) -> str:
        """An output as the file orders it."""
        try:
            return self.emission.written(index)
        except CannotEnterError as refused:
            self.refusals.append(Refusal(self.emission.names[index], "output", refused.why, refused.help))
            return ""

    def _written(self, outputs: Sequence[str]) -> StepGraph:
        """The graph of all that the emission holds."""
        emission, file = self.emission, self.file
        kept = {emission.names[index]: value for index, value in emission.after.items()}
        states = (
            *(
                State(name, self.held[variable.name], self.starts.get(name))
                for variable in self.variables
                if (name := emission.names[variable.handle]) in self.inputs
            ),
            *(State(name, value) for name, value in kept.items()),
        )
        return StepGraph(
            name=Path(file.path).stem,
            nodes=tuple(emission.nodes),
            inputs={**self.inputs, **{name: emission.tensors[name] for name in kept}},
            values={name: emission.tensors[name] for node in emission.nodes for name in node.outputs},
            constants=emission.constants,
            outputs=(*outputs, *(state.output for state in states)),
            states=states,
            origin={"format": "TensorFlow Lite", "version": str(file.version), "file": Path(file.path).name},
            affine=emission.affine,
        )

    def _named(self, graph: StepGraph) -> StepGraph:
        """``graph`` with its outputs called, and stored, as in the file, if a node makes them."""
        emission, kept = self.emission, {state.output for state in graph.states}
        names = dict[str, str]()
        for index, value in zip(self.main.outputs, graph.outputs, strict=False):
            if value in graph.values and value not in kept and emission.names[index] not in graph.values:
                names.setdefault(value, emission.names[index])
        stored = {
            emission.names[index]: quantisation
            for index in self.main.outputs
            if (quantisation := self.main.tensors[index].quantisation)
        }
        return replace(_renamed(graph, names), affine={**graph.affine, **stored})

    def _accounted(self, graph: StepGraph) -> StepGraph:
        """``graph`` with the operators of the file of which no node is left."""
        left = {self.emission.origins[node.name] for node in graph.nodes if node.name in self.emission.origins}
        folded = tuple(
            FoldedNode(self.emission.labels[operator.place], operator.operator)
            for operator in self.main.operators
            if operator.place not in left
        )
        return replace(graph, folded=folded)


def _check_counts(operator: FileOperator, entry: Entry) -> None:
    """Raise CannotEnterError for too few operands or results, or too many."""
    (least, most), operands, results = entry.operands, len(operator.inputs), len(operator.outputs)
    if not least <= operands <= most or not results or (results > 1 and not entry.parts):
        raise CannotEnterError(f"has {operands} operands and {results} results")


def _renamed(graph: StepGraph, names: Mapping[str, str]) -> StepGraph:
    """``graph`` with other names for some of its values."""

    def new(name: str) -> str:
        return names.get(name, name)

    nodes = tuple(
        replace(node, inputs=tuple(map(new, node.inputs)), outputs=tuple(map(new, node.outputs)))
        for node in graph.nodes
    )
    return replace(
        graph,
        nodes=nodes,
        values={new(name): tensor for name, tensor in graph.values.items()},
        outputs=tuple(map(new, graph.outputs)),
    )
