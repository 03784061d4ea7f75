"""Constraints between axes: comparisons of arithmetic over field names. Parsed to a tree and walked, never executed.

``mac_array.macs_per_cycle * clock_hz <= 1e12`` keeps the points for which it holds.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nnasim.errors import ConfigError

LONGEST = 500
DEEPEST = 40
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
            return bool(_value(self.tree, values))
        except (ArithmeticError, TypeError):
            return False


def parse_constraint(text: str, source: object) -> Constraint:
    """``text`` as a constraint. ConfigError for everything but comparisons of arithmetic."""
    if len(text) > LONGEST:
        raise ConfigError(source, "constraints", text, f"at most {LONGEST} characters are allowed")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        _check(tree, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ConfigError(source, "constraints", text, ALLOWED) from None
    return Constraint(text, tree)


def _check(node: ast.expr, depth: int) -> None:
    """ValueError for a node that is not allowed."""
    if depth > DEEPEST:
        raise ValueError
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, _PLAIN) or (isinstance(node.value, float) and not math.isfinite(node.value)):
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


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name() | ast.Attribute():
            return values[_dotted(node)]
        case ast.BinOp(left=left, op=op, right=right):
            return _ARITHMETIC[type(op)](_number(_value(left, values)), _number(_value(right, values)))
        case ast.Compare(left=left, ops=ops, comparators=rights):
            return _compare(_value(left, values), ops, [_value(right, values) for right in rights])
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, values) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_value(part, values) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, values)
        case ast.UnaryOp(operand=operand):
            return -_number(_value(operand, values))
    raise TypeError(type(node).__name__)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return value


def _compare(left: Any, ops: list[ast.cmpop], rights: list[Any]) -> bool:
    for op, right in zip(ops, rights, strict=True):
        if not _COMPARISONS[type(op)](left, right):
            return False
        left = right
    return True
