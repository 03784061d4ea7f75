"""ONNX's Einsum, as sums, transposes and one product of matrices for each further operand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod

from workloads.stepgraph.concrete.call import RawCall, Rule
from workloads.stepgraph.concrete.value import Value
from workloads.stepgraph.concrete.writing import Writer
from workloads.stepgraph.refusals import CannotEnterError

_EQUATION = re.compile(r"[A-Za-z]*(,[A-Za-z]*)*(->[A-Za-z]*)?")


def einsum(write: Writer, call: RawCall) -> Value:
    """The product of the operands from left to right; an axis is summed once no later operand reads it."""
    equation, values = call.text("equation").replace(" ", ""), call.present
    terms, output = _parsed(equation)
    if len(terms) != len(values) or any(len(term) != value.rank for term, value in zip(terms, values, strict=True)):
        raise CannotEnterError(f"has an equation {equation!r} that does not fit its operands")
    if any(len(set(term)) != len(term) for term in [*terms, output]) or not set(output) <= set("".join(terms)):
        raise CannotEnterError(f"has an equation {equation!r} that takes a diagonal, which the vocabulary does not")
    sizes = _sizes(terms, values)
    term, value = _summed(write, terms[0], values[0], set(output).union(*terms[1:]))
    for place, (other, right) in enumerate(zip(terms[1:], values[1:], strict=True), start=1):
        read = set(output).union(*terms[place + 1 :])
        other, right = _summed(write, other, right, read | set(term))
        term, value = _product(write, (term, value), (other, right), read, sizes)
    term, value = _summed(write, term, value, set(output))
    return write.transpose(value, [term.index(letter) for letter in output])


def _parsed(equation: str) -> tuple[list[str], str]:
    """The letters of each operand, and those of the result: without an arrow, all that occur once, alphabetically."""
    if not _EQUATION.fullmatch(equation):
        raise CannotEnterError(f"has an equation {equation!r}, which is not of letters alone")
    left, arrow, right = equation.partition("->")
    counts = Counter(left.replace(",", ""))
    return left.split(","), right if arrow else "".join(sorted(letter for letter, n in counts.items() if n == 1))


def _sizes(terms: Sequence[str], values: Sequence[Value]) -> dict[str, int]:
    sizes = dict[str, int]()
    for term, value in zip(terms, values, strict=True):
        for letter, size in zip(term, value.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise CannotEnterError(f"gives the axis {letter} the sizes {sizes[letter]} and {size}")
    return sizes


def _summed(write: Writer, term: str, value: Value, read: set[str]) -> tuple[str, Value]:
    """``value`` summed over the axes that are not in ``read``."""
    gone = [axis for axis, letter in enumerate(term) if letter not in read]
    if not gone:
        return term, value
    value = write("ReduceSum", value, write.integers(gone, "axes"), keepdims=0)
    return "".join(letter for letter in term if letter in read), value


def _product(
    write: Writer, left: tuple[str, Value], right: tuple[str, Value], read: set[str], sizes: Mapping[str, int]
) -> tuple[str, Value]:
    """(batch, rows, sum) times (batch, sum, columns): batch letters are read later, those of the sum are not."""
    (a, x), (b, y) = left, right
    batch = [letter for letter in a if letter in b and letter in read]
    inner = [letter for letter in a if letter in b and letter not in read]
    rows, columns = ([letter for letter in term if letter not in other] for term, other in ((a, b), (b, a)))

    def arranged(term: str, value: Value, *groups: Sequence[str]) -> Value:
        turned = write.transpose(value, [term.index(letter) for group in groups for letter in group])
        return write.reshape(turned, [prod(sizes[letter] for letter in group) for group in groups])

    product = write("MatMul", arranged(a, x, batch, rows, inner), arranged(b, y, batch, inner, columns))
    letters = [*batch, *rows, *columns]
    return "".join(letters), write.reshape(product, [sizes[letter] for letter in letters])


RULES: Mapping[str, Rule] = {"Einsum": einsum}
