"""How much of anything is read, and how far numbers may go: every limit that a file of a stranger meets.

One table: a test holds the manual's to it. What stands here is refused before it is parsed, decoded or allocated.
"""

from __future__ import annotations

LARGEST_FIGURE = 1e100
"""Of a stored figure or an objective: its square, and sums of a million of them, are still numbers."""
LONGEST_STORED_VALUE = 16_000_000
"""Bytes of one value in a store."""
