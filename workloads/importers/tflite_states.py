"""The variables of a TensorFlow Lite model: where they are read and written, and what they start from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from workloads.importers.tflite_file import FileGraph, FileOperator, FileTensor, TfliteFile, options_of
from workloads.stepgraph.refusals import Refusal

HOLDERS = frozenset({"CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"})
"""Operators that compute nothing: they say what survives a call."""


@dataclass
class Variable:
    """A value that survives a call. ``handle``: the tensor that stands for it; ``reads``, ``writes``: the tensors that
    it is read into and written from; ``initial``: the constant that the file's first call assigns to it.
    """

    name: str
    handle: int
    reads: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    initial: FileTensor | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its initial value."""
        return self.initial.shape if self.initial else ()


@dataclass
class Variables:
    """The variables of a model, by the tensors that stand for them; ``refusals``: operators that misuse them."""

    by_handle: Mapping[int, Variable]
    refusals: list[Refusal]

    def __iter__(self) -> Iterator[Variable]:
        seen = {id(variable): variable for variable in self.by_handle.values()}
        return iter(seen.values())


def variables_of(file: TfliteFile) -> Variables:
    """The variables of subgraph 0, with what the subgraphs that run once assign to them."""
    graph = file.graphs[0]
    handles, named = _handles(graph)
    refusals = list[Refusal]()
    for operator in graph.operators:
        if operator.operator in ("READ_VARIABLE", "ASSIGN_VARIABLE"):
            _note_use(operator, handles, refusals)
        elif operator.operator == "CALL_ONCE":
            number = options_of("CallOnceOptions", operator.options).InitSubgraphIndex()
            refusals += _initials(file, number, named)
    for variable in named.values():
        if variable.initial is None and variable.reads:
            why = "is read, and no subgraph that runs once gives it a constant to start from"
            refusals.append(Refusal(variable.name, "VAR_HANDLE", why))
    return Variables(handles, refusals)


def _handles(graph: FileGraph) -> tuple[dict[int, Variable], dict[str, Variable]]:
    """The variables by tensor, and by the name under which subgraphs share them."""
    handles, named = dict[int, Variable](), dict[str, Variable]()
    for operator in graph.operators:
        if operator.operator == "VAR_HANDLE" and operator.outputs:
            name, handle = _shared_name(operator), operator.outputs[0]
            handles[handle] = named.setdefault(name, Variable(name, handle))
    return handles, named


def _shared_name(operator: FileOperator) -> str:
    options = options_of("VarHandleOptions", operator.options)
    words = [options.Container(), options.SharedName()] if options else []
    return "/".join(word.decode("utf-8", "replace") for word in words if word)


def _note_use(operator: FileOperator, handles: Mapping[int, Variable], refusals: list[Refusal]) -> None:
    variable = handles.get(operator.inputs[0]) if operator.inputs else None
    reads = operator.operator == "READ_VARIABLE"
    if variable is None or len(operator.inputs) != (1 if reads else 2) or len(operator.outputs) != int(reads):
        refusals.append(Refusal(f"operator {operator.place}", operator.operator, "uses no variable of the model"))
    elif reads:
        variable.reads.append(operator.outputs[0])
    else:
        variable.writes.append(operator.inputs[1])


def _initials(file: TfliteFile, number: int, named: Mapping[str, Variable]) -> Iterator[Refusal]:
    """Note the constants that subgraph ``number`` assigns; a refusal for whatever else it does."""
    if not 0 < number < len(file.graphs):
        yield Refusal(f"subgraph {number}", "CALL_ONCE", f"is not one of the file's {len(file.graphs)} to run once")
        return
    graph = file.graphs[number]
    handles, _ = _handles(graph)
    for operator in graph.operators:
        if operator.operator == "VAR_HANDLE":
            continue
        target = handles.get(operator.inputs[0]) if operator.inputs else None
        source = graph.tensors[operator.inputs[-1]] if operator.inputs else None
        if operator.operator != "ASSIGN_VARIABLE" or target is None or source is None or source.data is None:
            why = "runs once before the first call, where only constants may be assigned to variables"
            yield Refusal(f"subgraph {number}, operator {operator.place}", operator.operator, why)
        elif target.name in named:
            named[target.name].initial = source
