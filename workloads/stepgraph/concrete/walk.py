"""One walk over the nodes of a model, with the shapes of its inputs and chosen constants.

Values that depend on constants and shapes alone are computed. A branch that this decides is walked in place of its If,
and the other one is dropped; a repeated body is walked for each step. The rest are nodes over data, with true shapes. A
node that cannot enter is noted, and the walk continues without the nodes that depend on it, so that in the end every
obstacle is known.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnasim import limits
from nnasim.errors import NOT_GIVEN, ModelError
from workloads.stepgraph.concrete.call import Dialect, RawCall
from workloads.stepgraph.concrete.order import all_reads, bodies, in_order
from workloads.stepgraph.concrete.raw import RawFunction, RawGraph, RawModel, RawNode
from workloads.stepgraph.concrete.repetition import REPEATING, body_of, unrolled
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Array, FoldedNode, Tensor
from workloads.stepgraph.refusals import CannotEnterError, NeverEntersError, Refusal

REFUSED = Value("", Tensor((), ""))
"""The value of everything that depends on a node or an input that cannot enter."""

MOST_NODES = limits.MODEL_NODES
"""The most nodes, walked or left out, those of functions once for each call. Measured encoders have 10,000."""

_DEEPEST = limits.MODEL_DEPTH
Scope = ChainMap[str, Value]


@dataclass(frozen=True)
class Around:
    """The place of a node: ``prefix`` of its name, the ``attributes`` of the function around it, and its depth."""

    prefix: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    depth: int = 0


class Walk:
    """A walk over ``model``, of the file ``source``, that writes what the rules of its ``dialect`` make of operators.

    ``refusals``: what cannot enter; ``walked``: nodes that were come by; ``gone``: nodes that write nothing. With
    ``guessing``, shapes are not the model's own: branches are passed by, and only what no shape would change is noted.
    """

    def __init__(
        self, model: RawModel, source: object, write: Writer, dialect: Dialect, guessing: bool = False
    ) -> None:  # fmt: skip
        self.model, self.source, self.write, self.dialect, self.guessing = model, source, write, dialect, guessing
        self.refusals: list[Refusal] = []
        self.gone: list[FoldedNode] = []
        self.walked = 0
        self._reads = all_reads(model)

    def outputs(self, inputs: Mapping[str, Value]) -> list[Value]:
        """The outputs of the model for its inputs; REFUSED if one depends on a refusal."""
        return self._graph(self.model.graph, ChainMap(dict(inputs)), Around())

    def _graph(self, graph: RawGraph, scope: Scope, around: Around) -> list[Value]:
        scope.update((name, self._constant(name, array)) for name, array in graph.constants.items())
        nodes, refusals = in_order(graph)
        self.refusals += refusals
        if len(nodes) < len(graph.nodes):
            scope.update((name, REFUSED) for node in graph.nodes for name in node.outputs if name)
        for node in nodes:
            self._come_by(1)
            values = self._node(self._placed(node, around), scope, around)
            scope.update((name, value) for name, value in zip(node.outputs, values, strict=False) if name)
        return [self._read(name, scope, "the model" if not around.depth else around.prefix) for name in graph.outputs]

    def _come_by(self, count: int) -> None:
        self.walked += count
        if self.walked > MOST_NODES:
            raise ModelError(self.source, "nodes", NOT_GIVEN, f"at most {MOST_NODES:,} are walked")

    def _constant(self, name: str, array: Array | CannotEnterError) -> Value:
        if isinstance(array, CannotEnterError):
            self.refusals.append(Refusal(name, "constant", array.why, array.help))
            return REFUSED
        return Value.known(name, array)

    def _read(self, name: str, scope: Scope, reader: str) -> Value:
        if name not in scope:
            self.refusals.append(Refusal(name, "output", f"nothing in {reader} makes it"))
            return REFUSED
        return scope[name]

    def _placed(self, node: RawNode, around: Around) -> RawNode:
        """``node`` under the name and with the attributes that it has within a function."""
        if not around.prefix and not node.references:
            return node
        given = {name: around.attributes[of] for name, of in node.references.items() if of in around.attributes}
        name = f"{around.prefix}.{node.label}" if around.prefix else node.name
        return replace(node, name=name, attributes={**node.attributes, **given})

    def _node(self, node: RawNode, scope: Scope, around: Around) -> Sequence[Value]:
        """The outputs of a node; each is REFUSED if the node cannot enter, or depends on one that cannot."""
        mark = len(self.write.nodes)
        try:
            return self._values(node, scope, around)
        except CannotEnterError as error:
            del self.write.nodes[mark:]
            if not self.guessing or isinstance(error, NeverEntersError):
                self.refusals.append(Refusal(node.label, node.word, error.why, error.help))
            given = [Value(f"{node.label}.refused", tensor) for tensor in error.gives]
            return [*given, *[REFUSED] * len(node.outputs)][: len(node.outputs)]

    def _values(self, node: RawNode, scope: Scope, around: Around) -> Sequence[Value]:
        if unmade := [name for name in node.inputs if name and name not in scope]:
            raise CannotEnterError(f"reads {', '.join(unmade)}, which nothing makes")
        operands = [scope[name] if name else None for name in node.inputs]
        function = self.model.functions.get((node.domain, node.operator))
        has_body = node.operator in ("If", *REPEATING) and not node.domain
        if function is None and not has_body and (node.domain or node.operator not in self.dialect.rules):
            raise CannotEnterError(*self._reason(node))
        if any(value is REFUSED for value in operands) or (self.guessing and has_body):
            return [REFUSED] * len(node.outputs)
        if function is not None:
            return self._function(function, node, operands, around)
        if node.operator == "If":
            return self._branch(node, operands, scope, around)
        if node.operator in REPEATING:
            return self._repeated(node, operands, scope, around)
        return self._written(node, operands)

    def _reason(self, node: RawNode) -> tuple[str, str]:
        if node.domain:
            return (
                f"is of the domain {node.domain}, which ONNX does not define",
                "export the model with ONNX's own operators alone, before any runtime has optimised it",
            )
        return self.dialect.reasons.get(node.operator, ("is not in the vocabulary", ""))

    def _written(self, node: RawNode, operands: Sequence[Value | None]) -> Sequence[Value]:
        mark, self.write.origin = len(self.write.nodes), node
        call = RawCall(node, operands)
        result = self._ruled(node, call)
        call.check_all_asked(self.dialect.harmless)
        values = self.write.settle(mark, [result] if isinstance(result, Value) else result)
        if missing := [name for name in node.outputs[len(values) :] if name in self._reads and name]:
            raise CannotEnterError(f"gives {', '.join(missing)} too, which is not in the vocabulary")
        if len(self.write.nodes) == mark:
            self.gone.append(FoldedNode(node.label, node.word))
        return [REFUSED if value is None else value for value in values]

    def _ruled(self, node: RawNode, call: RawCall) -> Value | Sequence[Value | None]:
        """The outputs that the operator's rule writes. An error of arithmetic is the node's: its numbers do not fit."""
        try:
            with np.errstate(all="ignore"):
                return self.dialect.rules[node.operator](self.write, call)
        except (ArithmeticError, IndexError, TypeError, ValueError) as error:
            raise CannotEnterError(f"has operands or attributes that do not fit: {error}") from None

    def _branch(self, node: RawNode, operands: Sequence[Value | None], scope: Scope, around: Around) -> Sequence[Value]:
        """The results of the branch that is decided; the nodes of the other one are dropped."""
        condition = RawCall(node, operands)[0]
        if condition.array is None:
            deciding = ", ".join(self._inputs_behind(condition.name)) or "a state"
            helps = (
                f"bind {deciding} to a constant, or export the model so that it computes both and chooses with Where"
            )
            raise CannotEnterError(f"decides by {deciding}, which arrives at each call", helps)
        branches = ("then_branch", "else_branch")
        taken, other = branches if condition.truth("condition") else branches[::-1]
        body = node.attributes.get(taken)
        if not isinstance(body, RawGraph):
            raise CannotEnterError(f"lacks its {taken}")
        for left in bodies(replace(node, attributes={other: node.attributes.get(other)})):
            for gone in left_out(left):
                self._come_by(1)
                self.gone.append(gone)
        self.gone.append(FoldedNode(node.label, node.word))
        return self._graph(body, scope.new_child(), self._deeper(around, around.prefix, around.attributes))

    def _repeated(
        self, node: RawNode, operands: Sequence[Value | None], scope: Scope, around: Around
    ) -> Sequence[Value]:
        """The results of the body of a Loop or a Scan, walked once for each step."""
        body, refused = body_of(node), len(self.refusals)

        def run(step: int, given: Sequence[Value]) -> Sequence[Value]:
            if len(self.refusals) > refused:  # what cannot enter is said of the first step alone
                return [REFUSED] * len(body.outputs)
            inner = scope.new_child(dict(zip(body.inputs, given, strict=True)))
            return self._graph(body, inner, self._deeper(around, f"{node.label}.{step}", around.attributes))

        try:
            values = unrolled(node, operands, self.write, run)
        except CannotEnterError:
            if len(self.refusals) > refused:
                return [REFUSED] * len(node.outputs)
            raise
        self.gone.append(FoldedNode(node.label, node.word))
        return [REFUSED] * len(node.outputs) if len(self.refusals) > refused else values

    def _inputs_behind(self, value: str) -> list[str]:
        """The inputs of the model that decide ``value``, in its order."""
        made_by = {name: node for node in self.write.nodes for name in node.outputs}
        waiting, seen = [value], set[str]()
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += made_by[name].operands if name in made_by else ()
        return [name for name in self.model.inputs if name in seen]

    def _function(
        self, function: RawFunction, node: RawNode, operands: Sequence[Value | None], around: Around
    ) -> Sequence[Value]:
        """The results of the body of a function for these operands."""
        body = function.body
        if len(node.inputs) > len(body.inputs) or len(node.outputs) > len(body.outputs):
            takes = f"{len(body.inputs)} operands and {len(body.outputs)} results"
            raise CannotEnterError(f"has {len(node.inputs)} and {len(node.outputs)} of its function's {takes}")
        known = {*function.attributes, *function.defaults}
        if unknown := [name for name in node.attributes if name not in known and name not in self.dialect.harmless]:
            raise CannotEnterError(f"says {', '.join(unknown)}, which its function does not know")
        given = zip(body.inputs, operands, strict=False)
        scope = ChainMap({name: value for name, value in given if value is not None})
        self.gone.append(FoldedNode(node.label, node.word))
        return self._graph(body, scope, self._deeper(around, node.label, {**function.defaults, **node.attributes}))

    @staticmethod
    def _deeper(around: Around, prefix: str, attributes: Mapping[str, Any]) -> Around:
        if around.depth == _DEEPEST:
            raise CannotEnterError(f"holds graphs within graphs, more than {_DEEPEST} deep")
        return Around(prefix, attributes, around.depth + 1)


def left_out(graph: RawGraph) -> Iterator[FoldedNode]:
    """Every node of a branch that is never taken, those of its own branches too."""
    for node in graph.nodes:
        yield FoldedNode(node.label, node.word)
        for body in bodies(node):
            yield from left_out(body)
