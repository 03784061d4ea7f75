"""Constraints between axes: comparisons of arithmetic over field names. Parsed to a tree and walked, never executed.

``mac_array.macs_per_cycle * clock_hz <= 1e12`` keeps the points for which it holds.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nnasim import limits
from nnasim.errors import ConfigError

LONGEST = limits.CONSTRAINT_CHARACTERS
DEEPEST = limits.CONSTRAINT_DEPTH
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
ALLOWED = "must be a comparison of fields and numbers with + - * / // % < <= > >= == != and or not"
SHALLOW = f"must be nested at most {DEEPEST} levels deep"
Evaluated = Callable[[Mapping[str, Any]], Any]
_PLAIN = int | float | str | bool | None


@dataclass(frozen=True)
class Constraint:
    """One condition, as text and as a checked tree."""

    text: str
    tree: ast.expr

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that it reads, in their order."""
        return tuple(dict.fromkeys(_names(self.tree)))

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it holds for ``values`` (field -> value). What cannot be computed, such as 1 / 0, does not hold."""
        try:
            return bool(self._test(values))
        except (ArithmeticError, TypeError):
            return False

    @cached_property
    def _test(self) -> Evaluated:
        return _evaluated(self.tree)


def parse_constraint(text: str, source: object) -> Constraint:
    """``text`` as a constraint. Raises ConfigError for everything but comparisons of arithmetic."""
    if len(text) > LONGEST:
        raise ConfigError(source, "constraints", text, f"must have at most {LONGEST:,} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        _check(tree, 0)
    except (RecursionError, MemoryError):
        raise ConfigError(source, "constraints", text, SHALLOW) from None
    except (SyntaxError, ValueError) as error:
        deep = "nested" in str(error)  # Python's own words, and ours
        raise ConfigError(source, "constraints", text, SHALLOW if deep else ALLOWED) from None
    constraint = Constraint(text, tree)
    if not constraint.names:
        raise ConfigError(source, "constraints", text, "must name a field: it is the same for every point")
    return constraint


def _check(node: ast.expr, depth: int) -> None:
    """Raise ValueError for a node that is not allowed."""
    if depth > DEEPEST:
        raise ValueError(SHALLOW)
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, _PLAIN) or (isinstance(node.value, float) and not math.isfinite(node.value)):
            raise ValueError
        if isinstance(node.value, int) and node.value >= 10**limits.INTEGER_DIGITS:
            raise ValueError
    elif isinstance(node, ast.Name | ast.Attribute):
        _dotted(node)
    else:
        _check_operators(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                _check(child, depth + 1)


def _check_operators(node: ast.expr) -> None:
    allowed = (
        (isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC)
        or (isinstance(node, ast.Compare) and all(type(op) in _COMPARISONS for op in node.ops))
        or isinstance(node, ast.BoolOp)
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not))
    )
    if not allowed:
        raise ValueError


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    raise ValueError


def _names(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Name | ast.Attribute):
        yield _dotted(node)
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield from _names(child)


def _evaluated(node: ast.expr) -> Evaluated:
    """The function of fields' values that ``node`` stands for: made once, since a sweep calls it a million times."""
    match node:
        case ast.Constant(value=value):
            return lambda values: value
        case ast.Name() | ast.Attribute():
            name = _dotted(node)
            return lambda values: values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(_ARITHMETIC[type(op)], _evaluated(left), _evaluated(right))
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _comparison([_COMPARISONS[type(op)] for op in ops], [_evaluated(part) for part in (left, *rights)])
        case ast.BoolOp(op=op, values=conditions):
            tests = [_evaluated(condition) for condition in conditions]
            if isinstance(op, ast.And):
                return lambda values: all(test(values) for test in tests)
            return lambda values: any(test(values) for test in tests)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            test = _evaluated(operand)
            return lambda values: not test(values)
        case ast.UnaryOp(operand=operand):
            number = _evaluated(operand)
            return lambda values: -_number(number(values))
    raise TypeError(type(node).__name__)


def _arithmetic(operation: Callable[[Any, Any], Any], left: Evaluated, right: Evaluated) -> Evaluated:
    return lambda values: operation(_number(left(values)), _number(right(values)))


def _comparison(operations: list[Callable[[Any, Any], bool]], parts: list[Evaluated]) -> Evaluated:
    if len(operations) == 1:
        compare, (first, second) = operations[0], parts
        return lambda values: compare(first(values), second(values))

    def holds(values: Mapping[str, Any]) -> bool:
        numbers = [part(values) for part in parts]
        return all(test(a, b) for test, a, b in zip(operations, numbers, numbers[1:], strict=False))

    return holds


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return value
