"""The nodes of an exported program as ``AtenCall``s; what follows from parameters alone is computed by torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workloads.importers.torch_calls import UNDECIDED, AtenCall, Value
from workloads.stepgraph.graph import FoldedNode, Tensor

_OF_SHAPE = {"aten.zeros_like", "aten.ones_like", "aten.full_like", "aten.new_zeros", "aten.new_ones", "aten.new_full"}
_PICK = "getitem"
_LIBRARY = re.compile(r"[/\\]site-packages[/\\]torch[/\\]")


class Nodes:
    """Goes through a program once.

    ``held``: tensors of torch that no call changes, by the node that gives them; grows by what follows from them alone.
    ``calls``: the rest, as far as an output depends on it; ``folded``: every other node.
    """

    def __init__(self, nodes: Sequence[Any], held: dict[str, Any], blank: Callable[[Any], Any]) -> None:
        """``blank``: a tensor of zeros, of the shape and type of a fake one."""
        self.held = held
        self._blank = blank
        self.calls: list[AtenCall] = []
        self.folded: list[FoldedNode] = []
        self._node_type = type(nodes[0])
        self._parts: dict[str, str] = {}
        needed = needed_nodes(nodes)
        for node in nodes:
            if node.op == "call_function":
                self._take(node, needed)

    def _take(self, node: Any, needed: set[Any]) -> None:
        if node in needed and self._is_held(node):
            self.held[node.name] = node.target(*self._evaluated(node.args), **self._evaluated(node.kwargs))
        elif node in needed and node.target.__name__ == _PICK:
            self._parts[node.name] = f"{self.value(node.args[0].name)}.{node.args[1]}"
            return
        elif node in needed:
            self.calls.append(self._call(node))
            return
        self.folded.append(FoldedNode(".".join(filter(None, [_path(node), node.name])), _operator(node)))

    def _is_held(self, node: Any) -> bool:
        """Whether ``node`` gives the same at every call, which a random draw does not."""
        if _draws(node):
            return False
        return _operator(node) in _OF_SHAPE or all(source.name in self.held for source in node.all_input_nodes)

    def _evaluated(self, argument: Any) -> Any:
        """``argument`` with tensors in place of nodes; where only its shape counts, of any content."""

        def tensor(node: Any) -> Any:
            return self.held[node.name] if node.name in self.held else self._blank(node.meta["val"])

        return self._mapped(argument, tensor)

    def _mapped(self, argument: Any, tensor: Callable[[Any], Any]) -> Any:
        if isinstance(argument, self._node_type):
            return tensor(argument)
        if isinstance(argument, dict):
            return {name: self._mapped(value, tensor) for name, value in argument.items()}
        if isinstance(argument, list | tuple):
            return tuple(self._mapped(value, tensor) for value in argument)
        return argument

    def _call(self, node: Any) -> AtenCall:
        several = isinstance(node.meta.get("val"), list | tuple)
        values = list(node.meta["val"]) if several else [node.meta.get("val")]
        return AtenCall(
            name=node.name,
            operator=_operator(node),
            arguments=self._arguments(node),
            outputs=tuple(f"{node.name}.{index}" for index in range(len(values))) if several else (node.name,),
            tensors=tuple(tensor_of(value) for value in values),
            path=_path(node),
            place=_place(node),
            draws=_draws(node),
        )

    def _arguments(self, node: Any) -> dict[str, Any]:
        """The arguments by the schema's names; an operator without a schema keeps those given by name."""
        schema = getattr(node.target, "_schema", None)
        declared = schema.arguments if schema else ()
        defaults = {argument.name: argument.default_value for argument in declared if argument.has_default_value()}
        positional = {argument.name: value for argument, value in zip(declared, node.args, strict=False)}
        return self._mapped({**defaults, **positional, **node.kwargs}, lambda source: Value(self.value(source.name)))

    def value(self, name: str) -> str:
        """The value that the node called ``name`` gives: of one that picks, the output that it picks."""
        return self._parts.get(name, name)


def needed_nodes(nodes: Sequence[Any]) -> set[Any]:
    """The nodes that the program's outputs depend on."""
    needed = {node for node in nodes if node.op == "output"}
    for node in reversed(nodes):
        if node in needed:
            needed.update(node.all_input_nodes)
    return needed


def tensor_of(value: Any) -> Tensor:
    """Shape and type of a tensor of torch; every floating type is float32 to us. A value that is no tensor is a single
    number.
    """
    if not hasattr(value, "shape"):
        return Tensor((), type(value).__name__)
    shape = tuple(size if isinstance(size, int) else UNDECIDED for size in value.shape)
    return Tensor(shape, "float32" if value.is_floating_point() else str(value.dtype).removeprefix("torch."))


def _draws(node: Any) -> bool:
    """Whether ``node`` draws at random."""
    return any(tag.name == "nondeterministic_seeded" for tag in getattr(node.target, "tags", ()))


def _operator(node: Any) -> str:
    """ "aten.linear" of aten.linear.default; "torch.cond" of what has no overloads."""
    packet = getattr(node.target, "overloadpacket", None)
    return str(packet) if packet is not None else f"torch.{node.target.__name__}"


def _path(node: Any) -> str:
    """The module that calls, by its name in the outermost: "encoder.layers.0", at each of its uses."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return re.sub(r"@\d+", "", stack[-1][0]) if stack else ""


def _place(node: Any) -> str:
    """File and line of the user's code; "" if the export does not know."""
    frames = re.findall(r'File "(.+?)", line (\d+)', node.meta.get("stack_trace") or "")
    own = [(file, line) for file, line in frames if not _LIBRARY.search(file)]
    return f"{Path(own[-1][0]).name}, line {own[-1][1]}" if own else ""
