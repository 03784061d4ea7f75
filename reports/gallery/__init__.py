"""The figures that people want to show, each with the commands that draw it: ``python -m reports.gallery FOLDER``."""

from pathlib import Path


def measured_part() -> Path:
    """A quarter of the table that was measured on NVDLA's Verilog (``nv_small``), every fourth row."""
    return Path(__file__).with_name("nvdla_small_part.csv")
