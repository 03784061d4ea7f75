"""Element-wise operators of torch: of one tensor, of two, and comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log

import numpy as np

from workloads.importers.torch_calls import AtenCall, Value
from workloads.importers.torch_writer import Writer, subject
from workloads.stepgraph.graph import Attribute
from workloads.stepgraph.refusals import CannotEnterError

Say = Callable[[Writer, AtenCall], str]


def of(operator: str, **attributes: Attribute) -> Say:
    """The rule of a function of one tensor that the vocabulary has; the operand gets the type of the result."""

    def write_node(write: Writer, call: AtenCall) -> str:
        return write.add(operator, [_input(write, call)], call.shape, "", **attributes)

    return write_node


def _input(write: Writer, call: AtenCall) -> str:
    """The first operand in the type of the result."""
    return write.cast(subject(write, call), call.tensors[0].dtype)


def parameterised(operator: str, **arguments: str) -> Say:
    """The rule of a function of one tensor, whose attributes are ``arguments`` of the call by their names there."""

    def write_node(write: Writer, call: AtenCall) -> str:
        given = {attribute: call[argument] for attribute, argument in arguments.items()}
        return write.add(operator, [_input(write, call)], call.shape, **given)

    return write_node


def chain(*operators: str) -> Say:
    """The rule of several functions of one tensor, one after another."""

    def write_nodes(write: Writer, call: AtenCall) -> str:
        name = _input(write, call)
        for operator in operators:
            name = write.add(operator, [name], call.shape)
        return name

    return write_nodes


def silu(write: Writer, call: AtenCall) -> str:
    """x sigmoid(x)."""
    x = _input(write, call)
    return write.add("Mul", [x, write.add("Sigmoid", [x], call.shape)], call.shape)


def square(write: Writer, call: AtenCall) -> str:
    """x x."""
    x = _input(write, call)
    return write.add("Mul", [x, x], call.shape)


def mish(write: Writer, call: AtenCall) -> str:
    """x tanh(softplus(x))."""
    x = _input(write, call)
    tanh = write.add("Tanh", [write.add("Softplus", [x], call.shape)], call.shape)
    return write.add("Mul", [x, tanh], call.shape)


def elu(write: Writer, call: AtenCall) -> str:
    """scale elu(input_scale x), the form of SELU and CELU too."""
    x, inner, outer = _input(write, call), float(call["input_scale"]), float(call["scale"])
    if inner != 1:
        x = write.add("Mul", [x, write.operand(inner, "float32")], call.shape)
    x = write.add("Elu", [x], call.shape, alpha=float(call["alpha"]))
    return x if outer == 1 else write.add("Mul", [x, write.operand(outer, "float32")], call.shape)


def logarithm(base: float) -> Say:
    """The rule of a logarithm of another base than e."""

    def rule(write: Writer, call: AtenCall) -> str:
        natural = write.add("Log", [_input(write, call)], call.shape)
        return write.add("Div", [natural, write.operand(log(base), "float32")], call.shape)

    return rule


def softplus(write: Writer, call: AtenCall) -> str:
    """log(1 + exp(beta x)) / beta. From its threshold on torch takes x, which differs by less than float32 shows."""
    beta = float(call["beta"])
    x = _input(write, call)
    if beta == 1:
        return write.add("Softplus", [x], call.shape)
    factor = write.operand(beta, "float32")
    raised = write.add("Softplus", [write.add("Mul", [x, factor], call.shape)], call.shape)
    return write.add("Div", [raised, factor], call.shape)


def clip(low: str, high: str) -> Say:
    """A rule that clips between two arguments of the call, each of which may be absent."""

    def write_node(write: Writer, call: AtenCall) -> str:
        dtype, x = call.tensors[0].dtype, _input(write, call)
        bounds = ["" if call.get(name) is None else write.operand(call[name], dtype) for name in (low, high)]
        if all(not bound or not write.tensor(bound).shape for bound in bounds):
            return write.add("Clip", [x, *(bounds if bounds[1] else bounds[:1])], call.shape)
        for operator, bound in zip(("Max", "Min"), bounds, strict=True):
            x = write.add(operator, [x, bound], call.shape) if bound else x
        return x

    return write_node


def beside_one(before: str, after: str) -> Say:
    """The rule of a function of one tensor and 1: "Add" 1 before it, or "Sub" 1 after it."""

    def write_nodes(write: Writer, call: AtenCall) -> str:
        one = write.operand(1, call.tensors[0].dtype)
        name = _input(write, call)
        for operator in (before, after):
            operands = [name, one] if operator in ("Add", "Sub") else [name]
            name = write.add(operator, operands, call.shape)
        return name

    return write_nodes


def relu6(write: Writer, call: AtenCall) -> str:
    """x clipped between 0 and 6."""
    bounds = [write.operand(bound, call.tensors[0].dtype) for bound in (0, 6)]
    return write.add("Clip", [_input(write, call), *bounds], call.shape)


def prelu(write: Writer, call: AtenCall) -> str:
    """relu(x) - a relu(-x), a slope for each channel of (B, C, ...)."""
    x, slope = _input(write, call), write.name(call["weight"])
    slopes = write.tensor(slope).elements
    slope = write.reshape(slope, (slopes, *(1,) * (len(call.shape) - 2)) if slopes > 1 else ())
    below = write.add("Relu", [write.add("Neg", [x], call.shape)], call.shape)
    lowered = write.add("Mul", [below, slope], call.shape)
    return write.add("Sub", [write.add("Relu", [x], call.shape), lowered], call.shape)


def pairwise(operator: str) -> Say:
    """The rule of an operator of two operands, which get the type of the result."""

    def write_node(write: Writer, call: AtenCall) -> str:
        return write.add(operator, _both(write, call, call.tensors[0].dtype), call.shape)

    return write_node


def _both(write: Writer, call: AtenCall, dtype: str) -> list[str]:
    other = call.get("other", call.get("exponent"))
    return [write.operand(call["self"], dtype), write.operand(other, dtype)]


def scaled(operator: str) -> Say:
    """The rule of a sum or difference of which the second operand is taken ``alpha`` times."""

    def write_node(write: Writer, call: AtenCall) -> str:
        dtype = call.tensors[0].dtype
        first, second = _both(write, call, dtype)
        if call.get("alpha", 1) != 1:
            factor = write.operand(call["alpha"], dtype)
            second = write.add("Mul", [second, factor], write.tensor(second).shape)
        return write.add(operator, [first, second], call.shape)

    return write_node


def reversed_difference(write: Writer, call: AtenCall) -> str:
    """The second operand less the first."""
    if call.get("alpha", 1) != 1:
        raise CannotEnterError("takes its first operand alpha times")
    return write.add("Sub", _both(write, call, call.tensors[0].dtype)[::-1], call.shape, call.tensors[0].dtype)


def quotient(write: Writer, call: AtenCall) -> str:
    """A quotient; rounded if the call says so."""
    dtype, mode = call.tensors[0].dtype, call.get("rounding_mode")
    mode = "floor" if call.operator == "aten.floor_divide" else mode
    result = write.add("Div", _both(write, call, dtype), call.shape)
    if mode is None or (mode == "trunc" and dtype != "float32"):
        return result
    if mode != "floor" or dtype != "float32":
        raise CannotEnterError(f"rounds a quotient of {dtype} by {mode}")
    return write.add("Floor", [result], call.shape)


def comparison(operator: str, *, negated: bool = False) -> Say:
    """The rule of a comparison of two operands in their common type."""

    def write_node(write: Writer, call: AtenCall) -> str:
        compared = write.add(operator, _both(write, call, _common(write, call)), call.shape, "bool")
        return write.add("Not", [compared], call.shape) if negated else compared

    return write_node


def _common(write: Writer, call: AtenCall) -> str:
    """The type in which two operands are compared: a tensor's before a number's, a real before an integer's."""
    first, other = call["self"], call["other"]
    kinds = [write.tensor(write.name(value)).dtype for value in (first, other) if isinstance(value, Value)]
    if "float32" in kinds or any(isinstance(value, float) for value in (first, other)):
        return "float32"
    return str(np.result_type(*kinds))


