"""The `energy` and `area` sections: the energy of each action and the area of each part, at one technology node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, model_validator

from nnasim.errors import ConfigError
from nnasim.hardware.memory import DramKind
from nnasim.hardware.section import Section
from nnasim.records import Integer, Number, Range


class DramEnergyConfig(Section):
    """pJ per byte from each kind of memory, interface included, as (low, nominal, high). The chip's kind needs one."""

    ddr3: Range | None = None
    ddr4: Range | None = None
    lpddr4: Range | None = None
    lpddr5: Range | None = None
    hbm2: Range | None = None
    flash: Range | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_kind(cls, rows: Any) -> Any:
        if isinstance(rows, list | tuple):
            raise ValueError("must have a row for each kind of memory, as dram_pj_per_byte.lpddr4")
        return rows

    def of(self, kind: DramKind) -> Range | None:
        """The row of one kind of memory; None if it has none."""
        row: Range | None = getattr(self, kind)
        return row


class EnergyConfig(Section):
    """Energy per action and leakage per part as (low, nominal, high); the spread is carried into the totals.

    SRAM: a byte through an 8-byte port of a bank of ``sram_bank_bytes`` takes ``sram_bank_pj_per_byte``; other banks
    follow the power law of ``sram_bank_exponent``, and other ports ``sram_fixed_share``. ``sram_route_pj_per_byte`` is
    the energy of the way across 1 MB of banks.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {
        "sram_pj_per_byte": "sram_bank_pj_per_byte, of a bank of sram_bank_bytes: it grows with size",
        "leakage_mw": "sram_leakage_uw_per_kb, mac_leakage_uw and rest_leakage_mw: leakage grows with size",
    }
    OF_NODE: ClassVar[tuple[str, ...]] = (
        "mac_int8_pj", "sram_bank_pj_per_byte", "sram_route_pj_per_byte", "element_pj", "sram_leakage_uw_per_kb",
        "mac_leakage_uw", "rest_leakage_mw",
    )  # fmt: skip

    node_nm: Number = Field(ge=0.1, le=1e4, description="technology node of the table")
    mac_int8_pj: Range
    sram_bank_pj_per_byte: Range = Field(description="one byte of a bank of sram_bank_bytes, through an 8-byte port")
    sram_bank_bytes: Integer = Field(gt=0, le=2**36, description="capacity of that bank")
    sram_bank_exponent: Number = Field(
        ge=0, le=1, description="exponent with which the energy grows with a bank's capacity"
    )
    sram_fixed_share: Number = Field(
        ge=0, le=1, description="share of an 8-byte access's energy that is the same for any width"
    )
    sram_route_pj_per_byte: Range = Field(
        description="one byte across 1 MB of banks; grows with the square root of the capacity"
    )
    sram_bank_overhead_bytes: Integer = Field(
        ge=0, le=2**20, description="bytes of cells that leak as much as the circuits of one bank's 8-byte port"
    )
    dram_pj_per_byte: DramEnergyConfig
    element_pj: Range = Field(description="one element through the activation unit, table look-up included")
    cpu_mw: Range = Field(description="power of the CPU while it works")
    sram_leakage_uw_per_kb: Range = Field(description="leakage of 1024 bytes of SRAM, all the time")
    mac_leakage_uw: Range = Field(description="leakage of one 8-bit multiply-accumulate, all the time")
    rest_leakage_mw: Range = Field(description="leakage of the rest of the NNA, all the time")

    @model_validator(mode="after")
    def _ascending(self) -> EnergyConfig:
        refuse_descending({name: getattr(self, name) for name in sorted(type(self).model_fields)})
        refuse_descending({f"dram_pj_per_byte.{kind}": row for kind, row in self.dram_pj_per_byte})
        return self


class AreaConfig(Section):
    """Silicon area per part as (low, nominal, high)."""

    OF_NODE: ClassVar[tuple[str, ...]] = ("mac_int8_um2", "sram_um2_per_byte")

    node_nm: Number = Field(ge=0.1, le=1e4, description="technology node of the table")
    mac_int8_um2: Range
    sram_um2_per_byte: Range

    @model_validator(mode="after")
    def _ascending(self) -> AreaConfig:
        refuse_descending({name: getattr(self, name) for name in sorted(type(self).model_fields)})
        return self


def refuse_descending(values: Mapping[str, object]) -> None:
    """Raise ValueError for a range that is not [low, nominal, high], ascending from 0; other values are ignored."""
    for name, value in values.items():
        if isinstance(value, tuple) and not 0 <= value[0] <= value[1] <= value[2]:
            raise ValueError(f"{name}: {list(value)} must be [low, nominal, high], ascending, from 0")


TABLES: dict[str, type[EnergyConfig] | type[AreaConfig]] = {"energy": EnergyConfig, "area": AreaConfig}


def refuse_mixed_nodes(chip: Mapping[str, Any], change: Mapping[str, Any], source: object) -> None:
    """Refuse a ``change`` that gives a table of ``chip`` another node without the figures of that node.

    Both are a chip's data, ``change`` only what it sets. Raises ConfigError.
    """
    for section, model in TABLES.items():
        table, given = chip.get(section), change.get(section)
        if not isinstance(table, Mapping) or not isinstance(given, Mapping) or "node_nm" not in given:
            continue
        missing = [name for name in model.OF_NODE if name not in given]
        if missing and given["node_nm"] != table.get("node_nm"):
            old, names = table.get("node_nm"), ", ".join(missing)
            why = f"the table is of {old} nm; give the figures of this node with it: {names}"
            raise ConfigError(source, f"{section}.node_nm", given["node_nm"], why)
