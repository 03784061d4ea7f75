"""A node's attributes, as kernels read them."""

from __future__ import annotations

from collections.abc import Mapping

from workloads.stepgraph.graph import Attribute

Attributes = Mapping[str, Attribute]


def integer(attributes: Attributes, name: str) -> int:
    """One integer."""
    return attributes[name]  # type: ignore[return-value]


def integers(attributes: Attributes, name: str) -> tuple[int, ...]:
    """A tuple of integers."""
    return attributes[name]  # type: ignore[return-value]


def number(attributes: Attributes, name: str) -> float:
    """A Python float, beside which float32 stays float32."""
    return float(attributes[name])  # type: ignore[arg-type]