def logical(operator: str) -> Say:
    """A rule for a logical operation on two booleans."""

    def write_node(write: Writer, call: AtenCall) -> str:
        if call.tensors[0].dtype != "bool":
            raise CannotEnterError("combines the bits of numbers")
        return write.add(operator, _both(write, call, "bool"), call.shape, "bool")

    return write_node


def negation(write: Writer, call: AtenCall) -> str:
    """The negation of a boolean."""
    if call.tensors[0].dtype != "bool":
        raise CannotEnterError("turns the bits of numbers")
    return write.add("Not", [write.cast(write.name(call["self"]), "bool")], call.shape, "bool")


POINTWISE: Mapping[str, Say] = {
    **{
        f"aten.{operator.lower()}": of(operator)
        for operator in (
            "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Erf", "Exp", "Floor",
            "Log", "Neg", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "Sqrt", "Tanh",
        )
    },
    "aten.gelu": parameterised("Gelu", approximate="approximate"),
    "aten.leaky_relu": parameterised("LeakyRelu", alpha="negative_slope"),
    "aten.hardsigmoid": of("HardSigmoid", alpha=1 / 6, beta=0.5),
    "aten.hardswish": of("HardSwish"),
    "aten.rsqrt": chain("Sqrt", "Reciprocal"),
    "aten.log_sigmoid": chain("Sigmoid", "Log"),
    "aten.log2": logarithm(2),
    "aten.log10": logarithm(10),
    "aten.log1p": beside_one("Add", "Log"),
    "aten.expm1": beside_one("Exp", "Sub"),
    "aten.silu": silu,
    "aten.square": square,
    "aten.mish": mish,
    "aten.elu": elu,
    "aten.softplus": softplus,
    "aten.clamp": clip("min", "max"),
    "aten.clamp_min": clip("min", "max"),
    "aten.clamp_max": clip("min", "max"),
    "aten.hardtanh": clip("min_val", "max_val"),
    "aten.relu6": relu6,
    "aten.prelu": prelu,
    **dict.fromkeys(("aten.clone", "aten.detach"), subject),
    "aten.add": scaled("Add"),
    "aten.sub": scaled("Sub"),
    "aten.rsub": reversed_difference,
    "aten.mul": pairwise("Mul"),
    "aten.div": quotient,
    "aten.floor_divide": quotient,
    "aten.pow": pairwise("Pow"),
    "aten.maximum": pairwise("Max"),
    "aten.minimum": pairwise("Min"),
    "aten.remainder": pairwise("Mod"),
    "aten.eq": comparison("Equal"),
    "aten.ne": comparison("Equal", negated=True),
    "aten.lt": comparison("Less"),
    "aten.le": comparison("LessOrEqual"),
    "aten.gt": comparison("Greater"),
    "aten.ge": comparison("GreaterOrEqual"),
    "aten.logical_and": logical("And"),
    "aten.bitwise_and": logical("And"),
    "aten.logical_or": logical("Or"),
    "aten.bitwise_or": logical("Or"),
    "aten.logical_not": negation,
    "aten.bitwise_not": negation,
}  # fmt: skip
