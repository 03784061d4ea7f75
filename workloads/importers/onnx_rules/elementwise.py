"""ONNX's operators that work element by element."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np

from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.graph import Attribute
from workloads.stepgraph.refusals import CannotEnterError


def plain(operator: str, **defaults: float) -> Rule:
    """The rule of an operator that the vocabulary has, with the ``defaults`` of its numbers."""

    def rule(write: Writer, call: RawCall) -> Value:
        given: dict[str, Attribute] = {name: call.number(name, default) for name, default in defaults.items()}
        return write(operator, *call.all, **given)

    return rule


def folded(operator: str) -> Rule:
    """The rule of an operator of any number of operands, as a chain of nodes of two."""

    def rule(write: Writer, call: RawCall) -> Value:
        return reduce(lambda left, right: write(operator, left, right), call.present)

    return rule


def mean(write: Writer, call: RawCall) -> Value:
    """The sum of the operands over their number."""
    total = folded("Add")(write, call)
    assert isinstance(total, Value)
    return write("Div", total, write.number(len(call.all), total))


def gelu(write: Writer, call: RawCall) -> Value:
    """GELU, with the error function or by tanh."""
    return write("Gelu", call[0], approximate=call.text("approximate", "none"))


def clip(write: Writer, call: RawCall) -> Value:
    """x clipped between bounds that are operands, or attributes before opset 11."""
    if call.opset >= 11:
        bounds = [call.get(1), call.get(2)]
    else:
        bounds = [_bound(write, call, name) if call.has(name) else None for name in ("min", "max")]
    return write("Clip", call[0], *(bound and write.reshape(bound, ()) for bound in bounds))


def _bound(write: Writer, call: RawCall, name: str) -> Value:
    return write.number(call.number(name, infinite=True), call[0], name)


def modulo(write: Writer, call: RawCall) -> Value:
    """The remainder, with the sign of the second operand, or of the first if the attribute fmod is 1."""
    return write("Mod", call[0], call[1], fmod=call.flag("fmod", 0))


def prelu(write: Writer, call: RawCall) -> Value:
    """relu(x) - slope relu(-x)."""
    x, slope = call[0], call[1]
    below = write("Mul", write("Relu", write("Neg", x)), slope)
    return write("Sub", write("Relu", x), below)


def swish(write: Writer, call: RawCall) -> Value:
    """x sigmoid(alpha x)."""
    x, alpha = call[0], call.number("alpha", 1.0)
    scaled = x if alpha == 1 else write("Mul", x, write.number(alpha, x, "alpha"))
    return write("Mul", x, write("Sigmoid", scaled))


def mish(write: Writer, call: RawCall) -> Value:
    """x tanh(softplus(x))."""
    return write("Mul", call[0], write("Tanh", write("Softplus", call[0])))


def softsign(write: Writer, call: RawCall) -> Value:
    """x / (1 + |x|)."""
    x = call[0]
    return write("Div", x, write("Add", write("Abs", x), write.number(1, x)))


def selu(write: Writer, call: RawCall) -> Value:
    """gamma times an ELU."""
    alpha, gamma = call.number("alpha", 1.67326319217681884765625), call.number("gamma", 1.05070102214813232421875)
    return write("Mul", write("Elu", call[0], alpha=alpha), write.number(gamma, call[0], "gamma"))


def celu(write: Writer, call: RawCall) -> Value:
    """An ELU of x / alpha, times alpha."""
    x = call[0]
    alpha = write.number(call.number("alpha", 1.0), x, "alpha")
    return write("Mul", write("Elu", write("Div", x, alpha), alpha=1.0), alpha)


def thresholded_relu(write: Writer, call: RawCall) -> Value:
    """x above alpha, zero elsewhere."""
    x = call[0]
    above = write("Greater", x, write.number(call.number("alpha", 1.0), x, "alpha"))
    return write("Where", above, x, write.number(0, x, "zero"))


def xor(write: Writer, call: RawCall) -> Value:
    """Whether two truths differ."""
    return write("Not", write("Equal", call[0], call[1]))


def is_nan(write: Writer, call: RawCall) -> Value:
    """True for each element that does not equal itself."""
    return write("Not", write("Equal", call[0], call[0]))


def tan(write: Writer, call: RawCall) -> Value:
    """sin over cos."""
    return write("Div", write("Sin", call[0]), write("Cos", call[0]))


def identity(write: Writer, call: RawCall) -> Value:
    """The operand unchanged."""
    return call[0]


def dropout(write: Writer, call: RawCall) -> Value:
    """The operand unchanged, outside of training."""
    mode = call.all[2] if len(call.all) > 2 else None
    if mode is not None and mode.elements("training mode").any():
        raise CannotEnterError("drops values at random", "export the module after module.eval()")
    return call[0]


def cast(write: Writer, call: RawCall) -> Value:
    """The operand in the type that ``to`` names. Computed values have float32 for every float."""
    return converted(write, call[0], call.text("to"))


def cast_like(write: Writer, call: RawCall) -> Value:
    """The operand in the type of the second one."""
    return converted(write, call[0], call[1].dtype)


def converted(write: Writer, value: Value, to: str) -> Value:
    """``value`` in another type."""
    if value.array is None and np.issubdtype(np.dtype(to), np.floating):
        to = "float32"
    return value if value.dtype == to else write("Cast", value, to=to)


_PLAIN = (
    "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Div", "Equal",
    "Erf", "Exp", "Floor", "Greater", "GreaterOrEqual", "HardSwish", "Less", "LessOrEqual", "Log", "Mul", "Neg", "Not",
    "Or", "Pow", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Sqrt", "Sub", "Tanh",
    "Where",
)  # fmt: skip

RULES: Mapping[str, Rule] = {
    **{operator: plain(operator) for operator in _PLAIN},
    "Elu": plain("Elu", alpha=1.0),
    "HardSigmoid": plain("HardSigmoid", alpha=0.2, beta=0.5),
    "LeakyRelu": plain("LeakyRelu", alpha=0.01),
    **{operator: folded(operator) for operator in ("Max", "Min")},
    "Sum": folded("Add"),
    "Mean": mean,
    "Gelu": gelu,
    "Clip": clip,
    "Mod": modulo,
    "PRelu": prelu,
    "Swish": swish,
    "Mish": mish,
    "Softsign": softsign,
    "Selu": selu,
    "Celu": celu,
    "ThresholdedRelu": thresholded_relu,
    "Xor": xor,
    "IsNaN": is_nan,
    "Tan": tan,
    "Identity": identity,
    "Dropout": dropout,
    "Cast": cast,
    "CastLike": cast_like,
}
