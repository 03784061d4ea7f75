"""The rules by operator, and how one is applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any

from nnasim import limits
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.graph import Tensor
from workloads.stepgraph.kernels.given import Attributes
from workloads.stepgraph.refusals import CannotEnterError
from workloads.stepgraph.shapes import elementwise, movements, products, reductions

RULES: Mapping[str, Callable[..., Any]] = {
    **elementwise.RULES,
    **products.RULES,
    **reductions.RULES,
    **movements.RULES,
}


def _arity(rule: Callable[..., Any]) -> tuple[int, int]:
    """The least and the greatest number of operands that ``rule`` takes."""
    operands = list(signature(rule).parameters.values())[1:]
    several = any(operand.kind is operand.VAR_POSITIONAL for operand in operands)
    least = sum(operand.default is operand.empty and operand.kind is not operand.VAR_POSITIONAL for operand in operands)
    return least, MOST_OPERANDS if several else len(operands)


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most:,}"


MOST_OPERANDS = limits.MODEL_OPERANDS
_ARITY = {operator: _arity(rule) for operator, rule in RULES.items()}
MOST_ELEMENTS = limits.MODEL_ELEMENTS
"""The most elements of a value. An embedding of 128,000 rows of 512 has as many; a call's values are far smaller."""


def tensors_of(operator: str, attributes: Attributes, operands: Sequence[Value | None]) -> tuple[Tensor, ...]:
    """Shape and type of each output of a node, before anything is computed.

    Raises CannotEnterError for operands that do not fit, a shape that what arrives decides, and values beyond any
    memory.
    """
    least, most = _ARITY[operator]
    if not least <= len(operands) <= most or None in operands[:least]:
        raise CannotEnterError(
            f"has too few operands, or too many: {len(operands)}, where {_span(least, most)} are allowed"
        )
    try:
        result = RULES[operator](attributes, *operands)
    except ValueError as error:
        raise CannotEnterError(str(error)) from None
    tensors = result if isinstance(result, tuple) else (result,)
    for tensor in tensors:
        check_size(tensor)
    return tensors


MOST_AXES = limits.MODEL_AXES
"""The most axes of an intermediate value; numpy has a limit of its own, and a trace a lower one."""


def check_size(tensor: Tensor) -> Tensor:
    """``tensor``. Raises CannotEnterError if it has more elements or axes than any value may, or a longer axis."""
    if len(tensor.shape) > MOST_AXES:
        raise CannotEnterError(f"has {len(tensor.shape)} axes, of which at most {MOST_AXES} are allowed")
    if (size := max(tensor.elements, *tensor.shape, 0)) > MOST_ELEMENTS:
        raise CannotEnterError(f"has {size:,} elements, of which at most {MOST_ELEMENTS:,} are allowed")
    return tensor
