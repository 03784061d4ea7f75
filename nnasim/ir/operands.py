"""The operands of each kind of operation, in order: the one table behind ``Op.weight``, ``Op.bias`` and their like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

OpKind = Literal[
    "quantise",
    "matmul",
    "requantise",
    "add",
    "mul",
    "sigmoid",
    "tanh",
    "layer_norm",
    "embedding",
    "concat",
    "argmax",
    "table",
    "conv",
    "bmm",
    "softmax",
    "mean",
    "copy",
    "slice",
    "split",
    "host",
]
Role = Literal["weight", "bias", "table", "state", "input", "activation", "output"]
Constant = Literal["weight", "bias", "table", "gain"]

FIRST_KINDS: tuple[OpKind, ...] = OpKind.__args__[:11]  # type: ignore[attr-defined]
"""The kinds of version 1 of the trace, which are those of this package's own recogniser."""

ROLE_OF: dict[Constant, Role] = {"weight": "weight", "bias": "bias", "table": "table", "gain": "bias"}
FLOWING: tuple[Role, ...] = ("state", "input", "activation", "output")
LASTING: tuple[Role, ...] = ("state", "output")
"""The roles of tensors that are needed after their call has ended."""
PRODUCTS: frozenset[OpKind] = frozenset({"matmul", "conv", "bmm"})
"""The kinds of the MAC array: their outputs are accumulators."""
OWN_DEFINITION: frozenset[OpKind] = frozenset({"softmax", "layer_norm", "mean"})
"""The kinds whose integers are this package's own definition: no standard says which these are."""
WRITTEN: tuple[Role, ...] = ("state", "activation", "output")
"""The roles of tensors that an operation may write: neither constants nor inputs from the host."""


@dataclass(frozen=True, slots=True)
class Operands:
    """The operands of a kind: first ``data`` tensors that are computed (None: one or more), then at most one of each
    constant.

    ``constant``: must be given; ``optional``: may follow it. ``beside``: roles of constants that may be in place of
    computed tensors, as a bias that is an addend.
    """

    data: Literal[1, 2] | None
    constant: Constant | None = None
    optional: Constant | None = None
    beside: tuple[Role, ...] = ()

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The constants by position, those that may be missing last."""
        return tuple(name for name in (self.constant, self.optional) if name is not None)

    def places(self) -> Iterator[tuple[Constant, int]]:
        """Each constant with its position among an operation's inputs; none where what flows has no fixed number."""
        if self.data is not None:
            yield from ((name, self.data + index) for index, name in enumerate(self.constants))

    def complaint(self, roles: Sequence[Role]) -> str | None:
        """The fault of inputs of ``roles``, in words that follow the operation's kind; None if there is none."""
        data = len(roles) if self.data is None else self.data
        least = (self.data or 1) + (self.constant is not None)
        if not least <= len(roles) <= max(least, data + len(self.constants)):
            return f"must have the inputs {self}, and has {len(roles)}"
        for role in roles[:data]:
            if role not in (*FLOWING, *self.beside):
                return f"must have the inputs {self}: what flows is no {role}"
        if not any(role in FLOWING for role in roles[:data]):
            return f"must have the inputs {self}: of constants alone it is a constant"
        for name, role in zip(self.constants, roles[data:], strict=False):
            if role != ROLE_OF[name]:
                return f"must have the inputs {self}: its {name} must have the role {ROLE_OF[name]}, not {role}"
        return None

    def __str__(self) -> str:
        data = {None: "x, ...", 1: "x", 2: "a, b"}[self.data]
        constant = "" if self.constant is None else f", {self.constant}"
        return f"({data}{constant}{'' if self.optional is None else f'[, {self.optional}]'})"


OPERANDS: dict[OpKind, Operands] = {
    "quantise": Operands(1),
    "matmul": Operands(1, "weight", "bias"),
    "requantise": Operands(1),
    "add": Operands(2, beside=("bias",)),
    "mul": Operands(2, beside=("bias",)),
    "sigmoid": Operands(1, optional="table"),
    "tanh": Operands(1, optional="table"),
    "layer_norm": Operands(1, "gain", "bias"),
    "embedding": Operands(1, "weight"),
    "concat": Operands(None, beside=("bias",)),
    "argmax": Operands(1),
    "table": Operands(1, optional="table"),
    "conv": Operands(1, "weight", "bias"),
    "bmm": Operands(2),
    "softmax": Operands(1, optional="table"),
    "mean": Operands(1),
    "copy": Operands(1),
    "slice": Operands(1),
    "split": Operands(1),
    "host": Operands(None, beside=("weight", "bias", "table")),
}

# Worked out once: the compiler asks for operands at every tile.
PLACES: dict[tuple[OpKind, Constant], int] = {
    (kind, name): place for kind, operands in OPERANDS.items() for name, place in operands.places()
}
