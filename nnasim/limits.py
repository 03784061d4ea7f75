"""Limits that several rooms share: how far figures may go, and how long a stored value may be."""

from __future__ import annotations

LARGEST_FIGURE = 1e100
"""Of a stored figure or an objective: its square, and sums of a million of them, are still numbers."""
LONGEST_STORED_VALUE = 16_000_000
"""Bytes of one value in a store."""
