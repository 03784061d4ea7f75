"""Hostile inputs that could cost much, by the kind of file."""

from benchmarks.costly import arrays, models, records, speech, stores, tables

ATTACKS = (
    *arrays.ATTACKS, *records.ATTACKS, *stores.ATTACKS, *models.ATTACKS, *tables.ATTACKS, *speech.ATTACKS,
)  # fmt: skip
