"""The base of every section of a preset."""

from __future__ import annotations

from nnasim.records import Record


class Section(Record):
    """A frozen part of a chip's description; it changes with its chip, through ``NnaConfig.with_``."""
