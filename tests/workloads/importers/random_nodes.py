"""ONNX nodes of every operator that has a rule, whose operands and attributes fit by chance only."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import defs, helper, numpy_helper

from workloads.importers.onnx_rules.table import ONNX

OPERATORS = sorted(name for name in ONNX.rules if defs.has(name))
INTEGERS = (0, 1, -1, 2, 3, -2, 7, 100, 2**31, -(2**31), 2**31 - 1, 2**40, 2**62, -(2**63), 2**63 - 1)
REALS = (0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, 3e38, float("nan"), float("inf"), -float("inf"), 1e-45)
TEXTS = (
    "NOTSET", "SAME_UPPER", "VALID", "constant", "reflect", "edge", "linear", "nearest", "half_pixel", "floor", "none",
    "add", "tanh", "forward", "reverse", "bidirectional", "DCR", "", "\u202e", "ab,bc->ac", "ij->ji",
)  # fmt: skip
_TYPES = (1, 1, 1, 1, 1, 7, 9, 10, 11, 6, 3)


class Nodes:
    """Models of one node each, decided by ``seed``."""

    def __init__(self, seed: object) -> None:
        self.chance = random.Random(str(seed))

    def model(self) -> Any:
        """A ModelProto of one node; if only constants reach it, x times its first result."""
        operator, opset = self.chance.choice(OPERATORS), self.chance.choice((7, 9, 10, 11, 13, 17, 18, 20, 22))
        schema = self._schema(operator, opset)
        names, inputs, constants = self._operands(schema)
        results = [f"o{place}" for place in range(self.chance.randint(1, max(1, len(schema.outputs))))]
        node = helper.make_node(operator, names, results, name="n")
        for name, attribute in schema.attributes.items():
            if attribute.required or self.chance.random() < 0.35:
                self._say(node, name, attribute.type)
        nodes = [node]
        if not inputs:
            inputs = [helper.make_tensor_value_info("x", 1, (1, 4))]
            nodes.append(helper.make_node("Mul", ["x", results[0]], ["y"], name="m"))
            results = ["y"]
        outputs = [helper.make_tensor_value_info(name, 1, None) for name in results]
        graph = helper.make_graph(nodes, "g", inputs, outputs, initializer=constants)
        return onnx.ModelProto(ir_version=8, graph=graph, opset_import=[helper.make_opsetid("", opset)])

    @staticmethod
    def _schema(operator: str, opset: int) -> Any:
        try:
            return defs.get_schema(operator, opset)
        except defs.SchemaError:
            return defs.get_schema(operator)

    def _operands(self, schema: Any) -> tuple[list[str], list[Any], list[Any]]:
        names, inputs, constants = list[str](), list[Any](), list[Any]()
        most = min(schema.max_input, len(schema.inputs) + 2)
        for place in range(self.chance.randint(schema.min_input, max(schema.min_input, most))):
            draw = self.chance.random()
            if draw < 0.05:
                names.append("")
            elif draw < (0.75 if place == 0 else 0.25):
                inputs.append(helper.make_tensor_value_info(f"x{place}", self.chance.choice(_TYPES), self._shape()))
                names.append(f"x{place}")
            else:
                constants.append(self._constant(f"c{place}"))
                names.append(f"c{place}")
        return names, inputs, constants

    def _shape(self) -> list[int]:
        sizes = (0, 1, 2, 4) if self.chance.random() < 0.1 else (1, 2, 3, 4, 8)
        return [self.chance.choice(sizes) for _ in range(self.chance.choice((0, 1, 2, 2, 3, 3, 4)))]

    def _constant(self, name: str) -> Any:
        shape = self._shape() if self.chance.random() < 0.5 else [self.chance.randint(0, 4)]
        dtype = np.dtype(self.chance.choice(("int64", "int64", "f4", "f4", "f8", "f2", "int8", "bool")))
        draw: Callable[[], Any] = self._real if np.issubdtype(dtype, np.floating) else self._integer
        numbers = [draw() for _ in range(int(np.prod(shape)))]
        if dtype == np.int8:
            numbers = [number % 256 - 128 for number in numbers]
        with np.errstate(all="ignore"):
            return numpy_helper.from_array(np.array(numbers).astype(dtype).reshape(shape), name)

    def _integer(self) -> int:
        return self.chance.choice(INTEGERS) if self.chance.random() < 0.4 else self.chance.randint(-3, 6)

    def _real(self) -> float:
        return self.chance.choice(REALS) if self.chance.random() < 0.6 else self.chance.uniform(-2, 3)

    def _say(self, node: Any, name: str, kind: Any) -> None:
        """Give ``node`` an attribute, mostly of the type that its operator wants."""
        kinds = defs.OpSchema.AttrType
        if self.chance.random() < 0.08:
            kind = self.chance.choice((kinds.INT, kinds.FLOAT, kinds.INTS, kinds.FLOATS, kinds.STRING))
        draws: Mapping[Any, Callable[[], Any]] = {
            kinds.INT: lambda: self.chance.choice(_TYPES) if name in ("to", "dtype") else self._integer(),
            kinds.FLOAT: self._real,
            kinds.INTS: lambda: [self._integer() for _ in range(self.chance.randint(1, 5))],
            kinds.FLOATS: lambda: [self._real() for _ in range(self.chance.randint(1, 4))],
            kinds.STRING: lambda: self.chance.choice(TEXTS),
            kinds.STRINGS: lambda: [self.chance.choice(TEXTS) for _ in range(self.chance.randint(1, 3))],
            kinds.TENSOR: lambda: self._constant("t"),
        }
        if kind in draws:
            node.attribute.append(helper.make_attribute(name, draws[kind]()))
